/** @file CrossEntropyLoss (`paddleseg/models/losses/cross_entropy_loss.py`), with class weights and with top-k pixels. */
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
  label: Tensor;
  loss: Tensor;
  mask: Tensor;
  one_hot: Tensor;
  coef: Tensor;
  indices: Tensor;
  avg_loss: Tensor;
}

/** What CrossEntropyLoss is told, however it is formed. */
export abstract class CrossEntropyOptions extends Loss {
  protected readonly weight: Tensor | undefined;
  protected readonly topK: number;
  protected readonly averageValid: boolean;
  protected readonly channelsLast: boolean;

  constructor(args: Args) {
    super();
    args.ignore("ignore_index");
    this.weight = classWeights(args);
    this.topK = args.number("top_k_percent_pixels", 1);
    this.averageValid = args.boolean("avg_non_ignore", true);
    this.channelsLast = args.string("data_format", "NCHW", ["NCHW", "NHWC"]) === "NHWC";
    args.finish();
  }
}

export class CrossEntropyLoss extends CrossEntropyOptions {
  readonly type = "CrossEntropyLoss";

  forward(f: Locals, logit: Tensor, label: Tensor): Tensor {
    f.logit = this.channelsLast ? logit : t.transpose(logit, [0, 2, 3, 1]);
    f.label = t.cast(label, "int64");
    f.loss = F.crossEntropy(f.logit, f.label, { weight: this.weight, reduction: "none" });
    return this.average(f.loss, f.label, f.logit.dim(-1));
  }

  /** `_post_process_loss`: the mean over valid pixels, or over the hardest share of them. The caller still holds its own names. */
  private average(loss: Tensor, label: Tensor, classes: number): Tensor {
    return scope({ loss, label }, (f: Locals) => this.averaged(f, classes));
  }

  private averaged(f: Locals, classes: number): Tensor {
    f.mask = this.averageValid ? t.cast(t.notEqual(f.label, 255), "float32") : t.ones(f.label.shape);
    if (f.loss.shape.length > f.mask.shape.length) f.loss = t.squeeze(f.loss, -1);
    f.loss = t.multiply(f.loss, f.mask);
    if (this.averageValid && this.weight !== undefined) {
      f.one_hot = t.oneHot(t.multiply(f.label, t.cast(f.mask, f.label.dtype)), classes);
      f.coef = t.sum(t.multiply(f.one_hot, this.weight), -1);
    } else {
      f.coef = t.fullLike(f.label);
    }
    if (this.topK === 1) {
      const mean = t.mean(f.loss);
      f.avg_loss = t.divide(mean, t.scale(t.mean(t.multiply(f.mask, t.cast(f.coef, f.mask.dtype)))));
      return f.avg_loss;
    }
    return this.hardest(f);
  }

  private hardest(f: Locals): Tensor {
    f.loss = t.reshape(f.loss, [-1]);
    drop(t.multiply(t.numelOf(f.loss), this.topK));
    const [loss, indices] = t.topk(f.loss, Math.floor(this.topK * numel(f.loss.shape)));
    f.loss = loss;
    f.indices = indices;
    f.coef = t.reshape(f.coef, [-1]);
    f.coef = t.gather(f.coef, f.indices);
    f.coef = t.cast(f.coef, "float32");
    const mean = t.mean(f.loss);
    f.avg_loss = t.divide(mean, t.scale(t.mean(f.coef)));
    return f.avg_loss;
  }
}
