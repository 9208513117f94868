/** @file The timeline for Perfetto and chrome://tracing: a counter for each kind, slices for phases, layers and ops. */
import { storageKinds } from "../../engine/events.ts";
import type { Report } from "../report.ts";
import type { TimelinePart, TimelineSite } from "../timeline.ts";
import { layerName } from "../words.ts";

/** One event of the Trace Event Format; `ts` and `dur` are in microseconds, of which each allocation or release takes one. */
export interface TraceEvent {
  readonly ph: "M" | "C" | "X" | "i";
  readonly name: string;
  readonly pid: number;
  readonly tid?: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly s?: "p";
  readonly cat?: string;
  readonly args?: Readonly<Record<string, string | number>>;
}

export interface Trace {
  readonly traceEvents: readonly TraceEvent[];
  readonly displayTimeUnit: "ms";
  readonly otherData: Readonly<Record<string, string>>;
}

/** Rows of slices in each part. */
const threads = { phases: 1, layers: 2, ops: 3 };

/** The file; parts are processes 1 and 2, on one axis. Machine format: English in every language. */
export function renderTrace(report: Report): string {
  return `${JSON.stringify(traceOf(report))}\n`;
}

/** The same as data. */
export function traceOf(report: Report): Trace {
  const { timeline } = report;
  let start = 0;
  const traceEvents = (timeline?.parts ?? []).flatMap((part, i) => {
    const events = partEvents(part, timeline?.sites ?? [], i + 1, start);
    start += part.eventCount;
    return events;
  });
  const axis = "one microsecond is one allocation or release; a run on shapes knows no time";
  return {
    traceEvents,
    displayTimeUnit: "ms",
    otherData: { config: report.config, gpu: report.gpu?.name ?? "", axis },
  };
}

function partEvents(
  part: TimelinePart,
  sites: readonly TimelineSite[],
  pid: number,
  start: number,
): readonly TraceEvent[] {
  const name = part.part === "training" ? `training, iteration ${part.index}` : `evaluation, image ${part.index}`;
  const meta: TraceEvent[] = [
    { ph: "M", name: "process_name", pid, args: { name } },
    { ph: "M", name: "process_sort_index", pid, args: { sort_index: pid } },
    ...Object.entries(threads).map(([row, tid]): TraceEvent => {
      return { ph: "M", name: "thread_name", pid, tid, args: { name: row } };
    }),
  ];
  const spans = part.spans.map((span): TraceEvent => {
    return {
      ph: "X",
      name: span.name,
      cat: "phase",
      pid,
      tid: threads.phases,
      ts: start + span.from,
      dur: span.to - span.from,
    };
  });
  const runs = runsOf(part, sites);
  const ops = runs.map(({ from, to, site }): TraceEvent => {
    const args = { layer: layerName(site.layer), phase: site.phase };
    return {
      ph: "X",
      name: site.op || "(release)",
      cat: "op",
      pid,
      tid: threads.ops,
      ts: start + from,
      dur: to - from,
      args,
    };
  });
  const site = sites[part.site[part.peakPoint] ?? 0];
  const peak: TraceEvent = {
    ph: "i",
    s: "p",
    name: "peak",
    pid,
    tid: threads.phases,
    ts: start + (part.at[part.peakPoint] ?? 0),
    args: { bytes: part.peakBytes, layer: layerName(site?.layer ?? ""), op: site?.op ?? "" },
  };
  const layers = layerSlices(runs).map(({ from, to, layer }): TraceEvent => {
    return { ph: "X", name: layer, cat: "layer", pid, tid: threads.layers, ts: start + from, dur: to - from };
  });
  return [...meta, ...counters(part, pid, start), ...spans, ...layers, ...ops, peak];
}

/** One track for each kind that is there, and their sum. */
function counters(part: TimelinePart, pid: number, start: number): readonly TraceEvent[] {
  const kinds = storageKinds.filter((kind) => part.bytes[kind] !== undefined);
  return part.at.flatMap((event, point) => {
    const ts = start + event;
    let total = 0;
    const each = kinds.map((kind): TraceEvent => {
      const bytes = part.bytes[kind]?.[point] ?? 0;
      total += bytes;
      return { ph: "C", name: kind, pid, ts, args: { bytes } };
    });
    return [{ ph: "C" as const, name: "allocated", pid, ts, args: { bytes: total } }, ...each];
  });
}

interface Run {
  readonly from: number;
  readonly to: number;
  readonly site: TimelineSite;
}

function runsOf({ ops, eventCount }: TimelinePart, sites: readonly TimelineSite[]): readonly Run[] {
  const runs: Run[] = [];
  for (let i = 0; i + 1 < ops.length; i += 2) {
    const site = sites[ops[i + 1] ?? -1];
    if (site !== undefined) runs.push({ from: ops[i] ?? 0, to: ops[i + 2] ?? eventCount, site });
  }
  return runs;
}

/** `model`, `a`, `a.b` for the layer `a.b`; a loss stands alone. */
function pathOf(layer: string): readonly string[] {
  if (layer === "" || layer === "model" || layer.startsWith("loss:")) return layer === "" ? [] : [layerName(layer)];
  const names = layer.split(".");
  return ["model", ...names.map((_, i) => names.slice(0, i + 1).join("."))];
}

interface Slice {
  readonly from: number;
  to: number;
  readonly layer: string;
}

/** Layers that run forward, each around those inside it; consecutive ops of one layer are one slice. */
function layerSlices(runs: readonly Run[]): readonly Slice[] {
  const slices: Slice[] = [];
  const open: Slice[] = [];
  for (const { from, to, site } of runs) {
    const path = site.phase === "forward" || site.phase === "loss" ? pathOf(site.layer) : [];
    let same = 0;
    while (same < open.length && open[same]?.layer === path[same]) same++;
    open.length = same;
    for (const layer of path.slice(same)) {
      const slice = { from, to, layer };
      slices.push(slice);
      open.push(slice);
    }
    for (const slice of open) slice.to = to;
  }
  return slices;
}
