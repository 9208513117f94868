/** @file What a person may ask of a search, and the values of each knob under it. */
import type { Size, TrainConfig } from "../config/types.ts";
import { type LeanMeans, leanMeans, type Settings } from "../step/settings.ts";
import { meansAtNoCost } from "./harm.ts";
import { workspaceLimits } from "./knobs/conv-workspace.ts";
import { smallerCrops } from "./knobs/crop.ts";
import { type Variant, variants } from "./knobs/variants.ts";
import type { EvaluationMode, NumberFormat, Point } from "./point.ts";

export interface SearchLimits {
  /** Knobs that must stay as they are. */
  readonly keep?: ReadonlySet<string>;
  /** Knobs of class 6 that may be turned. */
  readonly allow?: ReadonlySet<string>;
  /** Result (the default): the least harm. Speed: the least time of what leaves data and model as they are. */
  readonly prefer?: "speed" | "result";
  /** Time of a step relative to the config as it is, at most; the middle of the factor's range counts. */
  readonly maxSlowdown?: number;
  /** Smallest micro-batch. */
  readonly minMicroBatch?: number;
  /** Bytes that must stay free. */
  readonly headroomBytes?: number;
  /**
   * Sets of blocks that are run only to prove that they do not fit, for one crop, micro-batch and precision; 0 by default. What a
   * set allocates is bounded, but not what the allocator's holes add to it; sets between the two have to be run to be ruled out.
   */
  readonly proofRuns?: number;
  /** Plans of other classes of harm that are sought after the best. */
  readonly alternatives?: number;
}

/** Divisors of the effective batch, largest first: accumulation keeps it. */
export function microBatches(batch: number, least = 1): number[] {
  const sizes: number[] = [];
  for (let size = batch; size >= least; size--) if (batch % size === 0) sizes.push(size);
  return sizes;
}

const formats: readonly NumberFormat[] = ["fp32", "O1", "O2"];

/** The values of each knob, least harmful first, from the run as it is asked for. */
export interface KnobValues {
  readonly variants: readonly Variant[];
  readonly crops: readonly Size[];
  readonly batches: readonly number[];
  readonly precisions: readonly NumberFormat[];
  readonly evaluations: readonly EvaluationMode[];
  readonly workspaces: readonly (number | undefined)[];
  readonly recompute: boolean;
  /** Forward passes of a step at each micro-batch. */
  readonly accumulation: (microBatch: number) => number;
  /** Means of lean training that all points but the start have; undefined: as asked for. */
  readonly lean: readonly LeanMeans[] | undefined;
}

/** The declared space of a search. */
export function valuesOf(
  start: Point,
  limits: SearchLimits,
  run: { readonly config: TrainConfig; readonly settings: Settings } | undefined,
): KnobValues {
  const kept = (knob: string) => limits.keep?.has(knob) ?? false;
  const effective = start.microBatch * start.accumulation;
  const micro = microBatches(effective, limits.minMicroBatch).filter((size) => size <= start.microBatch);
  return {
    variants: run === undefined ? [{}] : variants(run.config, run.settings, limits.allow ?? new Set()),
    crops: [start.crop, ...(kept("crop") ? [] : smallerCrops(start.crop))],
    batches: kept("micro-batch") || micro.length === 0 ? [start.microBatch] : micro,
    precisions: kept("precision") ? [start.format] : formats.slice(formats.indexOf(start.format)),
    evaluations: kept("evaluation") ? ["as-is"] : ["as-is", "slide", "off"],
    workspaces: [start.workspaceLimitBytes, ...(kept("conv-workspace") ? [] : workspaceLimits)],
    // DataParallel's reducer does not work with recompute.
    recompute: !kept("recompute") && (run?.settings.gpus ?? 1) === 1,
    accumulation: kept("accumulation") ? () => start.accumulation : (size) => effective / size,
    // The launcher refuses heads on several cards: each would have its gradients exchanged.
    lean: kept("lean") ? start.lean : (run?.settings.gpus ?? 1) > 1 ? meansAtNoCost : leanMeans,
  };
}

/** One crop, micro-batch, precision and network, with nothing recomputed. */
export type Combination = Point;

/**
 * All combinations, least harmful first: the network is outermost, then the crop. Where a smaller micro-batch changes statistics (there
 * is batch norm, or a step sees fewer images) it comes after precision; where only time changes, before.
 */
export function* combinations(
  start: Point,
  values: KnobValues,
  changesStatistics: boolean,
): Generator<readonly Combination[]> {
  const { batches, precisions } = values;
  for (const variant of values.variants) {
    for (const crop of values.crops) {
      const at = (microBatch: number, format: NumberFormat): Point => ({
        ...start,
        ...variant,
        ...(values.lean === undefined ? {} : { lean: values.lean }),
        crop,
        format,
        microBatch,
        accumulation: values.accumulation(microBatch),
      });
      yield changesStatistics
        ? batches.flatMap((size) => precisions.map((format) => at(size, format)))
        : precisions.flatMap((format) => batches.map((size) => at(size, format)));
    }
  }
}
