/** @file A training config as the rest of the program sees it: resolved, checked, and still knowing its lines. */

export type ConfigValue = string | number | boolean | null | readonly ConfigValue[] | ConfigMap;
export interface ConfigMap {
  readonly [key: string]: ConfigValue;
}

/** Width and height in pixels, in PaddleSeg's order. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Where a value was written; line and column count from 1. */
export interface Location {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A `type:` with its arguments (`type` itself left out); nested components are arguments of the same form in `args`. */
export interface Component {
  readonly type: string;
  readonly args: ConfigMap;
  /** Path of keys from the root, e.g. `["model", "backbone"]`: for messages and for the source map. */
  readonly path: readonly string[];
}

export interface LossTerm {
  readonly component: Component;
  readonly coefficient: number;
}

/** Resolved as PaddleSeg's `cvlibs/config.py` and its checker resolve it. */
export interface TrainConfig {
  readonly file: string;
  /** The merged dict, with what the checker fills in (num_classes, in_channels, ignore_index, repeated losses). */
  readonly resolved: ConfigMap;
  readonly batchSize: number;
  readonly iters: number;
  readonly model: Component;
  /** The loss list, one term for each logit; empty where the model brings its own `loss_computation` settings. */
  readonly losses: readonly LossTerm[];
  readonly optimizer: Component;
  readonly learningRate: Component | undefined;
  readonly trainDataset: Component;
  readonly valDataset: Component | undefined;
  readonly testConfig: ConfigMap;
  readonly numClasses: number;
  readonly ignoreIndex: number;
  /** Size of the training images: the last transform that fixes one. */
  readonly cropSize: Size | undefined;
  /** Where a resolved value was written; the nearest parent's place if the value was filled in. */
  locate(path: readonly string[]): Location | undefined;
}
