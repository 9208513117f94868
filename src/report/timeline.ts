/** @file The timeline of a report: live bytes over one steady iteration and one evaluated image, small enough to draw and to send. */
import type { Phase, Stage, StorageKind } from "../engine/events.ts";

/** Who did something; `layer` and `op` as in a Peak. */
export interface TimelineSite {
  readonly phase: Phase;
  readonly stage: Stage;
  readonly layer: string;
  readonly op: string;
}

/** One thing that is alive from the event `from` up to and without `to`, in event numbers of its part. */
export interface TimelineBlock {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
  readonly kind: StorageKind;
  /** Who made it: index into `sites`. */
  readonly site: number;
}

/** A stretch in which the program did one thing: `forward`, `loss`, …, or the stage where the phase is `other`. */
export interface TimelineSpan {
  readonly name: Exclude<Phase, "other"> | Stage;
  readonly from: number;
  readonly to: number;
}

/** One iteration or one image. Its axis counts allocations and releases, as a run on shapes knows no time. */
export interface TimelinePart {
  readonly part: "training" | "evaluation";
  /** Number of the iteration or image. */
  readonly index: number;
  /** How many allocations and releases it has. */
  readonly eventCount: number;
  /** The event of each point, rising: of each stretch the one with the most bytes. */
  readonly at: readonly number[];
  /** Index into `sites` for each point. */
  readonly site: readonly number[];
  /** Allocated bytes of each kind at each point; kinds that never hold anything are left out. */
  readonly bytes: Readonly<Partial<Record<StorageKind, readonly number[]>>>;
  /** The point with the most bytes, and their sum: `allocated.lowBytes` of the report's part. */
  readonly peakPoint: number;
  readonly peakBytes: number;
  readonly spans: readonly TimelineSpan[];
  /** First event and site of each run of events of one op: `ops[2 i]` and `ops[2 i + 1]`. */
  readonly ops: readonly number[];
  /** The largest things that are alive in it, largest first. */
  readonly blocks: readonly TimelineBlock[];
}

export interface Timeline {
  readonly sites: readonly TimelineSite[];
  readonly parts: readonly TimelinePart[];
}
