/** @file Warping a map along a flow that the network predicts (SFNet and DecoupledSegNet have the same function). */
import { current } from "../../engine/engine.ts";
import { scope } from "../../engine/frame.ts";
import { drop } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import * as t from "../../nn/tensor.ts";

interface Locals {
  input: Tensor;
  flow: Tensor;
  norm: Tensor;
  h_grid: Tensor;
  w_grid: Tensor;
  grid: Tensor;
  output: Tensor;
}

/** `paddle.linspace` with its count in host memory: worked out there and copied. */
function linspace(count: number): Tensor {
  return t.toTensor([count], "float32");
}

/** `input` sampled where `flow` [N, 2, H, W] points to; the flow is divided by the size, a tensor in host memory. */
export function flowWarp(input: Tensor, flow: Tensor, [h, w]: readonly [number, number]): Tensor {
  return scope({ input, flow }, (f: Locals) => {
    f.norm = current().hostTensor([1, 1, 1, 2], "int32");
    f.h_grid = t.reshape(linspace(h), [-1, 1]);
    f.h_grid = t.tile(f.h_grid, [w]);
    f.w_grid = t.reshape(linspace(w), [-1, 1]);
    f.w_grid = t.transpose(t.tile(f.w_grid, [h]), [1, 0]);
    f.grid = t.concat([t.unsqueeze(f.w_grid, 2), t.unsqueeze(f.h_grid, 2)], 2);
    // A result that PaddleSeg makes and does not use.
    drop(t.tile(t.unsqueeze(f.grid, 0), [f.input.dim(0), 1, 1, 1]));
    const divisor = current().hostTensor(f.norm.shape, f.flow.dtype);
    f.grid = t.add(f.grid, t.divide(t.transpose(f.flow, [0, 2, 3, 1]), divisor));
    f.output = F.gridSample(f.input, f.grid);
    return f.output;
  });
}
