/** @file What the questions beside the plan answer: the shapes of `curve`, `explain`, `gpus` and `max`, as --json gives them. */
import type { Phase, StorageKind } from "../engine/events.ts";
import type { GpuBudget, Peak, PlanSettings, Verdict } from "./report.ts";

/** One set of recomputed blocks. */
export interface CurvePoint {
  readonly recompute: readonly string[];
  readonly time: { readonly low: number; readonly expected: number; readonly high: number };
  /** Allocated peak of training, without workspaces. */
  readonly allocatedBytes: number;
  /** High end of the process in the worse of training and evaluation. */
  readonly processBytes: number;
  readonly verdict: Verdict;
}

/** The front, fastest first. */
export interface CurveResult {
  readonly version: 1;
  readonly config: string;
  readonly run: PlanSettings;
  readonly gpu: GpuBudget;
  readonly points: readonly CurvePoint[];
  readonly search: { readonly candidates: number; readonly simulated: number };
}

/** What one op of a layer makes, in one phase and of one kind. */
export interface OpBytes {
  readonly layer: string;
  readonly op: string;
  readonly phase: Phase;
  readonly kind: StorageKind;
  /** Tensors that one forward makes. */
  readonly count: number;
  readonly madeBytes: number;
  readonly savedBytes: number;
  readonly peakBytes: number;
}

/** A layer with everything inside it. */
export interface ExplainResult {
  readonly version: 1;
  readonly config: string;
  readonly run: PlanSettings;
  readonly layer: string;
  readonly type: string;
  readonly parameterCount: number;
  readonly parameterBytes: number;
  readonly peak: Peak;
  /** Allocated at the peak by all layers. */
  readonly allocatedBytes: number;
  readonly madeBytes: number;
  readonly savedBytes: number;
  readonly peakBytes: number;
  readonly ops: readonly OpBytes[];
}

/** One card and what runs on it. */
export interface CardFit {
  readonly id: string;
  readonly name: string;
  readonly usableBytes: number;
  readonly asItIs: boolean;
  readonly withPlan: boolean;
}

/** Cards in the order of what they have to give. */
export interface GpusResult {
  readonly version: 1;
  readonly config: string;
  readonly run: PlanSettings;
  readonly asItIs: { readonly id: string; readonly name: string; readonly headroomBytes: number } | undefined;
  readonly withPlan:
    | {
        readonly id: string;
        readonly name: string;
        readonly headroomBytes: number;
        readonly changes: readonly string[];
        readonly time: { readonly low: number; readonly expected: number; readonly high: number };
      }
    | undefined;
  /** From the smallest card that a plan fits towards the first that needs none, a few of them. */
  readonly cards: readonly CardFit[];
  readonly simulated: number;
}

/** The largest that fit, by the high end of the process. */
export interface MaxResult {
  readonly version: 1;
  readonly config: string;
  readonly run: PlanSettings;
  readonly gpu: GpuBudget;
  /** At the config's own crop and precision; 0 where not even one image fits. */
  readonly largestBatch: number;
  /** At the config's own batch and precision, in its proportions; undefined where none fits. */
  readonly largestCrop: readonly [number, number] | undefined;
  readonly precisions: readonly string[];
  /** Largest batch of each precision, one row a crop. */
  readonly table: readonly { readonly crop: readonly [number, number]; readonly batches: readonly number[] }[];
  readonly simulated: number;
}
