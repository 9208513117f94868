/** @file From a search to a Plan: what changes, where, what each change saves and costs, and the command that runs it. */
import { UserError } from "../errors.ts";
import type { Plan, PlanChange, PlanSettings } from "../report/report.ts";
import { toEstimate } from "./estimate.ts";
import { knobs } from "./knobs/index.ts";
import type { KnobContext } from "./knobs/knob.ts";
import { minKeptEdits } from "./knobs/ohem.ts";
import { launchCommand } from "./launch.ts";
import { type Point, startingPoint } from "./point.ts";
import { type SearchLimits, search } from "./search.ts";
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
  const crop = context.settings.cropSize ?? context.config.cropSize;
  if (!crop) throw new UserError("crop-not-known", { config: context.config.file });
  const runs = new Space(context);
  const start = startingPoint(context.config, context.settings, crop);
  const found = search(runs, start, limits);
  const knobContext = contextOf(runs, start);
  const edits = [
    ...knobs.flatMap((knob) => knob.edits?.(start, found.best.point, knobContext) ?? []),
    ...minKeptEdits(context.config, start, found.best.point),
  ];
  const changes = changesOf(runs, start, found.best.point, knobContext);
  return {
    start: runs.run(start),
    plan: {
      feasible: found.feasible,
      changes,
      edits,
      settings: planSettings(found.best.point),
      estimate: toEstimate(found.best.simulation, found.best.memory),
      verdict: found.best.fit.verdict,
      headroomBytes: found.best.fit.headroomBytes,
      launch: launchCommand(context, found.best.point),
      search: { candidates: found.candidates, simulated: runs.simulated, proved: found.proved },
    },
  };
}

/** A point in the words of the report. */
export function planSettings(point: Point): PlanSettings {
  return {
    batchSize: point.microBatch,
    accumulation: point.accumulation,
    cropSize: [point.crop.width, point.crop.height],
    precision: point.format === "fp32" ? "fp32" : "fp16",
    ampLevel: point.format === "O2" ? "O2" : "O1",
    recompute: point.recompute,
    convWorkspaceLimitBytes: point.workspaceLimitBytes,
  };
}

function contextOf(runs: Space, start: Point): KnobContext {
  const { simulation } = runs.run(start);
  return {
    config: runs.context.config,
    settings: runs.context.settings,
    hasTensorCores: runs.context.gpu?.hasTensorCores,
    flops: {
      forward: simulation.calls.get("model")?.flops ?? 0,
      of: (block) => simulation.calls.get(block)?.flops ?? 0,
    },
    hasBatchNorm: simulation.layers.some((layer) => layer.type.includes("BatchNorm")),
  };
}

/** Applies the changed knobs one after another, most harmful first, and takes what each saves at the process level. */
function changesOf(runs: Space, start: Point, end: Point, context: KnobContext): PlanChange[] {
  const high = (point: Point) => {
    const { training, evaluation } = runs.run(point).memory;
    return Math.max(training.process.highBytes, evaluation?.process.highBytes ?? 0);
  };
  let at = start;
  const changes: PlanChange[] = [];
  for (const knob of knobs.toReversed()) {
    const change = knob.change(start, end, context);
    if (!change) continue;
    const next = knob.apply(at, end);
    changes.push({ ...change, savedBytes: high(at) - high(next) });
    at = next;
  }
  return changes.toReversed();
}
