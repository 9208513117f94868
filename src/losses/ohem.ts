/** @file How the OHEM losses choose the hard pixels. */
import { drop } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import * as t from "../nn/tensor.ts";

/** Labels and validity by pixel, [P]; probabilities [C, P]. */
export interface OhemLocals {
  label: Tensor;
  valid_mask: Tensor;
  prob: Tensor;
  label_onehot: Tensor;
  index: Tensor;
  threshold_index: Tensor;
  kept_mask: Tensor;
}

/** The probability of each pixel's own class, sorted; those under the threshold are kept. */
export function selectHardest(f: OhemLocals, classes: number, minKept: number): void {
  f.prob = t.add(f.prob, t.cast(t.rsub(1, f.valid_mask), f.prob.dtype));
  f.label_onehot = t.oneHot(f.label, classes);
  f.label_onehot = t.transpose(f.label_onehot, [1, 0]);
  f.prob = t.multiply(f.prob, f.label_onehot);
  f.prob = t.sum(f.prob, 0);
  if (minKept > 0) {
    const [sorted, index] = t.argsort(f.prob);
    f.index = index;
    drop(sorted);
    f.threshold_index = t.select(f.index, 0, 0);
    drop(t.greaterThan(t.select(f.prob, 0, 0), 0.5));
  }
  f.kept_mask = t.cast(t.lessThan(f.prob, 0.5), "int64");
  f.label = t.multiply(f.label, f.kept_mask);
  f.valid_mask = t.multiply(f.valid_mask, f.kept_mask);
}
