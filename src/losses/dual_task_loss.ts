/** @file DualTaskLoss (`paddleseg/models/losses/gscnn_dual_task_loss.py`): edges of a soft prediction against the labels' edges. */
import { assume } from "../engine/engine.ts";
import { scope } from "../engine/frame.ts";
import { drop } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import * as t from "../nn/tensor.ts";
import { phrase } from "../words/phrase.ts";
import { Loss } from "./loss.ts";

interface Locals {
  logit: Tensor;
  labels: Tensor;
  mask: Tensor;
  g: Tensor;
  g_hat: Tensor;
  loss: Tensor;
  g_mask: Tensor;
  g_mask_sum: Tensor;
  loss_g: Tensor;
  g_hat_mask: Tensor;
  g_hat_mask_sum: Tensor;
  loss_g_hat: Tensor;
  total_loss: Tensor;
}

/** Half-width of the triangle filter (`conv_tri(x, r=4)`). */
const radius = 4;

/** Logits [N, C, H, W]. Worst case, and what any image with an edge gives: both edge maps have pixels, so both sums are divided. */
export class DualTaskLoss extends Loss {
  readonly type = "DualTaskLoss";

  constructor(args: Args) {
    super();
    args.ignore("ignore_index", "tau");
    args.finish();
  }

  forward(f: Locals, logit: Tensor, labels: Tensor): Tensor {
    assume(phrase("loss-dual-task", {}));
    f.labels = labels.shape.length === 3 ? t.unsqueeze(labels, 1) : labels;
    f.mask = t.notEqual(f.labels, 255);
    f.logit = t.multiply(logit, t.cast(f.mask, logit.dtype));
    f.labels = t.multiply(f.labels, t.cast(f.mask, f.labels.dtype));
    if (f.labels.shape.length === 4) f.labels = t.squeeze(f.labels, 1);
    f.labels = t.transpose(t.oneHot(f.labels, logit.dim(1)), [0, 3, 1, 2]);
    f.g = gumbelSoftmax(f.logit);
    f.g = gradientMagnitude(f.g);
    f.g_hat = gradientMagnitude(f.labels);
    f.loss = t.abs(t.subtract(f.g, f.g_hat));
    f.loss = t.multiply(f.loss, t.cast(f.mask, f.loss.dtype));
    f.g_mask = t.cast(t.greaterThan(f.g, 0), "float32");
    f.g_mask_sum = t.sum(f.g_mask);
    f.loss_g = t.sum(t.multiply(f.loss, f.g_mask));
    drop(t.greaterThan(f.g_mask_sum, 0));
    f.loss_g = t.divide(f.loss_g, f.g_mask_sum);
    f.g_hat_mask = t.cast(t.greaterThan(f.g_hat, 0), "float32");
    f.g_hat_mask_sum = t.sum(f.g_hat_mask);
    f.loss_g_hat = t.sum(t.multiply(f.loss, f.g_hat_mask));
    drop(t.greaterThan(f.g_hat_mask_sum, 0));
    f.loss_g_hat = t.divide(f.loss_g_hat, f.g_hat_mask_sum);
    const half = t.scale(f.loss_g);
    f.total_loss = t.add(half, t.scale(f.loss_g_hat));
    return f.total_loss;
  }
}

/** `_gumbel_softmax_sample`. */
function gumbelSoftmax(logit: Tensor): Tensor {
  return scope({ logit }, (f: { logit: Tensor; gumbel_noise: Tensor }) => {
    f.gumbel_noise = t.uniform(f.logit.shape);
    f.gumbel_noise = t.scale(t.log(t.scale(t.log(t.scale(f.gumbel_noise)))));
    f.logit = t.add(f.logit, f.gumbel_noise);
    return F.softmax(t.scale(f.logit));
  });
}

interface MagnitudeLocals {
  x: Tensor;
  kernel: Tensor;
  kernel_x: Tensor;
  grad_x: Tensor;
  kernel_y: Tensor;
  grad_y: Tensor;
  mag: Tensor;
}

/** A row of whole numbers put on the card, as float32, scaled. */
function row(f: { kernel: Tensor }, length: number): void {
  f.kernel = t.cast(t.toTensor([1, length], "int64"), "float32");
  f.kernel = t.scale(f.kernel);
}

/** One kernel for each of `channels`: [C, 1, …]. */
function repeated(kernel: Tensor, channels: number): Tensor {
  const one = t.unsqueeze(kernel, [0, 1]);
  return t.concat(new Array<Tensor>(channels).fill(one), 0);
}

/** `compute_grad_mag`. */
function gradientMagnitude(x: Tensor): Tensor {
  return scope({ x }, (f: MagnitudeLocals) => {
    const channels = f.x.dim(1);
    f.x = triangleFiltered(f.x);
    row(f, 3);
    f.kernel_x = repeated(f.kernel, channels);
    f.grad_x = F.conv2d(f.x, f.kernel_x, undefined, { padding: "SAME", groups: channels });
    f.kernel_y = repeated(t.transpose(f.kernel, [1, 0]), channels);
    f.grad_y = F.conv2d(f.x, f.kernel_y, undefined, { padding: "SAME", groups: channels });
    const squared = t.multiply(f.grad_x, f.grad_x);
    f.mag = t.sqrt(t.scale(t.add(squared, t.multiply(f.grad_y, f.grad_y))));
    return t.divide(f.mag, t.max(f.mag));
  });
}

interface TriangleLocals {
  input: Tensor;
  kernel: Tensor;
  input_: Tensor | readonly Tensor[];
  tem: Tensor;
  kernel_x: Tensor;
  output: Tensor;
  kernel_y: Tensor;
}

/** `conv_tri`: rows, then columns, with replicated and reflected borders. */
function triangleFiltered(input: Tensor): Tensor {
  return scope({ input }, (f: TriangleLocals) => {
    row(f, 2 * radius + 1);
    const wide = bordered(f, f.input, 3);
    f.tem = t.assign(wide);
    const padded = bordered(f, f.tem, 2, wide);
    const channels = f.input.dim(1);
    f.kernel_x = repeated(f.kernel, channels);
    f.output = F.conv2d(padded, f.kernel_x, undefined, { groups: channels });
    f.kernel_y = repeated(t.transpose(f.kernel, [1, 0]), channels);
    f.output = F.conv2d(f.output, f.kernel_y, undefined, { groups: channels });
    return f.output;
  });
}

/** `middle` with the ends of `padded` (the same map, padded) at both sides of `axis`; bound to `input_`. */
function bordered(f: TriangleLocals, middle: Tensor, axis: 2 | 3, source: Tensor = middle): Tensor {
  const pads = (n: number) => (axis === 3 ? ([n, n, 0, 0] as const) : ([0, 0, n, n] as const));
  const replicated = F.pad(source, pads(1));
  f.input_ = replicated;
  const reflected = F.pad(replicated, pads(radius));
  f.input_ = reflected;
  const size = reflected.dim(axis);
  const ends = [t.slice(reflected, axis, 0, radius), t.slice(reflected, axis, size - radius, size)] as const;
  const parts = [ends[0], middle, ends[1]];
  f.input_ = parts;
  const joined = t.concat(parts, axis);
  f.input_ = joined;
  return joined;
}
