/** @file Where a layer's bytes come from, op by op: what its forward makes, what of it backward keeps, what is alive at the peak. */
import type { StorageKind } from "../engine/events.ts";
import { storageKinds } from "../engine/events.ts";
import { suggest, UserError } from "../errors.ts";
import { estimateMemory } from "../memory/estimate.ts";
import { roundRequest } from "../memory/rounding.ts";
import { trainingEnd } from "../memory/tally.ts";
import type { ExplainResult, OpBytes } from "../report/answers.ts";
import type { Simulation } from "../step/simulate.ts";
import { simulate } from "../step/simulate.ts";
import { phrase } from "../words/phrase.ts";
import { planSettings, startOf } from "./plan.ts";
import { settingsOf } from "./point.ts";
import type { SearchContext } from "./space.ts";

type Row = { -readonly [Key in keyof OpBytes]: OpBytes[Key] };

/** A loss is called by its class name, with or without its mark. */
function isInside(layer: string, wanted: string): boolean {
  if (wanted === "model") return layer !== "" && !layer.startsWith("loss:");
  return layer === wanted || layer.startsWith(`${wanted}.`) || layer === `loss:${wanted}`;
}

/** Explains one layer of a run as it is. Throws `argument-wrong` where the network has no such layer. */
export function explain(
  context: Pick<SearchContext, "config" | "settings" | "step" | "memory" | "gpu">,
  layer: string,
): Omit<ExplainResult, "version" | "config"> {
  const start = startOf(context);
  const run = simulate(context.config, settingsOf(start, context.settings), context.step);
  const names = [...new Set([...run.layers.map(({ name }) => name), ...run.log.sites.map((site) => site.layer)])];
  if (!names.some((name) => isInside(name, layer))) {
    const reason = phrase("no-layer", { layer });
    throw new UserError("argument-wrong", {
      component: "explain",
      argument: "--layer",
      reason,
      near: suggest(layer, names),
    });
  }
  const { training } = estimateMemory(run.log, {
    gpu: context.gpu,
    runtime: context.memory,
    gpus: context.settings.gpus,
  });
  const rows = opRows(run, layer);
  const ops = [...rows.values()].sort(
    (a, b) => b.peakBytes - a.peakBytes || b.savedBytes - a.savedBytes || b.madeBytes - a.madeBytes,
  );
  const sum = (pick: (row: OpBytes) => number) => ops.reduce((total, row) => total + pick(row), 0);
  const own = run.layers.filter(({ name }) => name === layer || name.startsWith(`${layer}.`) || layer === "model");
  return {
    run: planSettings(start),
    layer,
    type: run.layers.find(({ name }) => name === layer)?.type ?? "",
    parameterCount: own.reduce((total, { count }) => total + count, 0),
    parameterBytes: own.reduce((total, { bytes }) => total + bytes, 0),
    peak: training.peak,
    allocatedBytes: training.allocated.lowBytes,
    madeBytes: sum((row) => row.madeBytes),
    savedBytes: sum((row) => row.savedBytes),
    peakBytes: sum((row) => row.peakBytes),
    ops,
  };
}

/** Three moments of one walk: all that forward makes in iteration 2, what is left when its backward begins, what the peak meets. */
function opRows({ log }: Simulation, layer: string): Map<string, Row> {
  const [from, to, end] = [log.at("step", 1), log.at("step", 2), trainingEnd(log)];
  const isWanted = log.sites.map((site) => isInside(site.layer, layer));
  const rows = new Map<string, Row>();
  const rowOf = (siteIndex: number, kind: StorageKind): Row => {
    const { layer: name, op, phase } = log.sites[siteIndex]!;
    const key = [name, op, phase, kind].join("\n");
    let row = rows.get(key);
    if (row === undefined) {
      row = { layer: name, op, phase, kind, count: 0, madeBytes: 0, savedBytes: 0, peakBytes: 0 };
      rows.set(key, row);
    }
    return row;
  };
  const alive = new Map<number, number>();
  const peakAt = peakEvent(log, end);
  let isSavedSeen = false;
  for (let i = 0; i < end; i++) {
    const [id, site] = [log.storage[i]!, log.site[i]!];
    if (!isSavedSeen && i >= from && i < to && log.sites[site]!.phase === "backward") {
      isSavedSeen = true;
      for (const [one, made] of alive) {
        const row = rowOf(made, storageKinds[log.kind[one]!]!);
        if (row.phase === "forward" || row.phase === "loss") row.savedBytes += roundRequest(log.bytes[one]!);
      }
    }
    if (log.sign[i]! < 0) alive.delete(id);
    else if (isWanted[site]) {
      alive.set(id, site);
      const { phase } = log.sites[site]!;
      if (i >= from && i < to && (phase === "forward" || phase === "loss")) {
        const row = rowOf(site, storageKinds[log.kind[id]!]!);
        row.madeBytes += roundRequest(log.bytes[id]!);
        row.count++;
      }
    }
    if (i !== peakAt) continue;
    for (const [one, made] of alive) {
      rowOf(made, storageKinds[log.kind[one]!]!).peakBytes += roundRequest(log.bytes[one]!);
    }
  }
  for (const [key, row] of rows) if (row.madeBytes + row.savedBytes + row.peakBytes === 0) rows.delete(key);
  return rows;
}

/** The event at which allocated bytes are highest for the first time. */
function peakEvent(log: Simulation["log"], end: number): number {
  let [bytes, most, at] = [0, 0, -1];
  for (let i = 0; i < end; i++) {
    bytes += roundRequest(log.bytes[log.storage[i]!]!) * log.sign[i]!;
    if (bytes > most) [most, at] = [bytes, i];
  }
  return at;
}
