/** @file FocalLoss and MultiClassFocalLoss (`paddleseg/models/losses/focal_loss.py`). */
import { scope } from "../engine/frame.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import * as t from "../nn/tensor.ts";
import { ShapeError } from "../ops/types.ts";
import { phrase } from "../words/phrase.ts";
import { Loss } from "./loss.ts";

interface Locals {
  logit: Tensor;
  mask: Tensor;
  label: Tensor;
  loss: Tensor;
  avg_loss: Tensor;
}

/** Two classes: logits [N, 2, H, W]. */
export class FocalLoss extends Loss {
  readonly type = "FocalLoss";

  constructor(args: Args) {
    super();
    args.ignore("alpha", "gamma", "ignore_index");
    args.finish();
  }

  forward(f: Locals, logit: Tensor, label: Tensor): Tensor {
    if (logit.dim(1) !== 2) throw new ShapeError("FocalLoss", phrase("logits-of-two-channels", {}), [logit.shape]);
    f.logit = t.transpose(logit, [0, 2, 3, 1]);
    f.mask = t.notEqual(label, 255);
    f.label = t.where(f.mask, label, t.fullLike(label));
    f.mask = t.unsqueeze(f.mask, 3);
    f.mask = t.cast(f.mask, "float32");
    f.label = t.oneHot(f.label, 2);
    f.label = t.cast(f.label, f.logit.dtype);
    f.loss = sigmoidFocalLoss(f.logit, f.label);
    f.loss = t.multiply(f.loss, f.mask);
    const total = t.sum(f.loss);
    const count = t.scale(t.sum(t.cast(t.notEqual(f.mask, 0), "int32")));
    f.avg_loss = t.divide(total, t.add(count, 1e-10));
    return f.avg_loss;
  }
}

interface FocalLocals {
  logit: Tensor;
  label: Tensor;
  alpha: Tensor;
  gamma: Tensor;
  one: Tensor;
  loss: Tensor;
  pred: Tensor;
  p_t: Tensor;
  alpha_t: Tensor;
  gamma_t: Tensor;
}

/** `F.sigmoid_focal_loss(reduction="none")`: one-hot labels of the logits' shape. */
function sigmoidFocalLoss(logit: Tensor, label: Tensor): Tensor {
  return scope({ logit, label }, (f: FocalLocals) => {
    f.one = t.full(f.logit.shape, f.logit.dtype);
    f.loss = F.sigmoidCrossEntropy(f.logit, f.label);
    f.pred = F.sigmoid(f.logit);
    const right = t.multiply(f.pred, f.label);
    const wrong = t.subtract(f.one, f.pred);
    f.p_t = t.add(right, t.multiply(wrong, t.subtract(f.one, f.label)));
    f.alpha = t.toTensor([1], f.loss.dtype);
    const positive = t.multiply(f.alpha, f.label);
    const rest = t.subtract(f.one, f.alpha);
    f.alpha_t = t.add(positive, t.multiply(rest, t.subtract(f.one, f.label)));
    f.loss = t.multiply(f.alpha_t, f.loss);
    f.gamma = t.toTensor([1], f.loss.dtype);
    f.gamma_t = t.pow(t.subtract(f.one, f.p_t));
    f.loss = t.multiply(f.gamma_t, f.loss);
    return f.loss;
  });
}

interface MultiLocals {
  logit: Tensor;
  label: Tensor;
  ce_loss: Tensor;
  pt: Tensor;
  focal_loss: Tensor;
  mask: Tensor;
  avg_loss: Tensor;
}

export class MultiClassFocalLoss extends Loss {
  readonly type = "MultiClassFocalLoss";

  constructor(args: Args) {
    super();
    args.ignore("alpha", "gamma", "ignore_index");
    args.finish();
  }

  forward(f: MultiLocals, logit: Tensor, label: Tensor): Tensor {
    f.logit = t.transpose(logit, [0, 2, 3, 1]);
    f.label = t.cast(label, "int64");
    f.ce_loss = F.crossEntropy(f.logit, f.label, { reduction: "none" });
    f.pt = t.exp(t.scale(f.ce_loss));
    f.focal_loss = t.multiply(t.scale(t.pow(t.rsub(1, f.pt))), f.ce_loss);
    f.mask = t.cast(t.notEqual(f.label, 255), "float32");
    f.focal_loss = t.multiply(f.focal_loss, f.mask);
    const mean = t.mean(f.focal_loss);
    f.avg_loss = t.divide(mean, t.scale(t.mean(f.mask)));
    return f.avg_loss;
  }
}
