/** @file From a search to a Plan: what changes, where, what each change saves and costs, and the command that runs it. */
import { UserError } from "../errors.ts";
import { mostOf, type Plan, type PlanChange, type PlanSettings } from "../report/report.ts";
import { toEstimate } from "./estimate.ts";
import { knobs } from "./knobs/index.ts";
import type { Change, KnobContext } from "./knobs/knob.ts";
import { minKeptEdits } from "./knobs/ohem.ts";
import { launchCommand, launchLine } from "./launch.ts";
import { type Point, startingPoint } from "./point.ts";
import { type Found, type SearchLimits, search } from "./search.ts";
import { type Candidate, type SearchContext, Space } from "./space.ts";

export type { SearchLimits } from "./search.ts";
export type { SearchContext } from "./space.ts";

/** A plan, and the run as it was asked for. */
export interface Planned {
  readonly start: Candidate;
  readonly plan: Plan;
}

/** Finds the least harmful plan that fits the budget. Throws UserError where the config cannot be run at all. */
export function plan(context: SearchContext, limits: SearchLimits = {}): Planned {
  const runs = new Space(context);
  const start = startOf(context);
  const found = search(runs, start, limits, { ...context, card: context.gpu });
  const { alternatives, ...best } = { ...found };
  const make = (candidate: Candidate): Plan => planOf(runs, start, { ...best, alternatives: [], best: candidate });
  return {
    start: runs.run(start),
    plan: { ...make(found.best), alternatives: alternatives.map(make) },
  };
}

/** The point to search from. Throws `crop-not-known`. */
export function startOf({ config, settings }: Pick<SearchContext, "config" | "settings">): Point {
  const crop = settings.cropSize ?? config.cropSize;
  if (!crop) throw new UserError("crop-not-known", { config: config.file });
  return startingPoint(config, settings, crop);
}

/** What leads from the start to the best point of `found`, and what it costs. */
export function planOf(runs: Space, start: Point, found: Found): Plan {
  const { context } = runs;
  const { best, feasible, candidates, proved } = found;
  const knobContext = contextOf(runs, start, found);
  const edits = [
    ...knobs.flatMap((knob) => knob.edits?.(start, best.point, knobContext) ?? []),
    ...minKeptEdits(context.config, start, best.point),
  ];
  const command = launchCommand(context, best.point);
  return {
    feasible,
    changes: changesOf(runs, start, best.point, knobContext),
    edits,
    settings: planSettings(best.point),
    estimate: toEstimate(best.simulation, best.memory),
    verdict: best.fit.verdict,
    headroomBytes: best.fit.headroomBytes,
    time: found.time(best.point),
    alternatives: [],
    launch: launchLine(command),
    command,
    search: { candidates, simulated: runs.simulated, proved },
  };
}

/** A point in the words of the report. */
export function planSettings(point: Point): PlanSettings {
  return {
    batchSize: point.microBatch,
    ...(point.gpus === undefined ? {} : { gpus: point.gpus }),
    accumulation: point.accumulation,
    cropSize: [point.crop.width, point.crop.height],
    precision: point.format === "fp32" ? "fp32" : "fp16",
    ampLevel: point.format === "O2" ? "O2" : "O1",
    recompute: point.recompute,
    ...(point.lean === undefined ? {} : { lean: point.lean }),
    convWorkspaceLimitBytes: point.workspaceLimitBytes,
  };
}

function contextOf(runs: Space, start: Point, { time }: Found): KnobContext {
  const { simulation } = runs.run(start);
  return {
    config: runs.context.config,
    settings: runs.context.settings,
    hasTensorCores: runs.context.gpu?.hasTensorCores,
    time: (to) => time(to),
    start,
    hasBatchNorm: simulation.layers.some((layer) => layer.type.includes("BatchNorm")),
  };
}

/** A report has the words of a change in English, and as phrases. */
function inEnglish({ from, to, cost, ...rest }: Change, savedBytes: number): PlanChange {
  const text = cost.map((one) => one.text).join("; ");
  return { ...rest, from: from.text, to: to.text, savedBytes, cost: text, words: { from, to, cost } };
}

/** Applies the changed knobs one after another, most harmful first, and takes what each saves at the process level. */
function changesOf(runs: Space, start: Point, end: Point, context: KnobContext): PlanChange[] {
  const high = (point: Point) => mostOf(runs.run(point).memory, (part) => part.process.highBytes);
  let at = start;
  const changes: PlanChange[] = [];
  for (const knob of knobs.toReversed()) {
    const change = knob.change(start, end, context);
    if (!change) continue;
    const next = knob.apply(at, end);
    changes.push(inEnglish(change, high(at) - high(next)));
    at = next;
  }
  return changes.toReversed();
}
