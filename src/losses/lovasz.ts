/** @file What the Lovász losses share (`paddleseg/models/losses/lovasz_loss.py`): valid pixels, the extension's gradient. */
import { scope } from "../engine/frame.ts";
import type { Tensor } from "../engine/tensor.ts";
import * as t from "../nn/tensor.ts";

interface FlattenLocals {
  scores: Tensor;
  labels: Tensor;
  valid: Tensor;
  valid_mask: Tensor;
  indexs: Tensor;
  vscores: Tensor;
  vlabels: Tensor;
}

/** The rows of valid pixels: labels [P], scores [P] or [P, C]. Worst case: no pixel is ignored. */
export function validRows(f: FlattenLocals): [Tensor, Tensor] {
  f.valid = t.notEqual(f.labels, 255);
  f.valid_mask = t.reshape(f.valid, [-1, 1]);
  f.indexs = t.nonzero(f.valid_mask);
  f.vscores = t.gather(f.scores, t.select(f.indexs, 1, 0));
  f.vlabels = t.gather(f.labels, t.select(f.indexs, 1, 0));
  return [f.vscores, f.vlabels];
}

/** `flatten_probas`: probabilities [N, C, H, W] as [P, C], labels as [P]. */
export function flattenProbas(probas: Tensor, labels: Tensor): [Tensor, Tensor] {
  return scope({ scores: probas, labels }, (f: FlattenLocals) => {
    if (f.scores.shape.length === 3) f.scores = t.unsqueeze(f.scores, 1);
    const classes = f.scores.dim(1);
    f.scores = t.transpose(f.scores, [0, 2, 3, 1]);
    f.scores = t.reshape(f.scores, [-1, classes]);
    f.labels = t.reshape(f.labels, [-1]);
    return validRows(f);
  });
}

/** `flatten_binary_scores`: scores and labels as [P]. */
export function flattenScores(scores: Tensor, labels: Tensor): [Tensor, Tensor] {
  return scope({ scores, labels }, (f: FlattenLocals) => {
    f.scores = t.reshape(f.scores, [-1]);
    f.labels = t.reshape(f.labels, [-1]);
    return validRows(f);
  });
}

interface GradLocals {
  gt_sorted: Tensor;
  gts: Tensor;
  intersection: Tensor;
  union: Tensor;
  jaccard: Tensor;
}

/** `lovasz_grad`: the gradient of the Lovász extension at sorted errors, [P]. */
export function lovaszGrad(sorted: Tensor): Tensor {
  return scope({ gt_sorted: sorted }, (f: GradLocals) => {
    f.gts = t.sum(f.gt_sorted);
    const p = f.gt_sorted.dim(0);
    f.intersection = t.subtract(f.gts, t.cumsum(f.gt_sorted));
    f.union = t.add(f.gts, t.cumsum(t.rsub(1, f.gt_sorted)));
    const intersection = t.cast(f.intersection, "float32");
    f.jaccard = t.rsub(1, t.divide(intersection, t.cast(f.union, "float32")));
    if (p > 1) {
      const later = t.slice(f.jaccard, 0, 1, p);
      t.setValue(f.jaccard, t.subtract(later, t.slice(f.jaccard, 0, 0, p - 1)));
    }
    return f.jaccard;
  });
}
