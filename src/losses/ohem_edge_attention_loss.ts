/** @file OhemEdgeAttentionLoss (`paddleseg/models/losses/ohem_edge_attention_loss.py`): hard pixels at high edges. */
import { drop } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import * as t from "../nn/tensor.ts";
import { numel } from "../ops/types.ts";
import { Loss } from "./loss.ts";
import { type OhemLocals, selectHardest } from "./ohem.ts";

interface Locals extends OhemLocals {
  seg_logit: Tensor;
  edge_logit: Tensor;
  filler: Tensor;
  num_valid: Tensor;
  loss: Tensor;
  avg_loss: Tensor;
}

/**
 * Takes (logits [N, C, H, W], edges [N, 1, H, W]). Worst case, as in OhemCrossEntropyLoss: all pixels are valid edges, so
 * probabilities are sorted if `min_kept` < N·H·W.
 */
export class OhemEdgeAttentionLoss extends Loss<Tensor, readonly Tensor[]> {
  readonly type = "OhemEdgeAttentionLoss";
  override readonly takes = 2;
  private readonly minKept: number;

  constructor(args: Args) {
    super();
    args.ignore("edge_threshold", "thresh", "ignore_index");
    this.minKept = args.int("min_kept", 5000);
    args.finish();
  }

  forward(f: Locals, logits: readonly Tensor[], label: Tensor): Tensor {
    f.seg_logit = logits[0]!;
    f.edge_logit = logits[1]!;
    f.label = label.shape.length === f.seg_logit.shape.length ? label : t.unsqueeze(label, 1);
    f.filler = t.scale(t.fullLike(f.label));
    f.label = t.where(t.greaterThan(f.edge_logit, 0.5), f.label, f.filler);
    const [n, c, h, w] = [f.seg_logit.dim(0), f.seg_logit.dim(1), f.seg_logit.dim(2), f.seg_logit.dim(3)];
    f.label = t.reshape(f.label, [-1]);
    f.valid_mask = t.cast(t.notEqual(f.label, 255), "int64");
    f.num_valid = t.sum(f.valid_mask);
    f.label = t.multiply(f.label, f.valid_mask);
    f.prob = F.softmax(f.seg_logit);
    f.prob = t.reshape(t.transpose(f.prob, [1, 0, 2, 3]), [c, -1]);
    drop(t.greaterThan(f.num_valid, this.minKept));
    if (this.minKept < numel(f.label.shape)) {
      drop(t.greaterThan(f.num_valid, 0));
      selectHardest(f, c, this.minKept);
    }
    f.label = t.add(f.label, t.scale(t.rsub(1, f.valid_mask)));
    f.label = t.reshape(f.label, [n, 1, h, w]);
    f.valid_mask = t.cast(t.reshape(f.valid_mask, [n, 1, h, w]), "float32");
    f.loss = F.softmaxWithCrossEntropy(f.seg_logit, f.label, 1);
    f.loss = t.multiply(f.loss, f.valid_mask);
    const mean = t.mean(f.loss);
    f.avg_loss = t.divide(mean, t.scale(t.mean(f.valid_mask)));
    return f.avg_loss;
  }
}
