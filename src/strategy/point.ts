/** @file A point of the search space: one value for each knob. */
import type { Size, TrainConfig } from "../config/types.ts";
import type { LeanMeans, Settings } from "../step/settings.ts";

export type NumberFormat = "fp32" | "O1" | "O2";

/** How the validation images are evaluated: as the config says, by a sliding window, or not in the training process. */
export type EvaluationMode = "as-is" | "slide" | "off";

export interface Point {
  /** Cards that train together; undefined: as asked for. */
  readonly gpus?: number | undefined;
  /** Images that one forward pass takes. */
  readonly microBatch: number;
  /** Forward passes of one optimizer step. */
  readonly accumulation: number;
  readonly format: NumberFormat;
  readonly crop: Size;
  readonly recompute: readonly string[];
  /** Means of lean training; undefined: as asked for. */
  readonly lean?: readonly LeanMeans[] | undefined;
  /** FLAGS_conv_workspace_size_limit; undefined: the runtime's default. */
  readonly workspaceLimitBytes: number | undefined;
  readonly evaluation: EvaluationMode;
  /** A network that takes the place of the config's, by its id in knobs/model.ts; undefined: the config's own. */
  readonly model?: string | undefined;
  /** An optimizer with less state, by its id in knobs/optimizer.ts; undefined: the config's own. */
  readonly optimizer?: string | undefined;
  /** False where the moving average of the parameters is left out; undefined: as asked for. */
  readonly ema?: false | undefined;
}

/** The run as it is asked for. */
export function startingPoint(config: TrainConfig, settings: Settings, crop: Size): Point {
  return {
    microBatch: settings.batchSize ?? config.batchSize,
    accumulation: settings.accumulation,
    format: settings.precision === "fp32" ? "fp32" : settings.ampLevel,
    crop,
    recompute: settings.recompute,
    ...(settings.lean.length > 0 ? { lean: settings.lean } : {}),
    ...(settings.gpus > 1 ? { gpus: settings.gpus } : {}),
    workspaceLimitBytes: settings.convWorkspaceLimitBytes,
    evaluation: "as-is",
  };
}

/** Window of a sliding evaluation: the training crop, moved by two thirds of it (PaddleSeg's documentation evaluates so). */
export function slidingWindow(crop: Size): { readonly crop: Size; readonly stride: Size } {
  const part = (length: number) => Math.max(1, Math.floor((length * 2) / 3));
  return { crop, stride: { width: part(crop.width), height: part(crop.height) } };
}

/** The settings that run a point. */
export function settingsOf(point: Point, settings: Settings): Settings {
  const evaluation =
    point.evaluation === "slide" ? { ...settings.evaluation, slide: slidingWindow(point.crop) } : settings.evaluation;
  return {
    ...settings,
    gpus: point.gpus ?? settings.gpus,
    batchSize: point.microBatch,
    accumulation: point.accumulation,
    precision: point.format === "fp32" ? "fp32" : "fp16",
    ampLevel: point.format === "O2" ? "O2" : "O1",
    cropSize: point.crop,
    recompute: point.recompute,
    lean: point.lean ?? settings.lean,
    convWorkspaceLimitBytes: point.workspaceLimitBytes,
    evaluation,
    useEma: settings.useEma && point.ema !== false,
    doEval: settings.doEval && point.evaluation !== "off",
  };
}

/** Images that one optimizer step sees, all cards together. */
export function stepImages({ microBatch, accumulation, gpus = 1 }: Point): number {
  return microBatch * accumulation * gpus;
}

/** `1024x512`. */
export function sizeText({ width, height }: Size): string {
  return `${width}x${height}`;
}
