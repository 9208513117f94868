/** @file The library: what the command line is made of, without a terminal. Pure but for presets, which are looked up by name. */
import { type ConfigEdit, editConfig } from "./config/edit.ts";
import { type LoadOptions, loadConfig as load } from "./config/load.ts";
import type { Files } from "./config/merge.ts";
import type { Size, TrainConfig } from "./config/types.ts";
import { UserError } from "./errors.ts";
import { verdict } from "./memory/estimate.ts";
import type { ReplayOn } from "./memory/verdict.ts";
import { findDataset, listGpus } from "./presets.ts";
import type { CurveResult, ExplainResult, GpusResult, MaxResult } from "./report/answers.ts";
import type { Estimate, GpuBudget, Plan, PlanSettings, Report } from "./report/report.ts";
import { type Around, type Context, createContext } from "./run-place.ts";
import { type Prepared, prepareRun, type RunFlags } from "./run-settings.ts";
import type { Settings } from "./step/settings.ts";
import { curve as searchCurve } from "./strategy/curve.ts";
import { estimateRun, toEstimate } from "./strategy/estimate.ts";
import { explain as explainLayer } from "./strategy/explain.ts";
import { smallestCards } from "./strategy/gpus.ts";
import { cropPath } from "./strategy/knobs/crop.ts";
import { largest } from "./strategy/max.ts";
import { type SearchLimits, plan as search } from "./strategy/plan.ts";

export type { TrainConfig } from "./config/types.ts";
export { renderUserError } from "./error-text.ts";
export type { Code } from "./errors.ts";
export { launcherFile, launcherText } from "./presets.ts";
export type { Estimate, LaunchCommand, Plan, PlanChange, Report, Verdict } from "./report/report.ts";
export { type Around, type Context, createContext } from "./run-place.ts";
export type { RunFlags } from "./run-settings.ts";
export { leanMeans } from "./step/settings.ts";
export { leanText } from "./strategy/knobs/lean.ts";
export { shellWord } from "./strategy/launch.ts";
export type { SearchLimits } from "./strategy/plan.ts";
export type { ConfigEdit };
export { UserError };

/** A training config as PaddleSeg reads it, with the flags of one run. Throws UserError with the place of what is wrong. */
export function loadRun(file: string, flags: RunFlags, options: LoadOptions): Prepared {
  return prepareRun(load(file, options), flags, findDataset);
}

/** The report of a run as it is, without a plan. */
export function estimate(run: Prepared, context: Context, { timeline }: { timeline?: boolean } = {}): Report {
  const found = estimateRun(run.config, run.settings, context);
  const report = toReport(run, found, context.budget);
  return timeline ? { ...report, timeline: found.timeline() } : report;
}

/** A context whose card or size is known: what a plan needs. */
export type CardContext = Context & { readonly budget: GpuBudget };

/** How to search, and whom to tell. `outFile` is named in the launch command; `onRun` is told after each run how many there were. */
export interface PlanRequest {
  readonly outFile?: string | undefined;
  /** `--opts` as given: the config's file does not have them, so the launch command does. */
  readonly opts?: readonly string[] | undefined;
  readonly limits?: SearchLimits | undefined;
  /** Whether the report is to have its timeline, which only some outputs need. */
  readonly timeline?: boolean | undefined;
  readonly onRun?: ((simulated: number) => void) | undefined;
}

/** The report of a run with the least harmful plan that fits the budget. */
export function plan(run: Prepared, context: CardContext, request: PlanRequest = {}): Report {
  const { limits, timeline, ...named } = request;
  const { start, plan } = search({ ...context, config: run.config, settings: run.settings, ...named }, limits);
  const found = toEstimate(start.simulation, start.memory);
  const report = { ...toReport(run, found, context.budget), plan };
  return timeline ? { ...report, timeline: found.timeline() } : report;
}

/** The context of a command that cannot do without a card. Throws `gpu-missing`. */
export function cardContext(config: string, gpuName: string | undefined, around: Around = {}): CardContext {
  const { budget, ...context } = createContext(gpuName, around);
  if (budget === undefined) throw new UserError("gpu-missing", { config });
  return { ...context, budget };
}

/** Told after each run how many there were. */
type OnRun = PlanRequest["onRun"];

/** The largest batch and crop that fit the card. */
export function max({ config, settings }: Prepared, context: CardContext, onRun?: OnRun): MaxResult {
  return { version: 1, config: config.file, ...largest({ ...context, config, settings, onRun }) };
}

/** The smallest card for a run, of all that have a preset. */
export function gpus({ config, settings }: Prepared, onRun?: OnRun): GpusResult {
  const { memory, step } = createContext(undefined);
  const found = smallestCards({ memory, step, config, settings, onRun }, listGpus());
  return { version: 1, config: config.file, ...found };
}

/** Where the bytes of a layer come from. Throws `argument-wrong` where there is no such layer. */
export function explain({ config, settings }: Prepared, context: Context, layer: string): ExplainResult {
  return { version: 1, config: config.file, ...explainLayer({ ...context, config, settings }, layer) };
}

/** Bytes against slowdown over the layers that recompute may choose from. */
export function curve({ config, settings }: Prepared, context: CardContext, onRun?: OnRun): CurveResult {
  return { version: 1, config: config.file, ...searchCurve({ ...context, config, settings, onRun }) };
}

/** What `writePlan` writes, and from what. */
export interface WriteTarget {
  readonly file: string;
  readonly outFile: string;
  readonly files: Files;
  /** Edits of the run as it was asked for, such as a batch size given by a flag; the plan's own come after them. */
  readonly edits?: readonly ConfigEdit[] | undefined;
}

/** The config's text with a plan's edits; `_base_` still resolves from `outFile`. Throws `edit-impossible`. */
export function planText({ file, outFile, files, edits = [] }: WriteTarget, plan: Plan): string {
  const text = files.readText(file);
  const later = new Set(plan.edits.map((edit) => edit.path.join(".")));
  const kept = edits.filter((edit) => !later.has(edit.path.join(".")));
  return editConfig({ file, outFile }, text, [...kept, ...plan.edits], files);
}

/** Edits for what flags said of the run and a config can hold: batch and crop as the plan leaves them. */
export function givenEdits(
  config: TrainConfig,
  given: { readonly batchSize?: number | undefined; readonly cropSize?: Size | undefined },
  { settings }: Plan,
): readonly ConfigEdit[] {
  const edits: ConfigEdit[] = [];
  if (given.batchSize !== undefined) edits.push({ path: ["batch_size"], value: settings.batchSize });
  const path = cropPath(config);
  if (given.cropSize !== undefined && path !== undefined) edits.push({ path, value: settings.cropSize });
  return edits;
}

/** What a run is, in the words of a plan. */
export function describeSettings(config: TrainConfig, settings: Settings): PlanSettings {
  const crop = settings.cropSize ?? config.cropSize;
  return {
    batchSize: settings.batchSize ?? config.batchSize,
    ...(settings.gpus > 1 ? { gpus: settings.gpus } : {}),
    accumulation: settings.accumulation,
    cropSize: [crop?.width ?? 0, crop?.height ?? 0],
    precision: settings.precision,
    ampLevel: settings.ampLevel,
    recompute: settings.recompute,
    ...(settings.lean.length > 0 ? { lean: settings.lean } : {}),
    convWorkspaceLimitBytes: settings.convWorkspaceLimitBytes,
  };
}

/** An estimate as the report of its run, judged on a budget where there is one. */
export function toReport(
  { config, settings, assumptions }: Prepared,
  found: Estimate & { readonly replayOn?: ReplayOn | undefined },
  budget: GpuBudget | undefined,
): Report {
  const fit = budget && verdict(found, budget);
  return {
    version: 1,
    config: config.file,
    run: describeSettings(config, settings),
    parameters: found.parameters,
    training: found.training,
    evaluation: found.evaluation,
    ...(found.saving === undefined ? {} : { saving: found.saving }),
    layers: found.layers,
    ...(found.nccl === undefined ? {} : { nccl: found.nccl }),
    gpu: budget,
    verdict: fit?.verdict,
    headroomBytes: fit?.headroomBytes,
    outOfMemory: fit?.outOfMemory,
    plan: undefined,
    assumptions: [...assumptions, ...(budget?.assumptions ?? []), ...found.assumptions],
  };
}
