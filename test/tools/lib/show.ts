/** @file Prints differences between two traces, ours beside the measured one. */
import type { Comparison, Hunk, Item } from "./compare.ts";
import type { TraceRow } from "./rows.ts";

const number = (value: number): string => value.toLocaleString("en-US");

function rowText(row: TraceRow, mark: string): string {
  const sign = row.bytes > 0 ? "+" : "-";
  const bytes = `${sign}${number(Math.abs(row.bytes))}`.padStart(15);
  const where = `${row.phase.padEnd(8)} ${row.layer || "·"} ${row.op || "·"}${row.kernel ? " (kernel)" : ""}`;
  return `${mark} ${bytes} ${number(row.total).padStart(16)}  ${where}`;
}

/** One side: rows around the items `[from, to)`, those inside marked. */
function side(
  title: string,
  rows: readonly TraceRow[],
  items: readonly Item[],
  range: readonly [number, number],
  around: number,
): string[] {
  const start = items[range[0]]?.first ?? rows.length;
  const end = range[1] > range[0] ? items[range[1] - 1]!.end : start;
  const place = end > start ? `rows ${start + 1} to ${end}` : `nothing before row ${start + 1}`;
  const lines = [`${title} (${place} of ${rows.length})`];
  const most = Math.max(4 * around, 20);
  for (let i = Math.max(0, start - around); i < Math.min(rows.length, end + around); i++) {
    if (i - start === most && end - i > most) {
      lines.push(`  … ${end - most - i} rows`);
      i = end - most;
    }
    lines.push(rowText(rows[i]!, i >= start && i < end ? ">" : " "));
  }
  if (end + around > rows.length) lines.push("  (end)");
  return lines;
}

/** Bytes that one run of releases has and the other has not. */
function releaseDifference(ours: Item, truth: Item): string {
  const sizes = (item: Item): number[] => item.key.slice(1).split(",").map(Number);
  const extra = (a: number[], b: number[]): string => {
    const left = [...b];
    const more = a.filter((size) => {
      const at = left.indexOf(size);
      if (at >= 0) left.splice(at, 1);
      return at < 0;
    });
    return more.length > 0 ? more.map(number).join(" ") : "nothing";
  };
  return `releases: only ours ${extra(sizes(ours), sizes(truth))}; only measured ${extra(sizes(truth), sizes(ours))}`;
}

/** What differs at the head of a hunk, in words. */
export function reason(c: Comparison, hunk: Hunk): string {
  const [ours, truth] = [c.ours[hunk.ours[0]], c.truth[hunk.truth[0]]];
  if (!ours) return "our trace ends here";
  if (!truth) return "the measured trace ends here";
  if (ours.allocation && truth.allocation) return `allocation: ours ${ours.key}; measured ${truth.key}`;
  if (!ours.allocation && !truth.allocation) return releaseDifference(ours, truth);
  return ours.allocation
    ? `we allocate (${ours.key}) where the measured trace releases (${truth.key.slice(0, 200)})`
    : `we release (${ours.key.slice(0, 200)}) where the measured trace allocates (${truth.key})`;
}

/** A hunk with `around` rows before and after it on both sides. */
export function showHunk(
  c: Comparison,
  hunk: Hunk,
  ours: readonly TraceRow[],
  truth: readonly TraceRow[],
  around: number,
): string {
  return [
    reason(c, hunk),
    ...side("  ours", ours, c.ours, hunk.ours, around),
    ...side("  measured", truth, c.truth, hunk.truth, around),
  ].join("\n");
}

/** One line: how much agrees, and where the first difference lies. */
export function summary(c: Comparison, name: string, rowCount: number): string {
  const offset = c.start[0] - c.start[1];
  const start =
    offset === 0
      ? ""
      : `; start differs by ${number(offset)} (ours ${number(c.start[0])}, measured ${number(c.start[1])})`;
  const first = c.hunks[0];
  const what = first
    ? `${c.matched} of ${rowCount} events agree before the first of ${c.hunks.length} differences (${c.matchedAll} in all); ${reason(c, first)}`
    : `${rowCount} events ${offset === 0 ? "identical" : "agree but for the start"}`;
  return `${name}: ${what}${start}`;
}
