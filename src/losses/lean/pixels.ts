/** @file What the lean losses share: labels with a class axis, masks without filled tensors, the loss of each pixel. */

import { scope } from "../../engine/frame.ts";
import { drop } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import * as t from "../../nn/tensor.ts";

/** `label != number`, the number as a tensor of one element: nothing of the label's size is filled. */
export function isNot(label: Tensor): Tensor {
  return t.notEqual(label, t.full([], label.dtype));
}

/** Labels as int64 with a class axis of 1 in the logits' place for it. */
export function along(label: Tensor, logit: Tensor, axis: number): Tensor {
  const shape = logit.shape.map((d, i) => (i === axis ? 1 : d));
  return t.reshape(label.dtype === "int64" ? label : t.cast(label, "int64"), shape);
}

/** Labels with 0 for what is ignored. */
export function classOf(label: Tensor, valid: Tensor): Tensor {
  return t.multiply(label, t.cast(valid, "int64"));
}

/** The weight of each pixel's class. */
export function weightsOf(weight: Tensor, classes: Tensor): Tensor {
  return scope({ classes }, (f: { classes: Tensor }) =>
    t.reshape(t.gather(weight, t.flatten(f.classes)), f.classes.shape),
  );
}

interface LossLocals {
  logit: Tensor;
  label: Tensor;
  weights: Tensor | undefined;
  loss: Tensor;
}

/** Loss of each pixel. Half precision is lifted to float32, as a mask of float32 would. */
export function pixelLosses(logit: Tensor, label: Tensor, axis: number, weights: Tensor | undefined): Tensor {
  return scope({ logit, label, weights }, (f: LossLocals) => {
    f.loss = F.softmaxWithCrossEntropy(f.logit, f.label, axis);
    if (f.loss.dtype === "float16") f.loss = t.cast(f.loss, "float32");
    return f.weights === undefined ? f.loss : t.multiply(f.loss, f.weights);
  });
}

interface HardLocals {
  logit: Tensor;
  label: Tensor;
  valid?: Tensor;
  classes?: Tensor;
  prob?: Tensor;
  ranked?: Tensor;
  threshold: Tensor;
  hard: Tensor;
}

/** Labels in which the pixels that are too easy are ignored; `sorts`: fewer are kept than there are. Run without a tape. */
export function hardest(logit: Tensor, label: Tensor, sorts: boolean): Tensor {
  return scope({ logit, label }, (f: HardLocals) => {
    f.valid = isNot(f.label);
    drop(t.greaterThan(t.sum(f.valid), 0));
    if (!sorts) return f.label;
    f.classes = classOf(f.label, f.valid);
    f.prob = t.takeAlongAxis(F.softmax(f.logit), f.classes);
    delete f.classes;
    f.prob = t.add(f.prob, t.cast(t.logicalNot(f.valid), f.prob.dtype));
    f.ranked = t.sort(t.flatten(f.prob));
    f.threshold = t.maximum(t.select(f.ranked, 0, 0), t.full([], f.prob.dtype));
    delete f.ranked;
    f.hard = t.logicalAnd(f.valid, t.lessThan(f.prob, f.threshold));
    delete f.prob;
    delete f.valid;
    return t.where(f.hard, f.label, t.fullLike(f.label));
  });
}
