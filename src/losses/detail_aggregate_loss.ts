/** @file DetailAggregateLoss (`paddleseg/models/losses/detail_aggregate_loss.py`): edges of the labels at four scales. */
import { scope } from "../engine/frame.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Parameter } from "../nn/layer.ts";
import * as t from "../nn/tensor.ts";
import { constant, Loss } from "./loss.ts";

interface Locals {
  logits: Tensor;
  boundary_targets: Tensor;
  x2: Tensor;
  x4: Tensor;
  x8: Tensor;
  x8_up: Tensor;
  x4_up: Tensor;
  x2_up: Tensor;
  pyramids: Tensor;
  pyramid: Tensor;
  bce_loss: Tensor;
  dice_loss: Tensor;
  detail_loss: Tensor;
}

/** What DetailAggregateLoss has, however it is formed. */
export abstract class DetailKernels extends Loss {
  protected readonly laplacian: Tensor;
  protected readonly fuse: Parameter;

  constructor(args: Args) {
    super();
    args.ignore("ignore_index");
    this.laplacian = constant([1, 1, 3, 3]);
    this.fuse = new Parameter([1, 3, 1, 1], { initializer: "uniform" });
    args.finish();
  }

  /** The labels' Laplacian. */
  protected edges(label: Tensor, stride: number): Tensor {
    return F.conv2d(t.cast(t.unsqueeze(label, 1), "float32"), this.laplacian, undefined, { stride, padding: 1 });
  }
}

/** Detail logits [N, 1, h, w]. The kernel that fuses the edges is a parameter that never gets a gradient. */
export class DetailAggregateLoss extends DetailKernels {
  readonly type = "DetailAggregateLoss";

  forward(f: Locals, logits: Tensor, label: Tensor): Tensor {
    f.boundary_targets = this.edges(label, 1);
    f.boundary_targets = t.clip(f.boundary_targets);
    f.boundary_targets = t.greaterThan(f.boundary_targets, 0.1);
    f.boundary_targets = t.cast(f.boundary_targets, "float32");
    for (const [name, stride] of [
      ["x2", 2],
      ["x4", 4],
      ["x8", 8],
    ] as const) {
      f[name] = this.edges(label, stride);
      f[name] = t.clip(f[name]);
    }
    const size = f.boundary_targets.hw;
    f.x8_up = F.interpolate(f.x8, size);
    f.x4_up = F.interpolate(f.x4, size);
    f.x2_up = F.interpolate(f.x2, size);
    for (const name of ["x2_up", "x4_up", "x8_up"] as const) {
      f[name] = t.greaterThan(f[name], 0.1);
      f[name] = t.cast(f[name], "float32");
    }
    f.pyramids = t.stack([f.boundary_targets, f.x2_up, f.x4_up], 1);
    f.pyramids = t.squeeze(f.pyramids, 2);
    f.pyramid = F.conv2d(f.pyramids, this.fuse, undefined);
    f.pyramid = t.greaterThan(f.pyramid, 0.1);
    f.pyramid = t.cast(f.pyramid, "float32");
    f.logits = logits;
    if (logits.dim(-1) !== size[1]) f.logits = F.interpolate(f.logits, size, { mode: "bilinear" });
    f.bce_loss = F.bceWithLogits(f.logits, f.pyramid);
    f.dice_loss = dice(F.sigmoid(f.logits), f.pyramid);
    f.detail_loss = t.add(f.bce_loss, f.dice_loss);
    return f.detail_loss;
  }
}

interface DiceLocals {
  input: Tensor;
  target: Tensor;
  iflat: Tensor;
  tflat: Tensor;
  intersection: Tensor;
  loss: Tensor;
}

/** `fixed_dice_loss_func`. */
function dice(input: Tensor, target: Tensor): Tensor {
  return scope({ input, target }, (f: DiceLocals) => {
    f.iflat = t.reshape(f.input, [f.input.dim(0), -1]);
    f.tflat = t.reshape(f.target, [f.input.dim(0), -1]);
    f.intersection = t.sum(t.multiply(f.iflat, f.tflat), 1);
    const above = t.scale(t.scale(f.intersection));
    const left = t.sum(f.iflat, 1);
    f.loss = t.rsub(1, t.divide(above, t.scale(t.add(left, t.sum(f.tflat, 1)))));
    return t.mean(f.loss);
  });
}
