/** @file The class of harm of a point: that of the most harmful thing it changes. */
import type { Harm } from "./knobs/knob.ts";
import { type Point, sizeText, stepImages } from "./point.ts";

/**
 * 1 nothing changes, 2 time, 3 numerics, 4 statistics, 5 data, 6 the model. Lean training is of class 1 whichever of its means are on:
 * the same numbers in the same time, so it is not asked for here.
 */
export function harmOf(from: Point, to: Point, hasBatchNorm: boolean): Harm {
  if (from.model !== to.model || from.optimizer !== to.optimizer || from.ema !== to.ema) return 6;
  if (sizeText(from.crop) !== sizeText(to.crop)) return 5;
  // Fewer images in a step make gradients of other statistics, with or without batch norm.
  if (from.microBatch !== to.microBatch && (hasBatchNorm || stepImages(from) !== stepImages(to))) return 4;
  if (from.format !== to.format) return 3;
  const same =
    from.microBatch === to.microBatch &&
    from.evaluation === to.evaluation &&
    from.workspaceLimitBytes === to.workspaceLimitBytes &&
    from.recompute.join() === to.recompute.join();
  return same ? 1 : 2;
}
