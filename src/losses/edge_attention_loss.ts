/** @file EdgeAttentionLoss (`paddleseg/models/losses/edge_attention_loss.py`): cross entropy where the edge map is high. */
import { assume } from "../engine/engine.ts";
import { drop } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import * as t from "../nn/tensor.ts";
import { phrase } from "../words/phrase.ts";
import { Loss } from "./loss.ts";

interface Locals {
  seg_logit: Tensor;
  edge_logit: Tensor;
  label: Tensor;
  filler: Tensor;
  loss: Tensor;
  mask: Tensor;
  avg_loss: Tensor;
}

/**
 * Takes (logits [N, C, H, W], edges [N, 1, H, W]). It keeps the least mean of its mask: worst case, and what real labels give,
 * each mask is sparser than those before, so a scalar of it stays. (Measurements without values keep none: 256 bytes less.)
 */
export class EdgeAttentionLoss extends Loss<Tensor, readonly Tensor[]> {
  readonly type = "EdgeAttentionLoss";
  override readonly takes = 2;
  private meanMask: Tensor | undefined;

  constructor(args: Args) {
    super();
    args.ignore("edge_threshold", "ignore_index");
    args.finish();
  }

  forward(f: Locals, logits: readonly Tensor[], label: Tensor): Tensor {
    assume(phrase("loss-edge-attention", {}));
    f.seg_logit = logits[0]!;
    f.edge_logit = logits[1]!;
    f.label = label.shape.length === f.seg_logit.shape.length ? label : t.unsqueeze(label, 1);
    f.filler = t.scale(t.fullLike(f.label));
    f.label = t.where(t.greaterThan(f.edge_logit, 0.5), f.label, f.filler);
    f.seg_logit = t.transpose(f.seg_logit, [0, 2, 3, 1]);
    f.label = t.transpose(f.label, [0, 2, 3, 1]);
    f.loss = F.softmaxWithCrossEntropy(f.seg_logit, f.label);
    f.mask = t.notEqual(f.label, 255);
    f.mask = t.cast(f.mask, "float32");
    f.loss = t.multiply(f.loss, f.mask);
    const mean = t.mean(f.loss);
    f.avg_loss = t.divide(mean, t.scale(t.mean(f.mask)));
    drop(t.lessThan(t.mean(f.mask), this.meanMask ?? 1));
    this.keep(t.mean(f.mask));
    return f.avg_loss;
  }

  /** An attribute of the loss: the old value goes after the new one is there. */
  private keep(mean: Tensor): void {
    const old = this.meanMask;
    mean.references++;
    this.meanMask = mean;
    if (old === undefined) return;
    old.references--;
    drop(old);
  }
}
