/** @file Whether a run survives on a card: the events replayed against what it has, and the request at which they end. */
import type { EventLog } from "../engine/events.ts";
import {
  type FailedRequest,
  type GpuBudget,
  mostOf,
  type PartEstimate,
  type Parts,
  type Verdict,
} from "../report/report.ts";
import { humanReadableSize } from "./message.ts";
import { placeOf } from "./place.ts";
import type { Failure, Replay } from "./replay.ts";

/** An end of the range that a verdict looks at. */
export type End = "expected" | "high";

/** A replay with that end's workspaces on a card that gives this many bytes, that end's context taken off. */
export type ReplayOn = (end: End, usableBytes: number) => OnCard;

/** How a run goes on a card. */
export interface OnCard {
  readonly replay: Replay;
  readonly log: EventLog;
  readonly contextBytes: number;
}

export interface Fit {
  readonly verdict: Verdict;
  /**
   * Usable bytes less the high end of the process, in the worse of training and evaluation; negative if it does not fit. Where a run
   * survives since idle chunks go back to the driver: less the most that it holds on this card.
   */
  readonly headroomBytes: number;
  /** The request that fails: at the expected end where that fails, else at the high one. */
  readonly outOfMemory?: FailedRequest | undefined;
}

/** What a verdict needs of an estimate. */
export interface Judged extends Parts<Pick<PartEstimate, "process">> {
  /** Undefined: judged by the sums alone. */
  readonly replayOn?: ReplayOn | undefined;
}

/**
 * Fits when the run survives at the high end, is tight when only at the expected one. It survives where the process's peak is not above
 * what the card gives, and else where a replay on that card does: chunks that lie idle go back to the driver before a request fails, so
 * a peak above the card can still run.
 */
export function verdict(estimate: Judged, budget: GpuBudget): Fit {
  const { usableBytes } = budget;
  const headroomBytes = usableBytes - mostOf(estimate, (part) => part.process.highBytes);
  if (headroomBytes >= 0) return { verdict: "fits", headroomBytes };
  const expectedFits = mostOf(estimate, (part) => part.process.expectedBytes) <= usableBytes;
  if (estimate.replayOn === undefined) return { verdict: expectedFits ? "tight" : "does-not-fit", headroomBytes };

  const high = estimate.replayOn("high", usableBytes);
  const highFailure = high.replay.outOfMemory;
  if (highFailure === undefined) return { verdict: "fits", headroomBytes: spare(high, usableBytes) };
  if (expectedFits) return { verdict: "tight", headroomBytes, outOfMemory: failedRequest(highFailure, high, budget) };
  const expected = estimate.replayOn("expected", usableBytes);
  const failure = expected.replay.outOfMemory;
  const outOfMemory = failure ? failedRequest(failure, expected, budget) : failedRequest(highFailure, high, budget);
  return { verdict: failure === undefined ? "tight" : "does-not-fit", headroomBytes, outOfMemory };
}

/** What is left at the most that a surviving run holds. */
function spare({ replay, contextBytes }: OnCard, usableBytes: number): number {
  const held = replay.whole.pagesBytes;
  return Math.max(0, usableBytes - contextBytes - held);
}

/** A failure in the words of the report, with Paddle's own message. */
function failedRequest(failure: Failure, { log, contextBytes }: OnCard, budget: GpuBudget): FailedRequest {
  const { event, site, asked, chunkBytes, pagesBytes } = failure;
  const availableBytes = budget.usableBytes - contextBytes - pagesBytes;
  const usedBytes = pagesBytes + contextBytes + (budget.othersBytes ?? 0);
  return {
    asked,
    bytes: chunkBytes,
    usedBytes,
    availableBytes,
    ...placeOf(log, event),
    phase: site?.phase ?? "other",
    stage: site?.stage ?? "build",
    layer: site?.layer ?? "",
    op: site?.op ?? "",
    message:
      asked === "library"
        ? `thrust asks the driver for ${humanReadableSize(chunkBytes)} past Paddle's allocator, available memory is only ${humanReadableSize(availableBytes)}: the process ends`
        : `Cannot allocate ${humanReadableSize(chunkBytes)} memory on GPU 0, ${humanReadableSize(usedBytes)} memory has been allocated and available memory is only ${humanReadableSize(availableBytes)}.`,
  };
}
