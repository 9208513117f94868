/** @file OhemCrossEntropyLoss (`paddleseg/models/losses/ohem_cross_entropy_loss.py`): its temporaries set PP-LiteSeg's peak. */
import { drop } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import * as t from "../nn/tensor.ts";
import { numel } from "../ops/types.ts";
import { classWeights, Loss } from "./loss.ts";
import { type OhemLocals, selectHardest } from "./ohem.ts";

interface Locals extends OhemLocals {
  num_valid: Tensor;
  loss: Tensor;
  avg_loss: Tensor;
}

/** What OhemCrossEntropyLoss is told, however it is formed. */
export abstract class OhemOptions extends Loss {
  protected readonly minKept: number;
  protected readonly weight: Tensor | undefined;

  constructor(args: Args) {
    super();
    args.ignore("thresh", "ignore_index");
    this.minKept = args.int("min_kept", 10000);
    this.weight = classWeights(args);
    args.finish();
  }
}

/**
 * Hard pixels are chosen by sorting all probabilities when `min_kept` is less than the valid pixels. How many pixels are
 * valid depends on the labels; the worst case is taken: all of them, so the sort happens if `min_kept` < N·H·W.
 */
export class OhemCrossEntropyLoss extends OhemOptions {
  readonly type = "OhemCrossEntropyLoss";

  forward(f: Locals, logit: Tensor, label: Tensor): Tensor {
    f.label = label.shape.length === logit.shape.length ? label : t.unsqueeze(label, 1);
    const [n, c, h, w] = [logit.dim(0), logit.dim(1), logit.dim(2), logit.dim(3)];
    f.label = t.cast(t.reshape(f.label, [-1]), "int64");
    f.valid_mask = t.cast(t.notEqual(f.label, 255), "int64");
    f.num_valid = t.sum(f.valid_mask);
    f.label = t.multiply(f.label, f.valid_mask);
    f.prob = F.softmax(logit);
    f.prob = t.reshape(t.transpose(f.prob, [1, 0, 2, 3]), [c, -1]);
    drop(t.greaterThan(f.num_valid, this.minKept));
    if (this.minKept < numel(f.label.shape)) {
      drop(t.greaterThan(f.num_valid, 0));
      selectHardest(f, c, this.minKept);
    }
    f.label = t.add(f.label, t.scale(t.rsub(1, f.valid_mask)));
    f.label = t.reshape(f.label, [n, 1, h, w]);
    f.valid_mask = t.cast(t.reshape(f.valid_mask, [n, 1, h, w]), "float32");
    f.loss = F.crossEntropy(logit, f.label, { weight: this.weight, axis: 1, reduction: "none" });
    f.loss = t.multiply(f.loss, f.valid_mask);
    const mean = t.mean(f.loss);
    f.avg_loss = t.divide(mean, t.scale(t.mean(f.valid_mask)));
    return f.avg_loss;
  }
}
