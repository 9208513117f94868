/** @file PaddleSeg's layers that wrap one function (`paddleseg/models/layers/wrap_functions.py`). */
import type { Tensor } from "../../engine/tensor.ts";
import { Layer } from "../../nn/layer.ts";
import * as t from "../../nn/tensor.ts";

/** `layers.Add`. */
export class Add extends Layer<readonly [Tensor, Tensor]> {
  forward(_f: object, x: Tensor, y: Tensor): Tensor {
    return t.add(x, y);
  }
}
