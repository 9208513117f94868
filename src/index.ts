/** @file The library: what the command line is made of, without a terminal. Pure but for presets, which are looked up by name. */
import type { ConfigEdit } from "./config/edit.ts";
import { type LoadOptions, loadConfig as load } from "./config/load.ts";
import type { TrainConfig } from "./config/types.ts";
import type { Gpu } from "./memory/card.ts";
import { cardBudget } from "./memory/card.ts";
import { verdict } from "./memory/estimate.ts";
import { findDataset, findRuntime, resolveGpu } from "./presets.ts";
import type { Estimate, GpuBudget, PlanSettings, Report } from "./report/report.ts";
import { type Prepared, prepareRun, type RunFlags } from "./run-settings.ts";
import { stepRuntime } from "./step/runtime.ts";
import type { Settings } from "./step/settings.ts";
import { type EstimateContext, estimateRun } from "./strategy/estimate.ts";

export type { TrainConfig } from "./config/types.ts";
export { type Code, renderUserError, UserError } from "./errors.ts";
export type { Estimate, Plan, PlanChange, Report, Verdict } from "./report/report.ts";
export type { RunFlags } from "./run-settings.ts";
export type { ConfigEdit };

/** Where a run takes place: the card if one is given, and the Paddle version. */
export interface Context extends EstimateContext {
  readonly budget: GpuBudget | undefined;
}

/** A card by name or a size such as `12GiB`; undefined: no card. Throws `gpu-not-known`. */
export function createContext(gpuName: string | undefined): Context {
  const memory = findRuntime();
  const base = { memory, step: stepRuntime(memory) };
  if (gpuName === undefined) return { ...base, gpu: undefined, budget: undefined };
  const found = resolveGpu(gpuName);
  if ("budget" in found) return { ...base, gpu: undefined, budget: found.budget };
  const gpu: Gpu = found.gpu;
  return { ...base, gpu, budget: cardBudget(gpu) };
}

/** A training config as PaddleSeg reads it, with the flags of one run. Throws UserError with the place of what is wrong. */
export function loadRun(file: string, flags: RunFlags, options: LoadOptions): Prepared {
  return prepareRun(load(file, options), flags, findDataset);
}

/** The report of a run as it is, without a plan. */
export function estimate(run: Prepared, context: Context): Report {
  return toReport(run, estimateRun(run.config, run.settings, context), context.budget);
}

/** What a run is, in the words of a plan. */
export function describeSettings(config: TrainConfig, settings: Settings): PlanSettings {
  const crop = settings.cropSize ?? config.cropSize;
  return {
    batchSize: settings.batchSize ?? config.batchSize,
    accumulation: settings.accumulation,
    cropSize: [crop?.width ?? 0, crop?.height ?? 0],
    precision: settings.precision,
    ampLevel: settings.ampLevel,
    recompute: settings.recompute,
    convWorkspaceLimitBytes: settings.convWorkspaceLimitBytes,
  };
}

function toReport({ config, settings, assumptions }: Prepared, found: Estimate, budget: GpuBudget | undefined): Report {
  const fit = budget && verdict(found, budget);
  return {
    version: 1,
    config: config.file,
    run: describeSettings(config, settings),
    parameters: found.parameters,
    training: found.training,
    evaluation: found.evaluation,
    layers: found.layers,
    gpu: budget,
    verdict: fit?.verdict,
    headroomBytes: fit?.headroomBytes,
    plan: undefined,
    assumptions: [...assumptions, ...found.assumptions],
  };
}
