/** @file Rows of an allocation trace: read from a measured file, or made from our own event log. */
import type { EventLog } from "../../../src/engine/events.ts";

/** One allocation (bytes > 0) or release (bytes < 0), rounded as the allocator rounds, and the live bytes after it. */
export interface TraceRow {
  readonly phase: string;
  readonly layer: string;
  readonly op: string;
  readonly bytes: number;
  readonly total: number;
  /** Taken and given back inside one kernel; measured traces without `--raw` leave those out. */
  readonly kernel: boolean;
}

/** Alignment of every block of Paddle's auto_growth allocator on a card (facts/gpu-memory.md 1.1, no. 3). */
const alignment = 256;

/** Bytes as the allocator rounds them. */
export const rounded = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;

/** Reads `[phase, fqn, op, ±bytes, allocated after(, address, kernel)]`, one JSON list a line. */
export function parseRows(text: string): TraceRow[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const row = JSON.parse(line) as [string, string, string, number, number, (number | string)?, number?];
      return { phase: row[0], layer: row[1], op: row[2], bytes: row[3], total: row[4], kernel: row[6] === 1 };
    });
}

/**
 * The events between two positions of our log as rows; totals count from the start of the log. Storages that a kernel
 * takes inside itself are left out unless `kernels`; storages of no bytes always, as Paddle allocates nothing for them.
 */
export function logRows(log: EventLog, from: number, to: number, kernels = false): TraceRow[] {
  const rows: TraceRow[] = [];
  let total = 0;
  for (let i = 0; i < to; i++) {
    const storage = log.storage[i]!;
    const kernel = log.kernel[storage] === 1;
    const bytes = rounded(log.bytes[storage]!) * log.sign[i]!;
    if (bytes === 0 || (kernel && !kernels)) continue;
    total += bytes;
    if (i < from) continue;
    const { phase, layer, op } = log.sites[log.site[i]!]!;
    rows.push({ phase, layer, op, bytes, total, kernel });
  }
  return rows;
}

/** Leaves out kernel temporaries and counts the totals anew. */
export function withoutKernel(rows: readonly TraceRow[]): TraceRow[] {
  let total = rows[0] ? rows[0].total - rows[0].bytes : 0;
  return rows
    .filter((row) => !row.kernel)
    .map((row) => {
      total += row.bytes;
      return { ...row, total };
    });
}
