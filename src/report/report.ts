/** @file The Report: the one result that every output is rendered from. Its paths are a contract for `--json`. */
import type { ConfigEdit } from "../config/edit.ts";
import type { Phase, Stage, StorageKind } from "../engine/events.ts";
import type { Phrase } from "../words/phrase.ts";
import type { Timeline } from "./timeline.ts";

/** A peak at one level of bytes. `lowBytes` has no cuDNN workspace in it and is exact. */
export interface Range {
  readonly lowBytes: number;
  readonly expectedBytes: number;
  readonly highBytes: number;
}

export interface Peak {
  readonly phase: Phase;
  readonly stage: Stage;
  readonly layer: string;
  readonly op: string;
  /** Iteration or image number in which the peak falls. */
  readonly index: number;
}

/** One thing alive at the peak, largest first. */
export interface Holder {
  readonly layer: string;
  readonly op: string;
  readonly phase: Phase;
  readonly kind: StorageKind;
  readonly bytes: number;
  readonly count: number;
}

export interface LevelSet {
  readonly allocated: Range;
  readonly reserved: Range;
  readonly process: Range;
}

export interface PartEstimate extends LevelSet {
  /**
   * What `reserved.lowBytes`, which is that of three iterations and two images, grows to in a longer run, where it grows: each round
   * finds other gaps in the cache than the one before it left. Expected and high count it in.
   */
  readonly settledBytes?: number | undefined;
  readonly peak: Peak;
  /** Bytes alive at the allocated peak, by kind; they sum up to `allocated.lowBytes`. */
  readonly byKind: Readonly<Record<StorageKind, number>>;
  /** Highest allocated bytes in each phase. */
  readonly byPhase: readonly {
    readonly phase: Phase;
    readonly bytes: number;
    readonly layer: string;
    readonly op: string;
  }[];
  readonly holders: readonly Holder[];
}

export interface TrainingEstimate extends PartEstimate {
  /** Allocated after the optimizer step of iteration 3, before clear_gradients. */
  readonly afterStepBytes: number;
}

/** The parts of a run by their names in a report; each of what is only in some is left out or null (JSON). */
export interface Parts<P> {
  readonly training: P;
  readonly evaluation?: P | null | undefined;
  readonly saving?: P | null | undefined;
}

export type PartName = keyof Parts<unknown>;

/** The parts that a run has, in their order. */
export function partsOf<P>({ training, evaluation, saving }: Parts<P>): readonly (readonly [PartName, P])[] {
  const all = [["training", training] as const, ["evaluation", evaluation] as const, ["saving", saving] as const];
  return all.flatMap(([name, part]) => (part === null || part === undefined ? [] : [[name, part] as const]));
}

/** The most of something over the parts that a run has. */
export function mostOf<P>(parts: Parts<P>, pick: (part: P) => number): number {
  return Math.max(...partsOf(parts).map(([, part]) => pick(part)));
}

/** One layer with everything inside it: `model` is the root and holds all but the losses. */
export interface LayerRow {
  readonly layer: string;
  readonly type: string;
  /** Activations of its forward that are alive at the training peak. */
  readonly savedBytes: number;
  readonly parameterCount: number;
  readonly parameterBytes: number;
  /** Highest allocated bytes while this layer (or one inside it) ran forward. */
  readonly peakBytes: number;
}

export interface Estimate {
  readonly parameters: { readonly count: number; readonly bytes: number; readonly trainableCount: number };
  readonly training: TrainingEstimate;
  readonly evaluation: PartEstimate | undefined;
  /** Saving a checkpoint, where that takes more than training and evaluation (AMP O2: float32 copies); else left out. */
  readonly saving?: PartEstimate | undefined;
  readonly layers: readonly LayerRow[];
  /** NCCL's part of the process, on several cards. */
  readonly nccl?: Range | undefined;
  /** What a user may doubt: each number that is not measured, with its source. */
  readonly assumptions: readonly Phrase[];
}

export type Verdict = "fits" | "tight" | "does-not-fit";

/** The card, or a plain number of bytes. */
export interface GpuBudget {
  readonly name: string;
  readonly totalBytes: number;
  /** What the process may take: total less what others keep. */
  readonly usableBytes: number;
  /** What others hold of what CUDA sees (a desktop, other processes); undefined: not known or nothing. */
  readonly othersBytes?: number | undefined;
  /** What was taken for granted of the card. */
  readonly assumptions?: readonly Phrase[] | undefined;
}

/** The request at which a run ends on this card. */
export interface FailedRequest {
  /** A tensor, a convolution's workspace, or scratch that a library asks of the driver itself. */
  readonly asked: "tensor" | "workspace" | "library";
  /** The chunk that the driver refuses, after the idle chunks went back. */
  readonly bytes: number;
  /** All that is held of the card then: this process, its context, and others. */
  readonly usedBytes: number;
  readonly availableBytes: number;
  readonly part: "build" | "training" | "evaluation" | "saving";
  /** Iteration or image number. */
  readonly index: number;
  readonly phase: Phase;
  readonly stage: Stage;
  readonly layer: string;
  readonly op: string;
  /** As Paddle prints it. */
  readonly message: string;
}

/** How a change reaches a real run. */
export type Via =
  | { readonly kind: "yaml"; readonly file: string; readonly line: number | undefined; readonly key: string }
  | {
      readonly kind: "flag";
      readonly flag: string;
      /** Where a flag is to be left out, and what is run afterwards. */
      readonly leaveOut?: string;
      readonly afterwards?: string;
    }
  | { readonly kind: "environment"; readonly variable: string }
  | { readonly kind: "launcher"; readonly flag: string };

export interface PlanChange {
  readonly knob: string;
  readonly from: string;
  readonly to: string;
  readonly via: readonly Via[];
  readonly savedBytes: number;
  readonly cost: string;
  /** `from`, `to` and the parts of `cost` as codes with their facts. */
  readonly words: { readonly from: Phrase; readonly to: Phrase; readonly cost: readonly Phrase[] };
  /** Order of harm: 1 nothing changes, 2 time, 3 numerics, 4 statistics, 5 data, 6 the model. */
  readonly harm: 1 | 2 | 3 | 4 | 5 | 6;
}

export interface PlanSettings {
  /** Images that one card takes at once. */
  readonly batchSize: number;
  /** Cards that train together, where there are several. */
  readonly gpus?: number | undefined;
  readonly accumulation: number;
  readonly cropSize: readonly [number, number];
  readonly precision: string;
  readonly ampLevel: string;
  readonly recompute: readonly string[];
  /** Means of lean training that are on, where any is. */
  readonly lean?: readonly string[] | undefined;
  /** FLAGS_conv_workspace_size_limit, where it is not Paddle's default. */
  readonly convWorkspaceLimitBytes?: number | undefined;
}

/** The command that runs a plan; `tools/train.py` is PaddleSeg's, `vram_train.py` the launcher in presets/launcher. */
export interface LaunchCommand {
  readonly environment: Readonly<Record<string, string>>;
  readonly script: "tools/train.py" | "vram_train.py";
  /** Options of `python -m paddle.distributed.launch`, which starts a process for each card; absent: one process. */
  readonly distributed?: readonly string[] | undefined;
  readonly config: string;
  readonly flags: readonly string[];
}

export interface Plan {
  readonly feasible: boolean;
  /** Empty where the config fits as it is. */
  readonly changes: readonly PlanChange[];
  /** What of the changes goes into the config file: `--out` writes these, in this order. */
  readonly edits: readonly ConfigEdit[];
  readonly settings: PlanSettings;
  readonly estimate: Estimate;
  readonly verdict: Verdict;
  readonly headroomBytes: number;
  /** Time of an optimizer step relative to the run as it is asked for: both ends of a roofline, and their geometric middle. */
  readonly time: { readonly low: number; readonly expected: number; readonly high: number };
  /** The best plans of other classes of harm, where they are asked for. */
  readonly alternatives: readonly Plan[];
  /** The command as one line for a shell. */
  readonly launch: string;
  readonly command: LaunchCommand;
  /** `proved`: nothing better was passed over without a run or a proof. */
  readonly search: { readonly candidates: number; readonly simulated: number; readonly proved: boolean };
}

export interface Report {
  readonly version: 1;
  readonly config: string;
  readonly run: PlanSettings;
  readonly parameters: Estimate["parameters"];
  readonly training: TrainingEstimate;
  readonly evaluation: PartEstimate | undefined;
  /** Saving a checkpoint, where that takes more than training and evaluation (AMP O2: float32 copies); else left out. */
  readonly saving?: PartEstimate | undefined;
  readonly layers: readonly LayerRow[];
  readonly nccl?: Range | undefined;
  readonly gpu: GpuBudget | undefined;
  readonly verdict: Verdict | undefined;
  readonly headroomBytes: number | undefined;
  /** The request that fails where the run does not fit, or not at its high end. */
  readonly outOfMemory?: FailedRequest | undefined;
  readonly plan: Plan | undefined;
  /** Only where an output that draws it was asked for. */
  readonly timeline?: Timeline | undefined;
  readonly assumptions: readonly Phrase[];
}
