/** @file Allocated bytes: the peak of training and of the second evaluation image, where it is, and who is alive there. */
import type { EventLog, Phase, StorageKind } from "../engine/events.ts";
import { storageKinds } from "../engine/events.ts";
import type { Holder, Peak } from "../report/report.ts";
import { roundRequest } from "./rounding.ts";
import { requestUnits, type Scan, scan } from "./scan.ts";
import type { Workspace } from "./workspace.ts";

/** The peak of one stretch of the log. */
export interface Tally {
  readonly lowBytes: number;
  readonly expectedBytes: number;
  readonly highBytes: number;
  readonly peak: Peak;
  /** Bytes alive at the peak; they sum up to `lowBytes`. */
  readonly byKind: Readonly<Record<StorageKind, number>>;
  readonly byPhase: readonly PhasePeak[];
  readonly holders: readonly Holder[];
}

export interface PhasePeak {
  readonly phase: Phase;
  readonly bytes: number;
  readonly layer: string;
  readonly op: string;
}

export interface Tallies {
  readonly training: Tally;
  readonly evaluation: Tally | undefined;
  /** Where saving takes more than all that went before it. */
  readonly saving: Tally | undefined;
  /** Allocated when the optimizer step of iteration 3 had run. */
  readonly afterStepBytes: number;
  /** Highest allocated bytes while each layer ran forward in training, by the layer's name; a layer contains those inside it. */
  readonly layerPeaks: ReadonlyMap<string, number>;
}

/** The iteration whose step is reported: the first allocates optimizer state, the third repeats the second. */
const reportedStep = 3;
/** The image that is reported: the first one meets what training left behind, the second repeats. */
const reportedImage = 2;

/** Training ends where the evaluation begins, or the saving, or where more iterations follow, or at the end of the run. */
export function trainingEnd(log: EventLog): number {
  for (const name of ["evaluation", "save", "resumed"] as const) {
    const at = log.at(name);
    if (at >= 0) return at;
  }
  const end = log.at("end");
  return end >= 0 ? end : log.length;
}

/** Walks the log once, and once more up to each peak to see who is alive. */
export function tally(log: EventLog, workspaces: readonly Workspace[] = []): Tallies {
  const end = trainingEnd(log);
  const units = requestUnits(log);
  const training = scan(log, units, { from: 0, to: end }, 0, workspaces, afterStep(log));
  const image = { from: log.at("image", reportedImage), to: log.at("image-end", reportedImage) };
  let evaluation: Scan | undefined;
  if (image.from >= end && image.to > image.from) {
    const before = scan(log, units, { from: end, to: image.from }, training.endBytes).endBytes;
    evaluation = scan(log, units, image, before, workspaces);
  }
  return {
    training: describe(log, training, "iteration"),
    evaluation: evaluation && describe(log, evaluation, "image"),
    saving: saving(log, units, { to: end, endBytes: training.endBytes }),
    afterStepBytes: training.probedBytes,
    layerPeaks: layerPeaks(log, training.peakBySite),
  };
}

/** Saving, if its events are in the log; `before` is what was allocated when training ended. */
function saving(
  log: EventLog,
  units: readonly number[],
  before: { readonly to: number; readonly endBytes: number },
): Tally | undefined {
  const window = { from: log.at("save"), to: log.at("save-end") };
  if (window.from < 0) return undefined;
  const start = scan(log, units, { from: before.to, to: window.from }, before.endBytes).endBytes;
  return describe(log, scan(log, units, window, start), "iteration");
}

/** Where the optimizer step of iteration 3 ends; where a shorter run's last step does; 0 with no step at all. */
function afterStep(log: EventLog): number {
  const at = log.at("step", reportedStep);
  return at >= 0 ? at : (log.marks.findLast((mark) => mark.name === "step")?.at ?? 0);
}

function describe(log: EventLog, found: Scan, unit: "iteration" | "image"): Tally {
  const alive = aliveAfter(log, found.peakAt);
  return {
    lowBytes: found.peakBytes,
    expectedBytes: found.expectedPeakBytes,
    highBytes: found.highPeakBytes,
    peak: peakOf(log, found.peakAt, unit),
    byKind: sumByKind(log, alive),
    byPhase: sumByPhase(log, found.peakBySite),
    holders: groupHolders(log, alive),
  };
}

/** Event of the allocation of each storage that is alive after event `last`. */
function aliveAfter(log: EventLog, last: number): readonly number[] {
  const allocation = new Int32Array(log.bytes.length).fill(-1);
  for (let i = 0; i <= last; i++) allocation[log.storage[i]!] = log.sign[i]! > 0 ? i : -1;
  const alive: number[] = [];
  for (let id = 0; id < allocation.length; id++) if (allocation[id]! >= 0) alive.push(allocation[id]!);
  return alive;
}

function peakOf(log: EventLog, event: number, unit: "iteration" | "image"): Peak {
  const index = log.marks.findLast((mark) => mark.name === unit && mark.at <= event)?.index ?? 0;
  const site = event < 0 ? undefined : log.sites[log.site[event]!];
  if (site === undefined) return { phase: "other", stage: "build", layer: "", op: "", index };
  return { phase: site.phase, stage: site.stage, layer: site.layer, op: site.op, index };
}

function sumByKind(log: EventLog, alive: readonly number[]): Record<StorageKind, number> {
  const sums: Record<StorageKind, number> = {
    parameter: 0,
    buffer: 0,
    gradient: 0,
    "optimizer-state": 0,
    activation: 0,
    temporary: 0,
    workspace: 0,
    input: 0,
  };
  for (const event of alive) {
    const storage = log.storage[event]!;
    sums[storageKinds[log.kind[storage]!]!] += roundRequest(log.bytes[storage]!);
  }
  return sums;
}

/** Phases in the order in which a step runs them. */
const stepOrder: readonly string[] = ["forward", "loss", "backward", "optimizer", "other"];

function sumByPhase(log: EventLog, peakBySite: readonly number[]): readonly PhasePeak[] {
  const highest = new Map<Phase, PhasePeak>();
  for (const [i, { phase, layer, op }] of log.sites.entries()) {
    const bytes = peakBySite[i] ?? 0;
    if (bytes > (highest.get(phase)?.bytes ?? 0)) highest.set(phase, { phase, bytes, layer, op });
  }
  return [...highest.values()].sort((a, b) => stepOrder.indexOf(a.phase) - stepOrder.indexOf(b.phase));
}

/** Who made what is alive, in one row for each (layer, op, phase, kind), largest first; equal ones in order of appearance. */
function groupHolders(log: EventLog, alive: readonly number[]): readonly Holder[] {
  const rows = new Map<string, Holder & { bytes: number; count: number }>();
  for (const event of alive) {
    const storage = log.storage[event]!;
    const { layer, op, phase } = log.sites[log.site[event]!]!;
    const kind = storageKinds[log.kind[storage]!]!;
    const bytes = roundRequest(log.bytes[storage]!);
    const key = `${layer}\n${op}\n${phase}\n${kind}`;
    const row = rows.get(key);
    if (row === undefined) {
      rows.set(key, { layer, op, phase, kind, bytes, count: 1 });
      continue;
    }
    row.bytes += bytes;
    row.count++;
  }
  return [...rows.values()].sort((a, b) => b.bytes - a.bytes);
}

/** `a.b.c` counts for `a.b.c`, `a.b`, `a` and `model`. */
function layerPeaks(log: EventLog, peakBySite: readonly number[]): ReadonlyMap<string, number> {
  const peaks = new Map<string, number>();
  const raise = (layer: string, bytes: number): void => {
    if (bytes > (peaks.get(layer) ?? 0)) peaks.set(layer, bytes);
  };
  for (const [i, { phase, layer }] of log.sites.entries()) {
    const bytes = peakBySite[i] ?? 0;
    if (phase !== "forward" || bytes === 0 || layer === "") continue;
    raise("model", bytes);
    for (let end = layer.length; end > 0; end = layer.lastIndexOf(".", end - 1)) raise(layer.slice(0, end), bytes);
  }
  return peaks;
}
