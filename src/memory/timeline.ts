/** @file Live bytes over one steady iteration and one evaluated image: at most 1,000 points each, of each stretch the highest. */
import { type EventLog, type StorageKind, storageKinds } from "../engine/events.ts";
import type { Timeline, TimelineBlock, TimelinePart, TimelineSite, TimelineSpan } from "../report/timeline.ts";
import { roundRequest } from "./rounding.ts";
import { requestUnits, scan, type Window } from "./scan.ts";
import { trainingEnd } from "./tally.ts";

/** Points of a part: about as many as a screen has columns of pixels. */
const mostPoints = 1000;
/** Blocks of a part that are named one by one; what is smaller is summed up. */
const mostBlocks = 800;

/**
 * The timeline of a log. Training is the iteration in which the peak falls, so that the summit is the reported one; evaluation the last
 * image, or all of it where the peak is not there. A part without events is left out.
 */
export function timeline(log: EventLog): Timeline {
  const sites = new SiteTable(log);
  const windows = [trainingWindow(log), evaluationWindow(log)];
  const parts = windows.flatMap((window) =>
    window !== undefined && window.to > window.from ? [describe(log, window, sites)] : [],
  );
  return { sites: sites.rows, parts };
}

interface PartWindow extends Window {
  readonly part: TimelinePart["part"];
  readonly index: number;
}

function trainingWindow(log: EventLog): PartWindow {
  const end = trainingEnd(log);
  const { peakAt } = scan(log, requestUnits(log), { from: 0, to: end });
  const iterations = log.marks.filter(({ name, at }) => name === "iteration" && at < end);
  const found = Math.max(
    0,
    iterations.findLastIndex(({ at }) => at <= peakAt),
  );
  const mark = iterations[found];
  return {
    part: "training",
    index: mark?.index ?? 0,
    // A peak before the first iteration is shown with it.
    from: mark === undefined || mark.at > peakAt ? 0 : mark.at,
    to: iterations[found + 1]?.at ?? end,
  };
}

function evaluationWindow(log: EventLog): PartWindow | undefined {
  const last = log.marks.findLast(({ name }) => name === "image-end");
  const image = log.at("image", last?.index);
  if (last === undefined || image < 0) return undefined;
  const units = requestUnits(log);
  const before = scan(log, units, { from: 0, to: image }).endBytes;
  // The loader asks for an image before the one ahead of it has been evaluated.
  const whole = { from: image, to: last.at };
  const single = { from: Math.max(image, log.at("image-end", last.index - 1)), to: last.at };
  const peak = scan(log, units, whole, before).peakBytes;
  const start = scan(log, units, { from: image, to: single.from }, before).endBytes;
  const window = scan(log, units, single, start).peakBytes === peak ? single : whole;
  return { part: "evaluation", index: last.index, ...window };
}

/** The sites that a timeline names, numbered in the order of their first use. */
class SiteTable {
  readonly rows: TimelineSite[] = [];
  private readonly ids = new Map<number, number>();
  private readonly log: EventLog;

  constructor(log: EventLog) {
    this.log = log;
  }

  /** The number of the site of an event. */
  of(event: number): number {
    const site = this.log.site[event] ?? 0;
    const known = this.ids.get(site);
    if (known !== undefined) return known;
    const { phase, stage, layer, op } = this.log.sites[site]!;
    this.ids.set(site, this.rows.length);
    return this.rows.push({ phase, stage, layer, op }) - 1;
  }
}

function describe(log: EventLog, window: PartWindow, sites: SiteTable): TimelinePart {
  const { part, index, from, to } = window;
  return {
    part,
    index,
    eventCount: to - from,
    ...points(log, window, sites),
    spans: spans(log, window),
    ops: opRuns(log, window, sites),
    blocks: blocks(log, window, sites),
  };
}

type Points = Pick<TimelinePart, "at" | "site" | "bytes" | "peakPoint" | "peakBytes">;

/** Of each stretch of events the one after which most is allocated. */
function points(log: EventLog, { from, to }: Window, sites: SiteTable): Points {
  const perPoint = Math.ceil((to - from) / mostPoints);
  const running: number[] = storageKinds.map(() => 0);
  const rows: number[][] = storageKinds.map(() => []);
  const [at, site]: [number[], number[]] = [[], []];
  let [total, peakPoint, peakBytes, highest] = [0, 0, -1, -1];
  for (let event = 0; event < to; event++) {
    const id = log.storage[event]!;
    const change = log.sign[event]! * roundRequest(log.bytes[id]!);
    running[log.kind[id]!]! += change;
    total += change;
    if (event < from) continue;
    const point = Math.floor((event - from) / perPoint);
    if (point === at.length) highest = -1;
    if (total <= highest) continue;
    highest = total;
    at[point] = event - from;
    site[point] = sites.of(event);
    for (const [kind, bytes] of running.entries()) rows[kind]![point] = bytes;
    if (total > peakBytes) [peakPoint, peakBytes] = [point, total];
  }
  const bytes: Partial<Record<StorageKind, readonly number[]>> = {};
  for (const [i, kind] of storageKinds.entries()) if (rows[i]!.some((value) => value > 0)) bytes[kind] = rows[i]!;
  return { at, site, bytes, peakPoint, peakBytes };
}

function nameOf({ phase, stage }: TimelineSite): TimelineSpan["name"] {
  return phase === "other" ? stage : phase;
}

/** What the program was doing, one stretch after another. */
function spans(log: EventLog, { from, to }: Window): readonly TimelineSpan[] {
  const found: { name: TimelineSpan["name"]; from: number; to: number }[] = [];
  for (let event = from; event < to; event++) {
    const name = nameOf(log.sites[log.site[event]!]!);
    const last = found.at(-1);
    if (last?.name === name) last.to = event + 1 - from;
    else found.push({ name, from: event - from, to: event + 1 - from });
  }
  return found;
}

function opRuns(log: EventLog, { from, to }: Window, sites: SiteTable): readonly number[] {
  const runs: number[] = [];
  for (let event = from; event < to; event++) {
    if (event > from && log.site[event] === log.site[event - 1]) continue;
    runs.push(event - from, sites.of(event));
  }
  return runs;
}

/** What is alive somewhere in the window, cut to it, the largest first. */
function blocks(log: EventLog, { from, to }: Window, sites: SiteTable): readonly TimelineBlock[] {
  const born = new Map<number, number>();
  const found: { id: number; event: number; to: number }[] = [];
  for (let event = 0; event < to; event++) {
    const id = log.storage[event]!;
    if (log.sign[event]! > 0) born.set(id, event);
    else {
      const start = born.get(id);
      born.delete(id);
      if (start !== undefined && event >= from) found.push({ id, event: start, to: event });
    }
  }
  for (const [id, event] of born) found.push({ id, event, to });
  return found
    .sort((a, b) => log.bytes[b.id]! - log.bytes[a.id]! || a.event - b.event)
    .slice(0, mostBlocks)
    .map(({ id, event, to: end }) => ({
      from: Math.max(0, event - from),
      to: end - from,
      bytes: roundRequest(log.bytes[id]!),
      kind: storageKinds[log.kind[id]!]!,
      site: sites.of(event),
    }));
}
