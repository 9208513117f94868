/** @file The class of harm of a point: that of the most harmful thing it changes. */
import { type LeanMeans, leanMeans } from "../step/settings.ts";
import type { Harm } from "./knobs/knob.ts";
import { type Point, sizeText, stepImages } from "./point.ts";

/**
 * 1 nothing changes, 2 time, 3 numerics, 4 statistics, 5 data, 6 the model. Lean training gives the same numbers: it is of class 2 where
 * its heads repeat the upsampling, and of class 1 else.
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
    from.recompute.join() === to.recompute.join() &&
    (repeatsUpsampling(from.lean) || !repeatsUpsampling(to.lean));
  return same ? 1 : 2;
}

/** Lean training's means that do not change the time. */
export const meansAtNoCost: readonly LeanMeans[] = leanMeans.filter((mean) => mean !== "heads");

/** Taking the heads one after the other makes upsampled logits twice: that takes time. */
export function repeatsUpsampling(means: readonly LeanMeans[] | undefined): boolean {
  return means?.includes("heads") ?? false;
}
