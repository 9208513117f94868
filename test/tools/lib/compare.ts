/** @file Compares two allocation traces: allocations in order, runs of consecutive releases as unordered sets. */
import type { TraceRow } from "./rows.ts";

export interface CompareOptions {
  readonly ignoreOp?: boolean;
  readonly ignoreLayer?: boolean;
  readonly ignorePhase?: boolean;
}

/** One allocation, or all releases between two allocations; `first` and `end` are row numbers. */
export interface Item {
  readonly key: string;
  readonly allocation: boolean;
  readonly first: number;
  readonly end: number;
  /** Live bytes after the item. */
  readonly total: number;
}

/** A stretch where the two sides differ, as item numbers; behind it they agree again (or one side ends). */
export interface Hunk {
  readonly ours: readonly [number, number];
  readonly truth: readonly [number, number];
}

export interface Comparison {
  readonly ours: readonly Item[];
  readonly truth: readonly Item[];
  /** Live bytes before the first row, ours and measured. */
  readonly start: readonly [number, number];
  /** Rows that agree before the first difference. */
  readonly matched: number;
  /** Rows of the measured trace that agree, in all. */
  readonly matchedAll: number;
  readonly hunks: readonly Hunk[];
}

/** Groups rows into items. An allocation's key has its bytes and names, a run of releases the sorted bytes. */
export function toItems(rows: readonly TraceRow[], options: CompareOptions = {}): Item[] {
  const items: Item[] = [];
  for (let i = 0; i < rows.length; ) {
    const row = rows[i]!;
    if (row.bytes > 0) {
      const names = [
        options.ignorePhase ? "" : row.phase,
        options.ignoreLayer ? "" : row.layer,
        options.ignoreOp ? "" : row.op,
        row.kernel ? "kernel" : "",
      ];
      items.push({ key: `+${row.bytes} ${names.join("|")}`, allocation: true, first: i, end: i + 1, total: row.total });
      i++;
      continue;
    }
    let end = i;
    while (end < rows.length && rows[end]!.bytes < 0) end++;
    const sizes = rows.slice(i, end).map((r) => -r.bytes);
    sizes.sort((a, b) => a - b);
    items.push({ key: `-${sizes.join(",")}`, allocation: false, first: i, end, total: rows[end - 1]!.total });
    i = end;
  }
  return items;
}

/** How far behind a difference the two sides may meet again, in items. */
const horizon = 400;
/** Items in a row that must agree before two sides count as met again. */
const confidence = 3;

/** Finds the nearest pair of places behind `i`, `j` from which the two sides agree for a while. */
function meet(ours: readonly Item[], truth: readonly Item[], i: number, j: number): readonly [number, number] {
  const [a, b] = [ours[i], truth[j]];
  // The same bytes under another name: nothing is missing on either side.
  if (a?.allocation && b?.allocation && a.key.split(" ")[0] === b.key.split(" ")[0]) return [i + 1, j + 1];
  for (let distance = 1; distance <= 2 * horizon; distance++) {
    for (let a = Math.max(0, distance - horizon); a <= Math.min(distance, horizon); a++) {
      const [p, q] = [i + a, j + distance - a];
      if (p > ours.length || q > truth.length) continue;
      if (p === ours.length && q === truth.length) return [p, q];
      let run = 0;
      while (run < confidence && p + run < ours.length && ours[p + run]!.key === truth[q + run]?.key) run++;
      const bothEnd = p + run === ours.length && q + run === truth.length;
      if (run === confidence || (run > 0 && bothEnd)) return [p, q];
    }
  }
  return [ours.length, truth.length];
}

/**
 * Compares our rows with measured ones. With equal starts, equal items mean equal totals after each allocation, so the
 * totals are compared by the start alone; a start that differs is reported in `start` and does not hide what follows.
 */
export function compareTraces(
  ours: readonly TraceRow[],
  truth: readonly TraceRow[],
  options: CompareOptions = {},
): Comparison {
  const [a, b] = [toItems(ours, options), toItems(truth, options)];
  const hunks: Hunk[] = [];
  let [i, j, matchedAll] = [0, 0, 0];
  let matched = truth.length;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i]!.key === b[j]!.key) {
      matchedAll += b[j]!.end - b[j]!.first;
      i++;
      j++;
      continue;
    }
    if (hunks.length === 0) matched = matchedAll;
    const [p, q] = meet(a, b, i, j);
    hunks.push({ ours: [i, p], truth: [j, q] });
    [i, j] = [p, q];
  }
  const before = (rows: readonly TraceRow[]): number => (rows[0] ? rows[0].total - rows[0].bytes : 0);
  return { ours: a, truth: b, start: [before(ours), before(truth)], matched, matchedAll, hunks };
}
