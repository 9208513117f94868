/** @file What transformers share (`backbones/transformer_utils.py`): stochastic depth, refilling, attention over images. */

import { scope } from "../../engine/frame.ts";
import { drop } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { type AnyLayer, Layer, refill } from "../../nn/layer.ts";
import { Conv2D, Identity, Linear } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";

/** `drop_path(x, drop_prob)` in training: a mask of one number an image, made and multiplied in Python. */
function dropPath(x: Tensor): Tensor {
  return scope({ x }, (f: { x: Tensor; keep_prob: Tensor; random_tensor: Tensor; output: Tensor }) => {
    f.keep_prob = t.toTensor([], f.x.dtype);
    const shape = [f.x.dim(0), ...f.x.shape.slice(1).map(() => 1)];
    f.random_tensor = t.add(f.keep_prob, t.cast(t.uniform(shape), f.x.dtype));
    f.random_tensor = t.floor(f.random_tensor);
    const divided = t.divide(f.x, f.keep_prob);
    f.output = t.multiply(divided, f.random_tensor);
    return f.output;
  });
}

/** Drops the path of a residual block for some images of the batch; with a rate of 0, or in evaluation, x itself. */
export class DropPath extends Layer {
  private readonly rate: number;

  constructor(rate: number) {
    super();
    this.rate = rate;
  }

  forward(_f: object, x: Tensor): Tensor {
    return this.rate === 0 || !this.training ? x : dropPath(x);
  }
}

/** `DropPath(rate) if rate > 0 else Identity()`. */
export function stochasticDepth(rate: number): Layer {
  return rate > 0 ? new DropPath(rate) : new Identity();
}

/** `count` rates from 0 to `last`, evenly. */
export function depthRates(last: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => (count === 1 ? 0 : (last * i) / (count - 1)));
}

/** The rates as `paddle.linspace` works them out on the card: a float32 for each block, freed when they are read. */
export function depthRatesOnCard(last: number, count: number): number[] {
  drop(t.toTensor([count], "float32"));
  return depthRates(last, count);
}

/** `layer.apply(init)`: children first. */
export function* postOrder(root: AnyLayer): Iterable<AnyLayer> {
  for (const [, child] of root.children()) yield* postOrder(child);
  yield root;
}

/** Fills linear layers again (truncated normal) and convolutions (normal), children first; biases and norms in place. */
export function refillAll(root: AnyLayer): void {
  for (const layer of postOrder(root)) {
    if (layer instanceof Linear) refill(layer.weight, "truncated_gaussian_random");
    else if (layer instanceof Conv2D) refill(layer.weight, "gaussian");
  }
}

/** Fills linear layers again, children first (`transformer_utils.init_weights`). */
export function refillLinear(root: AnyLayer): void {
  for (const layer of postOrder(root)) {
    if (layer instanceof Linear) refill(layer.weight, "truncated_gaussian_random");
  }
}
