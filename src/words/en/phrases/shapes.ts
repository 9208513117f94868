/** @file Why Paddle refuses the shapes of an op, in English. */
import type { PhraseTable } from "../../phrase.ts";
import type { ShapePhrases } from "../../phrases/shapes.ts";

export const shapePhrases: PhraseTable<ShapePhrases> = {
  "cannot-take-shape": (d) => `${d.elements} elements cannot take the shape [${d.shape.join(", ")}]`,
  "no-broadcast": (d) => `dimension ${d.dimension} of the operands cannot be broadcast: ${d.sizes.join(" and ")}`,
  "permutation-off-rank": (d) => `the permutation [${d.permutation.join(", ")}] does not match the rank`,
  "label-of-one-class": () => "the label must have the logits' shape with one class",
  "logits-and-labels-differ": () => "logits and labels must have one shape",
  "logits-of-two-channels": () => "the logits must have 2 channels",
  "not-square": () => "the last two dimensions must be equal",
  "inner-dimensions": (d) => `the inner dimensions are ${d.left} and ${d.right}`,
  "bmm-operands": () => "the operands must be [B, M, K] and [B, K, N]",
  "not-4-dimensions": () => "the input must have 4 dimensions",
  "filter-channels": (d) => `the input has ${d.input} channels, the filter takes ${d.filter}`,
  "output-not-positive": (d) => `the output would be ${d.width}×${d.height} pixels`,
  "size-not-positive": (d) => `the size [${d.size.join(", ")}] is not positive`,
  "labels-off-rank": (d) => `"${d.labels}" does not match the rank`,
  "label-twice": (d) => `the label ${d.label} stands for ${d.sizes.join(" and ")}`,
  "axes-differ": (d) => `all but axis ${d.axis} must agree`,
  "sections-sum": (d) => `the sections add up to ${d.total}`,
  "dimension-asked": (d) => `dimension ${d.index} is asked for, which it has not`,
};
