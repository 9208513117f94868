/** @file The project's own compact form of the measured truth (`test/truth/`): cases, configs, event traces. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import type { ConfigMap } from "../../../src/config/types.ts";
import { type MeasuredCase, projectRoot } from "./cases.ts";
import { parseRows, type TraceRow } from "./rows.ts";

/** Allocated now, and Paddle's peaks of allocated and reserved so far. */
export type StepFigures = readonly [allocated: number, peakAllocated: number, peakReserved: number];

/** Where a peak lies; phase and layer are known only for cases that were traced. */
export interface Place {
  readonly phase?: string;
  readonly layer?: string;
  readonly op: string;
}

/** One case: how it was run and what Paddle's GPU build measured. All figures but the counts are bytes. */
export interface PackedCase {
  readonly id: string;
  /** Path of the config in PaddleSeg. */
  readonly config: string;
  /** Key of the resolved dict in `configs.jsonl`. */
  readonly resolved: string;
  readonly batch: number;
  readonly crop: readonly [number, number];
  /** Classes that the model was built with. */
  readonly classes: number;
  readonly amp: "off" | "O1" | "O2";
  readonly evalSize?: readonly [number, number];
  readonly parameters: {
    readonly tensors: number;
    readonly count: number;
    readonly trainable: number;
    readonly bytes: number;
  };
  readonly afterBuild: number;
  /** After the optimizer step of iterations 1, 2 and 3. */
  readonly steps: readonly StepFigures[];
  readonly training: {
    readonly peak: number;
    readonly reserved: number;
    readonly live?: number;
    readonly place?: Place;
  };
  /** Paddle's peaks at the end of train(): training, evaluation and saving. */
  readonly end: readonly [peakAllocated: number, peakReserved: number];
  readonly evaluation?: {
    readonly peak: number;
    readonly reserved?: number;
    readonly live: number;
    readonly place: Place;
  };
}

/** Where the packed truth lies. */
export const packedTruth = (): string => join(projectRoot(), "test", "truth");

/** Makes a case's packed form; `key` names its resolved dict. See ../shared/truth/README.md for which figure is which. */
export function packCase(c: MeasuredCase, key: string): PackedCase {
  const traced = c.trace !== undefined;
  const place = (p: { phase: string; fqn?: string; op?: string }): Place =>
    traced ? { phase: p.phase, layer: p.fqn ?? "", op: p.op ?? "" } : { op: p.op ?? "" };
  const e = c.eval;
  // Under O2 the last peak has the float32 copies of saving in it: without figures from before saving there is none.
  const evalReserved = e?.after?.peak_reserved ?? (c.amp === "O2" ? undefined : c.peak_reserved);
  return {
    id: c.id,
    config: c.config,
    resolved: key,
    batch: c.batch,
    crop: c.crop,
    classes: c.num_classes,
    amp: c.amp,
    ...(e ? { evalSize: e.size } : {}),
    parameters: {
      tensors: c.params.tensors,
      count: c.params.total,
      trainable: c.params.trainable,
      bytes: c.params.parameter_bytes,
    },
    afterBuild: c.after_build,
    steps: c.steps.map((s) => [s.allocated, s.peak_allocated, s.peak_reserved]),
    end: [c.peak_allocated, c.peak_reserved],
    training: {
      peak: e?.before.peak_allocated ?? c.peak_allocated,
      reserved: e?.before.peak_reserved ?? c.peak_reserved,
      ...(c.trace ? { live: c.trace.peak_live.bytes, place: place(c.trace.peak_live) } : {}),
    },
    ...(e
      ? {
          evaluation: {
            peak: e.peak_raw,
            ...(evalReserved === undefined ? {} : { reserved: evalReserved }),
            live: e.peak_live.bytes,
            place: place(e.peak_live),
          },
        }
      : {}),
  };
}

function readLines<T>(file: string): T[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as T);
}

/** All packed cases, in order of their names. */
export const readPackedCases = (folder = packedTruth()): PackedCase[] => readLines(join(folder, "cases.jsonl"));

/** The resolved dicts by key. */
export function readPackedConfigs(folder = packedTruth()): Map<string, ConfigMap> {
  const lines = readLines<{ key: string; resolved: ConfigMap }>(join(folder, "configs.jsonl"));
  return new Map(lines.map(({ key, resolved }) => [key, resolved]));
}

/** A trace as columns: names by number, signed bytes; the totals follow from `start`. */
interface PackedTrace {
  readonly start: number;
  readonly phases: readonly string[];
  readonly layers: readonly string[];
  readonly ops: readonly string[];
  readonly phase: readonly number[];
  readonly layer: readonly number[];
  readonly op: readonly number[];
  readonly bytes: readonly number[];
}

/** Packs rows to gzipped columns. */
export function packTrace(rows: readonly TraceRow[]): Buffer {
  const names = (pick: (row: TraceRow) => string): { table: string[]; column: number[] } => {
    const table = new Map<string, number>();
    const column = rows.map((row) => {
      const name = pick(row);
      if (!table.has(name)) table.set(name, table.size);
      return table.get(name)!;
    });
    return { table: [...table.keys()], column };
  };
  const [phase, layer, op] = [names((r) => r.phase), names((r) => r.layer), names((r) => r.op)];
  const packed: PackedTrace = {
    start: rows[0] ? rows[0].total - rows[0].bytes : 0,
    phases: phase.table,
    layers: layer.table,
    ops: op.table,
    phase: phase.column,
    layer: layer.column,
    op: op.column,
    bytes: rows.map((r) => r.bytes),
  };
  return gzipSync(JSON.stringify(packed), { level: 9 });
}

/** Rows of a packed trace. */
export function unpackTrace(data: Buffer): TraceRow[] {
  const p = JSON.parse(gunzipSync(data).toString("utf8")) as PackedTrace;
  let total = p.start;
  return p.bytes.map((bytes, i) => {
    total += bytes;
    const [phase, layer, op] = [p.phases[p.phase[i]!]!, p.layers[p.layer[i]!]!, p.ops[p.op[i]!]!];
    return { phase, layer, op, bytes, total, kernel: false };
  });
}

/** Reads a trace in either form, by its name: `*.jsonl.gz` as measured, `*.trace.gz` packed. */
export function readTrace(file: string): TraceRow[] {
  const data = readFileSync(file);
  return file.endsWith(".trace.gz") ? unpackTrace(data) : parseRows(gunzipSync(data).toString("utf8"));
}
