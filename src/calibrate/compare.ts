/** @file Measured against predicted, level by level, and where a difference lies. */
import type { MeasuredPart } from "../memory/narrow.ts";
import type { Difference, LevelComparison } from "../report/calibrate.ts";
import type { PartEstimate, Range } from "../report/report.ts";
import type { MemoryLine } from "./log.ts";

/** Bytes as the log has them: what was cut off is less than the unit. */
export interface Measured {
  readonly fromBytes: number;
  readonly toBytes: number;
}

/** The peaks that a log tells. Evaluation's own allocated peak shows only where it is above training's. */
export interface MeasuredPeaks {
  readonly training: { readonly allocated: Measured; readonly reserved: Measured } | undefined;
  readonly evaluation: { readonly allocated: Measured | undefined; readonly reserved: Measured } | undefined;
}

function measured(bytes: number, unitBytes: number): Measured {
  return { fromBytes: bytes, toBytes: bytes + unitBytes - 1 };
}

/** The last line before the first evaluation is training's peak, the last of all both parts'. */
export function peaksOf(memory: readonly MemoryLine[]): MeasuredPeaks {
  const before = memory.findLast((line) => !line.isAfterEvaluation);
  const after = memory.findLast((line) => line.isAfterEvaluation);
  const both = ({ allocatedBytes, reservedBytes, unitBytes }: MemoryLine) => ({
    allocated: measured(allocatedBytes, unitBytes),
    reserved: measured(reservedBytes, unitBytes),
  });
  const isHigher = after !== undefined && before !== undefined && after.allocatedBytes > before.allocatedBytes;
  return {
    training: before && both(before),
    evaluation: after && { ...both(after), allocated: isHigher ? both(after).allocated : undefined },
  };
}

function placeIn({ lowBytes, highBytes }: Range, { fromBytes, toBytes }: Measured): LevelComparison["place"] {
  if (toBytes < lowBytes) return "below";
  if (fromBytes > highBytes) return "above";
  return fromBytes <= lowBytes ? "exact" : "inside";
}

/** What lies between the exact low end and what was measured. */
function differenceOf(
  level: LevelComparison["level"],
  range: Range,
  found: Measured,
  { allocated, isWorstCase }: { allocated: number; isWorstCase: boolean },
): Difference {
  const place = placeIn(range, found);
  const bytes = Math.max(0, found.fromBytes - range.lowBytes);
  if (place === "below")
    return { kind: isWorstCase ? "worst-case" : "other-run", bytes: range.lowBytes - found.toBytes };
  if (place === "exact") return { kind: "none", bytes: 0 };
  if (place === "above") return { kind: "not-modelled", bytes: found.fromBytes - range.highBytes };
  if (level === "allocated") return { kind: "workspaces", bytes };
  // Reserved grows by the workspaces that the allocated level shows; the rest are holes that they leave between blocks.
  return bytes > allocated ? { kind: "holes", bytes: bytes - allocated } : { kind: "workspaces", bytes };
}

function compareLevel(
  part: LevelComparison["part"],
  level: LevelComparison["level"],
  { fromBytes, toBytes }: Measured,
  before: Range,
  after: Range,
  context: { allocated: number; isWorstCase: boolean },
): LevelComparison {
  const found = { fromBytes, toBytes };
  const error = (range: Range): number => range.expectedBytes / ((fromBytes + toBytes) / 2) - 1;
  const difference = differenceOf(level, before, found, context);
  const place = placeIn(before, found);
  return {
    part,
    level,
    fromBytes,
    toBytes,
    before,
    after,
    errorBefore: error(before),
    errorAfter: error(after),
    place,
    difference,
  };
}

type Parts = { readonly training: PartEstimate; readonly evaluation: PartEstimate | undefined };

/**
 * One row for each level that the log tells: `before` without receipts, `after` with them. `isWorstCase`: low takes the worst case of
 * what depends on values, so that a run may lie below it.
 */
export function compare(
  peaks: MeasuredPeaks,
  before: Parts,
  after: Parts,
  isWorstCase: boolean,
): readonly LevelComparison[] {
  const rows: LevelComparison[] = [];
  for (const part of ["training", "evaluation"] as const) {
    const [found, ours, narrowed] = [peaks[part], before[part], after[part]];
    if (found === undefined || ours === undefined || narrowed === undefined) continue;
    let allocated = 0;
    if (found.allocated !== undefined) {
      rows.push(
        compareLevel(part, "allocated", found.allocated, ours.allocated, narrowed.allocated, {
          allocated,
          isWorstCase,
        }),
      );
      allocated = Math.max(0, found.allocated.fromBytes - ours.allocated.lowBytes);
    }
    rows.push(
      compareLevel(part, "reserved", found.reserved, ours.reserved, narrowed.reserved, { allocated, isWorstCase }),
    );
  }
  return rows;
}

/** What a receipt keeps of one part. */
export function measuredPart(
  peaks: MeasuredPeaks["evaluation"],
  ours: PartEstimate | undefined,
): MeasuredPart | undefined {
  if (peaks === undefined || ours === undefined) return undefined;
  const level = (range: Range, found: Measured) => ({ ...range, measuredBytes: found.toBytes });
  return {
    allocated: peaks.allocated && level(ours.allocated, peaks.allocated),
    reserved: level(ours.reserved, peaks.reserved),
  };
}
