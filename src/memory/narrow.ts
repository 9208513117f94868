/** @file What measured runs say of a range's upper ends. Low is exact and stays; what is uncertain above it was measured as a share. */
import type { PartEstimate, Range } from "../report/report.ts";
import type { Phrase } from "../words/phrase.ts";

/** A level of one measured run: what was predicted without any receipt, and what was measured. */
export interface MeasuredLevel extends Range {
  /** The highest bytes that the log's rounding leaves possible. */
  readonly measuredBytes: number;
}

/** Allocated is missing where the log cannot tell it (an evaluation below the training's peak). */
export interface MeasuredPart {
  readonly allocated?: MeasuredLevel | undefined;
  readonly reserved?: MeasuredLevel | undefined;
}

/** One run of the same card and Paddle. */
export interface MeasuredRun {
  readonly training: MeasuredPart;
  readonly evaluation?: MeasuredPart | undefined;
}

/** Runs by cuDNN version. Which one the next run has is not known before it starts, so the highest of the groups counts. */
export interface Calibration {
  readonly groups: readonly (readonly MeasuredRun[])[];
  /** For the list of assumptions. */
  readonly source: Phrase;
}

/**
 * A range narrowed by n measured levels. A run with the same prediction to the byte is the same run: what it took is expected and high.
 * Else each level gives the share of its own range that was taken. Of n + 1 runs that are alike, the new one is the highest with chance
 * 1 / (n + 1), so high lies that part of the way from the highest share seen to the whole range; expected is the mean of the shares and
 * of the rule's own. What lies above a run's own high end is not modelled, and says nothing of another run: it counts as the whole range.
 */
export function narrowRange(range: Range, levels: readonly MeasuredLevel[]): Range {
  const { lowBytes, expectedBytes, highBytes } = range;
  const isSame = (level: Range): boolean =>
    level.lowBytes === lowBytes && level.expectedBytes === expectedBytes && level.highBytes === highBytes;
  const same = levels.filter(isSame).map((level) => level.measuredBytes);
  if (same.length > 0) {
    const measured = Math.max(lowBytes, ...same);
    return { lowBytes, expectedBytes: measured, highBytes: measured };
  }
  const shareOf = (bytes: number, of: Range): number =>
    Math.min(1, Math.max(0, bytes - of.lowBytes) / (of.highBytes - of.lowBytes));
  const shares = levels
    .filter((level) => level.highBytes > level.lowBytes)
    .map((level) => shareOf(level.measuredBytes, level));
  if (shares.length === 0 || highBytes === lowBytes) return range;
  const most = Math.max(...shares);
  const highShare = most + (1 - most) / (shares.length + 1);
  const sum = shares.reduce((total, share) => total + share, shareOf(expectedBytes, range));
  const expectedShare = Math.min(highShare, sum / (shares.length + 1));
  const at = (share: number): number => lowBytes + Math.ceil(share * (highBytes - lowBytes));
  return { lowBytes, expectedBytes: at(expectedShare), highBytes: at(highShare) };
}

/** The higher of two ranges at each end. */
function higher(a: Range, b: Range): Range {
  return {
    lowBytes: a.lowBytes,
    expectedBytes: Math.max(a.expectedBytes, b.expectedBytes),
    highBytes: Math.max(a.highBytes, b.highBytes),
  };
}

function narrowedBy(range: Range, groups: readonly (readonly (MeasuredLevel | undefined)[])[]): Range {
  const each = groups.map((group) =>
    narrowRange(
      range,
      group.filter((level) => level !== undefined),
    ),
  );
  return each.length === 0 ? range : each.reduce(higher);
}

/** A part with its levels narrowed; the process keeps its distance to reserved (context, whole pages of the driver). */
export function narrowPart<P extends PartEstimate>(
  part: P,
  which: "training" | "evaluation",
  calibration: Calibration | undefined,
): P {
  if (calibration === undefined) return part;
  const levels = (level: "allocated" | "reserved") =>
    calibration.groups.map((group) => group.map((run) => run[which]?.[level]));
  const allocated = narrowedBy(part.allocated, levels("allocated"));
  const reserved = narrowedBy(part.reserved, levels("reserved"));
  const moved = (end: "expectedBytes" | "highBytes"): number => part.process[end] + reserved[end] - part.reserved[end];
  const expectedBytes = Math.max(part.process.lowBytes, moved("expectedBytes"));
  const process = {
    lowBytes: part.process.lowBytes,
    expectedBytes,
    highBytes: Math.max(expectedBytes, moved("highBytes")),
  };
  return { ...part, allocated, reserved, process };
}
