/** @file LovaszHingeLoss (`paddleseg/models/losses/lovasz_loss.py`): two classes as one score. */
import { scope } from "../engine/frame.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import * as t from "../nn/tensor.ts";
import { Loss } from "./loss.ts";
import { flattenScores, lovaszGrad } from "./lovasz.ts";

interface Locals {
  logits: Tensor;
  loss: Tensor;
}

interface FlatLocals {
  logits: Tensor;
  labels: Tensor;
  signs: Tensor;
  errors: Tensor;
  errors_sorted: Tensor;
  perm: Tensor;
  gt_sorted: Tensor;
  grad: Tensor;
  loss: Tensor;
}

/** Logits [N, 1, H, W] or [N, 2, H, W]. Worst case: no pixel is ignored. */
export class LovaszHingeLoss extends Loss {
  readonly type = "LovaszHingeLoss";

  constructor(args: Args) {
    super();
    args.ignore("ignore_index");
    args.finish();
  }

  forward(f: Locals, logits: Tensor, labels: Tensor): Tensor {
    f.logits = logits.dim(1) === 2 ? unary(logits) : logits;
    const [scores, valid] = flattenScores(f.logits, labels);
    f.loss = flat(scores, valid);
    return f.loss;
  }
}

/** `binary_channel_to_unary`: [N, 2, H, W] to [N, 1, H, W]. */
export function unary(logits: Tensor): Tensor {
  return scope({ logits }, (f: { logits: Tensor; probas: Tensor }) => {
    f.probas = F.softmax(f.logits);
    f.probas = t.select(f.probas, 1, 1);
    const ratio = t.rdivide(t.scale(t.rsub(1, f.probas)));
    f.logits = t.log(t.add(f.probas, ratio));
    f.logits = t.unsqueeze(f.logits, 1);
    return f.logits;
  });
}

/** `lovasz_hinge_flat`: scores and labels [P]. */
function flat(logits: Tensor, labels: Tensor): Tensor {
  return scope({ logits, labels }, (f: FlatLocals) => {
    f.signs = t.scale(t.scale(t.cast(f.labels, "float32")));
    f.errors = t.rsub(1, t.multiply(f.logits, f.signs));
    const [sorted, perm] = t.legacyArgsort(f.errors);
    f.errors_sorted = sorted;
    f.perm = perm;
    f.gt_sorted = t.gather(f.labels, f.perm);
    f.grad = lovaszGrad(f.gt_sorted);
    f.loss = t.sum(t.multiply(F.relu(f.errors_sorted), f.grad));
    return f.loss;
  });
}
