/** @file PaddleSeg's `Activation`: a layer that holds another, chosen by name. */

import type { Tensor } from "../../engine/tensor.ts";
import { ownValue } from "../../nn/args.ts";
import * as F from "../../nn/functional.ts";
import { Lambda, Layer } from "../../nn/layer.ts";
import { GELU, Identity, PReLU, ReLU, Sigmoid, Softmax } from "../../nn/layers.ts";

const makers: Readonly<Record<string, () => Layer>> = {
  relu: () => new ReLU(),
  relu6: () => new Lambda(F.relu6),
  leakyrelu: () => new Lambda(F.leakyRelu),
  prelu: () => new PReLU(),
  gelu: () => new GELU(),
  elu: () => new Lambda(F.elu),
  sigmoid: () => new Sigmoid(),
  softmax: () => new Softmax(),
  tanh: () => new Lambda(F.tanh),
  silu: () => new Lambda(F.silu),
  swish: () => new Lambda(F.swish),
  hardswish: () => new Lambda(F.hardswish),
  hardsigmoid: () => new Lambda(F.hardsigmoid),
  softplus: () => new Lambda(F.softplus),
  identity: () => new Identity(),
};

/** `layers.Activation(name)`. Throws a TypeError on a name that is not modelled. */
export class Activation extends Layer {
  readonly act_func: Layer;

  constructor(name: string) {
    super();
    const make = ownValue(makers, name);
    if (make === undefined) throw new TypeError(`activation ${name} is not modelled (src/models/blocks/activation.ts)`);
    this.act_func = make();
  }

  forward(_f: object, x: Tensor): Tensor {
    return this.act_func.call(x);
  }
}
