/** @file What a check looks at: one config as one run, on every card, or why it could not be estimated. */
import type { Size, TrainConfig } from "../config/types.ts";
import type { UserError } from "../errors.ts";
import type { GpuBudget, Report } from "../report/report.ts";

/** A plan that the config itself records, with its run on the recorded card. */
export interface RecordedPlan {
  readonly card: string;
  /** Undefined where the card is not known here. */
  readonly report: Report | undefined;
  /** Keys in which the config that it was made from differs now, beyond what a plan changes. */
  readonly changedKeys: readonly string[];
}

/** A config that was loaded. */
export interface Loaded {
  readonly train: TrainConfig;
  readonly batchSize: number;
  readonly crop: Size | undefined;
  readonly precision: string;
  /** `--amp-level` as it was given, not as it defaults. */
  readonly ampLevelGiven: string | undefined;
  readonly plan: RecordedPlan | undefined;
}

/** One state (head or base) of one config. */
export interface Subject {
  readonly config: string;
  readonly loaded: Loaded | undefined;
  /** Why it was not loaded or not estimated. */
  readonly error: UserError | undefined;
  /** One report for each card; empty where it was not estimated. */
  readonly cards: readonly { readonly gpu: GpuBudget; readonly report: Report }[];
}

/** How much more than the base a config may take. */
export type Increase =
  | { readonly kind: "percent"; readonly percent: number }
  | { readonly kind: "bytes"; readonly bytes: number };

/** What checks are told besides the subject. */
export interface CheckContext {
  readonly base: Subject | undefined;
  readonly maxIncrease: Increase | undefined;
}
