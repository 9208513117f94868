/** @file The class of harm of a point: that of the most harmful thing it changes. */
import type { Harm } from "./knobs/knob.ts";
import { type Point, sizeText } from "./point.ts";

/** 1 nothing changes, 2 time, 3 numerics, 4 statistics, 5 data, 6 the model. */
export function harmOf(from: Point, to: Point, hasBatchNorm: boolean): Harm {
  if (from.model !== to.model || from.optimizer !== to.optimizer || from.ema !== to.ema) return 6;
  if (sizeText(from.crop) !== sizeText(to.crop)) return 5;
  if (from.microBatch !== to.microBatch && hasBatchNorm) return 4;
  if (from.format !== to.format) return 3;
  const same =
    from.microBatch === to.microBatch &&
    from.evaluation === to.evaluation &&
    from.workspaceLimitBytes === to.workspaceLimitBytes &&
    from.recompute.join() === to.recompute.join();
  return same ? 1 : 2;
}
