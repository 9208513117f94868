/** @file Why Paddle refuses the shapes of an op. */
import type { None } from "./none.ts";

export interface ShapePhrases {
  "cannot-take-shape": { readonly elements: number; readonly shape: readonly number[] };
  "no-broadcast": { readonly dimension: number; readonly sizes: readonly [number, number] };
  "permutation-off-rank": { readonly permutation: readonly number[] };
  "label-of-one-class": None;
  "logits-and-labels-differ": None;
  "logits-of-two-channels": None;
  "not-square": None;
  "inner-dimensions": { readonly left: number; readonly right: number };
  "bmm-operands": None;
  "not-4-dimensions": None;
  "filter-channels": { readonly input: number; readonly filter: number };
  "output-not-positive": { readonly width: number; readonly height: number };
  "size-not-positive": { readonly size: readonly number[] };
  "labels-off-rank": { readonly labels: string };
  "label-twice": { readonly label: string; readonly sizes: readonly [number, number] };
  "axes-differ": { readonly axis: number };
  "sections-sum": { readonly total: number };
  "dimension-asked": { readonly index: number };
}
