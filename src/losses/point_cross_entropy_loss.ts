/** @file PointCrossEntropyLoss (`paddleseg/models/losses/point_cross_entropy_loss.py`): PointRend's loss on sampled points. */
import { scope } from "../engine/frame.ts";
import { drop } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import * as t from "../nn/tensor.ts";
import { numel } from "../ops/types.ts";
import { classWeights, Loss } from "./loss.ts";

interface Locals {
  logit: Tensor;
  points: Tensor;
  label: Tensor;
  loss: Tensor;
  mask: Tensor;
  one_hot: Tensor;
  one_hot_weight: Tensor;
  coef: Tensor;
  avg_loss: Tensor;
  indices: Tensor;
}

/** Takes (logits [N, C, P], points [N, P, 2]). */
export class PointCrossEntropyLoss extends Loss<Tensor, readonly Tensor[]> {
  readonly type = "PointCrossEntropyLoss";
  override readonly takes = 2;
  private readonly weight: Tensor | undefined;
  private readonly topK: number;

  constructor(args: Args) {
    super();
    args.ignore("ignore_index", "align_corners", "data_format");
    this.weight = classWeights(args);
    this.topK = args.number("top_k_percent_pixels", 1);
    args.finish();
  }

  forward(f: Locals, logits: readonly Tensor[], label: Tensor): Tensor {
    f.logit = logits[0]!;
    f.points = logits[1]!;
    f.label = t.unsqueeze(label, 1);
    f.label = sampled(t.cast(f.label, "float32"), f.points);
    f.label = t.cast(t.squeeze(f.label, 1), "int64");
    f.logit = t.transpose(f.logit, [0, 2, 1]);
    f.loss = F.crossEntropy(f.logit, f.label, { reduction: "none" });
    f.mask = t.notEqual(f.label, 255);
    f.mask = t.cast(f.mask, "float32");
    f.loss = t.multiply(f.loss, f.mask);
    if (this.weight !== undefined) {
      f.one_hot = t.oneHot(f.label, f.logit.dim(-1));
      f.one_hot_weight = t.multiply(f.one_hot, this.weight);
      f.loss = t.multiply(f.loss, t.argmax(f.one_hot_weight, -1));
      f.coef = t.sum(f.one_hot_weight, -1);
    } else {
      f.coef = t.fullLike(f.label);
    }
    if (this.topK === 1) {
      const mean = t.mean(f.loss);
      f.avg_loss = t.divide(mean, t.scale(t.mean(t.multiply(f.mask, t.cast(f.coef, f.mask.dtype)))));
      return f.avg_loss;
    }
    f.loss = t.reshape(f.loss, [-1]);
    drop(t.multiply(t.numelOf(f.loss), this.topK));
    const [loss, indices] = t.topk(f.loss, Math.floor(this.topK * numel(f.loss.shape)));
    f.loss = loss;
    f.indices = indices;
    f.coef = t.reshape(f.coef, [-1]);
    f.coef = t.gather(f.coef, f.indices);
    const mean = t.mean(f.loss);
    return t.divide(mean, t.scale(t.mean(f.coef)));
  }
}

/** `point_sample`: labels [N, 1, H, W] at points [N, P, 2] in 0 to 1, as [N, 1, P]. */
function sampled(input: Tensor, points: Tensor): Tensor {
  return scope({ input, points }, (f: { input: Tensor; points: Tensor; output: Tensor }) => {
    f.points = t.unsqueeze(f.points, 2);
    f.output = F.gridSample(f.input, t.scale(t.scale(f.points)));
    f.output = t.squeeze(f.output, 3);
    return f.output;
  });
}
