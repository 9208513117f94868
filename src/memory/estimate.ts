/** @file From the event log to the three levels of bytes for training and evaluation, and a way to replay it on a card. */
import type { EventLog } from "../engine/events.ts";
import type { PartEstimate, PartName, Range, TrainingEstimate } from "../report/report.ts";
import { type Phrase, phrase } from "../words/phrase.ts";
import type { Gpu, MemoryRuntime } from "./card.ts";
import { type Context, processBytes } from "./context.ts";
import { narrowPart } from "./narrow.ts";
import { type Held, type Replay, replay } from "./replay.ts";
import { type Tally, tally } from "./tally.ts";
import type { ReplayOn } from "./verdict.ts";
import { defaultConvWorkspaceLimitBytes, listWorkspaces } from "./workspace.ts";

export { type Fit, verdict } from "./verdict.ts";

/** Paddle 2.6 as pip installs it; presets/runtimes/paddle-2.6.yaml says where each value is from. */
export const defaultMemoryRuntime: MemoryRuntime = {
  name: "paddle-2.6",
  chunkFloorBytes: 0,
  convWorkspaceLimitBytes: defaultConvWorkspaceLimitBytes,
  lazyLoading: false,
};

export interface EstimateOptions {
  readonly gpu?: Gpu | undefined;
  readonly runtime?: MemoryRuntime | undefined;
  /** FLAGS_conv_workspace_size_limit; undefined: the runtime's default. */
  readonly convWorkspaceLimitBytes?: number | undefined;
  /** Cards that train together; undefined: one. */
  readonly gpus?: number | undefined;
}

export interface MemoryEstimate {
  readonly training: TrainingEstimate;
  /** Undefined if the log has no second evaluation image. */
  readonly evaluation: PartEstimate | undefined;
  /** Undefined unless saving takes more than training and evaluation. */
  readonly saving: PartEstimate | undefined;
  /** Highest allocated bytes while a layer ran forward in training, by its name. */
  readonly layerPeaks: ReadonlyMap<string, number>;
  /** NCCL's part of the process, on several cards. */
  readonly nccl: Range | undefined;
  readonly assumptions: readonly Phrase[];
  /** The same log on a card of a given size: run where the sums alone say that it does not fit. */
  readonly replayOn: ReplayOn;
}

/** The three replays of one log. */
type Ends = Readonly<Record<"low" | "expected" | "high", Held>>;

/**
 * Replays the log three times: without workspaces (low, exact), with the expected and with the highest ones. More workspace can by
 * chance leave fewer holes, so each end is taken as no less than the one before it.
 */
export function estimateMemory(log: EventLog, options: EstimateOptions = {}): MemoryEstimate {
  const runtime = options.runtime ?? defaultMemoryRuntime;
  const workspaces = listWorkspaces(log, options.convWorkspaceLimitBytes ?? runtime.convWorkspaceLimitBytes);
  const context = processBytes(runtime, options.gpu, options.gpus);
  const tallies = tally(log, workspaces);
  const { chunkFloorBytes } = runtime;
  const low = replay(log, { chunkFloorBytes });
  const hasWorkspaces = workspaces.length > 0;
  const above = { chunkFloorBytes, workspaces, lentReturnLate: true };
  const hasRange = hasWorkspaces || log.lent.size > 0;
  const expected = hasRange ? replay(log, { ...above, workspaceBytes: "expectedBytes" }) : low;
  const high = hasRange ? replay(log, { ...above, workspaceBytes: "highBytes" }) : low;
  const endsOf = (pick: (one: Replay) => Held): Ends => ({
    low: pick(low),
    expected: pick(expected),
    high: pick(high),
  });
  const whole = endsOf((one) => one.whole);
  const last = low.saving ? "saving" : low.evaluation ? "evaluation" : "training";
  const part = (name: PartName, tally: Tally): PartEstimate => {
    const ends = endsOf((one) => one[name] ?? one.whole);
    return partEstimate(tally, ends, name === last ? whole : ends, context);
  };
  const { calibration } = runtime;
  const byRule = part("training", tallies.training);
  const training = {
    ...narrowPart(byRule, "training", calibration),
    afterStepBytes: tallies.afterStepBytes,
  };
  // Where receipts widen a range, a replay with the rule's workspaces has to find so much less room.
  let wider = Math.max(0, training.process.highBytes - byRule.process.highBytes);
  let evaluation: PartEstimate | undefined;
  if (tallies.evaluation !== undefined) {
    const evaluationByRule = part("evaluation", tallies.evaluation);
    evaluation = narrowPart(evaluationByRule, "evaluation", calibration);
    wider = Math.max(wider, evaluation.process.highBytes - evaluationByRule.process.highBytes);
  }
  const saving = tallies.saving && part("saving", tallies.saving);
  const replayOn: ReplayOn = (end, usableBytes) => {
    const contextBytes = context[`${end}Bytes`] + wider;
    const workspaceBytes = `${end}Bytes` as const;
    const options = { ...above, workspaceBytes, cardBytes: usableBytes, contextBytes };
    return { replay: replay(log, options), log, contextBytes };
  };
  const assumptions = [
    ...listAssumptions(context, hasWorkspaces),
    ...(log.lent.size > 0 ? [phrase("late-returns", {})] : []),
    ...(calibration === undefined ? [] : [calibration.source]),
  ];
  return { training, evaluation, saving, layerPeaks: tallies.layerPeaks, nccl: context.nccl, assumptions, replayOn };
}

/**
 * Process: low is reserved plus the context; expected and high count the driver's whole pages, and no less than that. `ends` is what is
 * held when the part is over, `later` what is held when more rounds have followed: expected and high are those of a long run.
 */
function partEstimate(tally: Tally, ends: Ends, later: Ends, context: Context): PartEstimate {
  const { lowBytes, expectedBytes, highBytes, peak, byKind, byPhase, holders } = tally;
  const reserved = rising(ends.low.reservedBytes, later.expected.reservedBytes, later.high.reservedBytes);
  const pages = rising(ends.low.pagesBytes, later.expected.pagesBytes, later.high.pagesBytes);
  const process = rising(
    reserved.lowBytes + context.lowBytes,
    Math.max(pages.expectedBytes, reserved.expectedBytes) + context.expectedBytes,
    Math.max(pages.highBytes, reserved.highBytes) + context.highBytes,
  );
  const settledBytes = later.low.reservedBytes;
  return {
    allocated: { lowBytes, expectedBytes, highBytes },
    reserved,
    process,
    ...(settledBytes > reserved.lowBytes && { settledBytes }),
    peak,
    byKind,
    byPhase,
    holders,
  };
}

function rising(lowBytes: number, expected: number, high: number): Range {
  const expectedBytes = Math.max(lowBytes, expected);
  return { lowBytes, expectedBytes, highBytes: Math.max(expectedBytes, high) };
}

function listAssumptions(context: Context, hasWorkspaces: boolean): readonly Phrase[] {
  const pages = phrase("driver-pages", {});
  return [...context.sources, pages, ...(hasWorkspaces ? [phrase("cudnn-workspaces", {})] : [])];
}
