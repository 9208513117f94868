/** @file SECrossEntropyLoss (`paddleseg/models/losses/semantic_encode_cross_entropy_loss.py`): which classes an image has. */
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import * as t from "../nn/tensor.ts";
import { Loss } from "./loss.ts";

interface Locals {
  logit: Tensor;
  se_label: Tensor;
  hist: Tensor;
  loss: Tensor;
}

/** Logits [N, C] or [N, C, 1, 1]. PaddleSeg's constructor takes and ignores any argument. */
export class SECrossEntropyLoss extends Loss {
  readonly type = "SECrossEntropyLoss";

  constructor(args: Args) {
    super();
    args.ignoreRest();
  }

  forward(f: Locals, logit: Tensor, label: Tensor): Tensor {
    f.logit = logit.shape.length === 4 ? t.squeeze(t.squeeze(logit, 3), 2) : logit;
    const [n, classes] = [f.logit.dim(0), f.logit.dim(1)];
    f.se_label = t.full([n, classes]);
    for (let i = 0; i < n; i++) {
      f.hist = t.histogram(t.select(label, 0, i), classes);
      const counts = t.cast(f.hist, "float32");
      f.hist = t.divide(counts, t.cast(t.sum(f.hist), "float32"));
      t.setValue(f.se_label, t.cast(t.greaterThan(f.hist, 0), "float32"));
    }
    f.loss = F.bceWithLogits(f.logit, f.se_label);
    return f.loss;
  }
}
