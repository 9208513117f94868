/** @file What a run can be told besides its config: the flags of tools/train.py and the knobs of a plan. */
import type { Size } from "../config/types.ts";

export type Precision = "fp32" | "fp16";
export type AmpLevel = "O1" | "O2";

/**
 * Means of lean training, each the same numbers with less memory (presets/launcher/lean_losses.py): losses with fewer temporaries,
 * logits let go when their loss is formed, gradients freed instead of zeroed, each head's loss taken backward to its logits at once
 * (these are upsampled again before it, which takes time).
 */
export const leanMeans = ["losses", "logits", "gradients", "heads"] as const;
export type LeanMeans = (typeof leanMeans)[number];

/** The evaluated image, and sliding-window evaluation in place of the whole image. */
export interface EvaluationSettings {
  /** Size of the image given to the network: after the validation transforms. */
  readonly size?: Size | undefined;
  /** Size to which results are brought back; undefined: the same. */
  readonly original?: Size | undefined;
  readonly slide?: { readonly crop: Size; readonly stride: Size } | undefined;
}

/** Everything that `simulate` needs besides the config and the runtime. Undefined means: as the config says. */
export interface Settings {
  readonly batchSize?: number | undefined;
  readonly cropSize?: Size | undefined;
  readonly precision: Precision;
  readonly ampLevel: AmpLevel;
  /** Micro-batches per optimizer step; 1 is PaddleSeg's own loop. */
  readonly accumulation: number;
  /** Layer names whose forward is run again in backward. */
  readonly recompute: readonly string[];
  /** Means of lean training that are on. */
  readonly lean: readonly LeanMeans[];
  /** FLAGS_conv_workspace_size_limit in bytes; undefined: Paddle's default. */
  readonly convWorkspaceLimitBytes?: number | undefined;
  readonly doEval: boolean;
  readonly evaluation: EvaluationSettings;
  readonly useEma: boolean;
  /** Batches that the loader keeps ahead on the card. */
  readonly prefetch: number;
  /** Both data sets have more than the run takes, as in a real training; a measurement may end with its data. */
  readonly dataLeft: boolean;
  readonly dataFormat: "NCHW" | "NHWC";
  /** Cards that train together, each on a batch of its own. */
  readonly gpus: number;
}

/** `--save_interval` of tools/train.py as it is by default: an evaluation comes after so many iterations, and after the last. */
export const saveInterval = 1000;

/** PaddleSeg's defaults: one card, fp32, no evaluation; the loader keeps one batch ahead (BufferedReader). */
export const defaultSettings: Settings = {
  precision: "fp32",
  ampLevel: "O1",
  accumulation: 1,
  recompute: [],
  lean: [],
  doEval: false,
  evaluation: {},
  useEma: false,
  prefetch: 1,
  dataLeft: true,
  dataFormat: "NCHW",
  gpus: 1,
};
