/** @file A raw trace as an event log, so that the memory model can be tried on what Paddle itself did. */
import { gunzipSync, gzipSync } from "node:zlib";
import { EventLog, type Mark, type Phase, type StorageKind, storageKinds } from "../../../src/engine/events.ts";
import { estimateMemory } from "../../../src/memory/estimate.ts";
import type { MeasuredCase } from "./cases.ts";

/** `[phase, fqn, op, ±bytes, allocated after, address, kernel temporary]` */
type RawRow = readonly [string, string, string, number, number, number | string, number];

const phases: readonly Phase[] = ["forward", "loss", "backward", "other"];
const activation = storageKinds.indexOf("activation" satisfies StorageKind);

/** What Paddle's statistics said in the run of a raw trace. */
export interface RawFigures {
  readonly training: number;
  readonly afterStep: number;
  readonly reservedTraining: number;
  /** Highest allocated bytes during the second image. */
  readonly evaluation?: number;
  readonly reservedEvaluation?: number;
}

/** The figures of a case measured with `--raw`; `text` is its trace. */
export function rawFigures(c: MeasuredCase, text: string): RawFigures {
  const last = c.steps.at(-1)!;
  const before = c.eval?.before ?? last;
  const [from, to] = [c.raw?.marks["image 2"], c.raw?.marks["image-end 2"]];
  const after = c.eval?.after;
  const totals = text
    .split("\n")
    .slice(from, to)
    .map((line) => (JSON.parse(line) as RawRow)[4]);
  return {
    training: before.peak_allocated,
    afterStep: last.allocated,
    reservedTraining: before.peak_reserved,
    ...(after && from !== undefined && to !== undefined
      ? { evaluation: totals.reduce((a, b) => Math.max(a, b), 0), reservedEvaluation: after.peak_reserved }
      : {}),
  };
}

/** What the memory model makes of a log. */
export function modelFigures(log: EventLog): RawFigures {
  const { training, evaluation } = estimateMemory(log);
  return {
    training: training.allocated.lowBytes,
    afterStep: training.afterStepBytes,
    reservedTraining: training.reserved.lowBytes,
    ...(evaluation
      ? { evaluation: evaluation.allocated.lowBytes, reservedEvaluation: evaluation.reserved.lowBytes }
      : {}),
  };
}

const columns = ["storage", "sign", "site", "bytes", "kind", "kernel", "sites", "marks"] as const;

/** A log of a real run, with its figures, gzipped. */
export function packRaw(log: EventLog, figures: RawFigures): Buffer {
  const data = Object.fromEntries(columns.map((name) => [name, log[name]]));
  return gzipSync(JSON.stringify({ figures, ...data }), { level: 9 });
}

/** Reads what `packRaw` wrote. */
export function unpackRaw(data: Buffer): { log: EventLog; figures: RawFigures } {
  type Columns = Pick<EventLog, (typeof columns)[number]>;
  const { figures, ...packed } = JSON.parse(gunzipSync(data).toString("utf8")) as Columns & { figures: RawFigures };
  return { log: Object.assign(new EventLog(), packed), figures };
}

/** Marks of a raw trace by their names (`step 3`) as those of our log; the evaluation begins with the first image. */
function addMarks(log: EventLog, marks: Readonly<Record<string, number>>, rowCount: number): void {
  const list: Mark[] = Object.entries(marks).map(([text, at]) => {
    const [name, index] = text.split(" ");
    return { name: name as Mark["name"], index: Number(index ?? 0), at };
  });
  if (marks["image 1"] !== undefined) list.push({ name: "evaluation", index: 0, at: marks["image 1"] });
  list.push({ name: "end", index: 0, at: marks["image-end 2"] ?? marks["step 3"] ?? rowCount });
  log.marks.push(...list.sort((a, b) => a.at - b.at));
}

/** Builds the log. Releases find their storage by the address; kinds are not known and all count as activations. */
export function rawLog(text: string, marks: Readonly<Record<string, number>>): EventLog {
  const log = new EventLog();
  const sites = new Map<string, number>();
  const open = new Map<number | string, number>();
  const rows = text.split("\n").filter((line) => line !== "");
  for (const line of rows) {
    const [phase, layer, op, bytes, , address, kernel] = JSON.parse(line) as RawRow;
    const name = `${phase}|${layer}|${op}`;
    let site = sites.get(name);
    if (site === undefined) {
      site = log.sites.length;
      sites.set(name, site);
      const known = phases.find((p) => p === phase) ?? "other";
      log.sites.push({ phase: known, stage: known === "other" ? "data" : known, layer, op });
    }
    const storage = bytes > 0 ? log.bytes.length : open.get(address);
    if (storage === undefined) throw new Error(`a release of something that was never allocated: ${line}`);
    if (bytes > 0) {
      log.bytes.push(bytes);
      log.kind.push(activation);
      log.kernel.push(kernel);
      open.set(address, storage);
    } else open.delete(address);
    log.storage.push(storage);
    log.sign.push(Math.sign(bytes));
    log.site.push(site);
  }
  addMarks(log, marks, rows.length);
  return log;
}
