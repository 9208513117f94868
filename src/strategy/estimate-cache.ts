/** @file Estimates remembered within one process: configs that share network, losses, batch and crop are run once. */
import type { TrainConfig } from "../config/types.ts";
import { estimateMemory } from "../memory/estimate.ts";
import type { Estimate } from "../report/report.ts";
import type { Settings } from "../step/settings.ts";
import { simulate } from "../step/simulate.ts";
import { type EstimateContext, toEstimate } from "./estimate.ts";

/** Gives one estimate for each context, in their order; a run is simulated once for all of them. */
export type Estimator = (
  config: TrainConfig,
  settings: Settings,
  contexts: readonly EstimateContext[],
) => readonly Estimate[];

/** What a simulation reads of a config: everything else (paths, iterations, learning rates) costs no new run. */
function keyOf(config: TrainConfig, settings: Settings): string {
  const { batchSize, cropSize, model, losses, optimizer, numClasses, ignoreIndex, testConfig } = config;
  const { dataset_root, train_path, ...train } = config.trainDataset.args;
  const parts = { batchSize, cropSize, model, losses, optimizer, train, numClasses, ignoreIndex, testConfig, settings };
  return JSON.stringify([parts, config.valDataset?.type]);
}

/** A cache for one Paddle version. Errors are not remembered: each has the place of its own config. */
export function createEstimator(): Estimator {
  const runs = new Map<string, Map<string, Estimate>>();
  return (config, settings, contexts) => {
    const key = keyOf(config, settings);
    const known = runs.get(key) ?? new Map<string, Estimate>();
    const missing = contexts.filter(({ gpu }) => !known.has(gpu?.id ?? ""));
    const [first] = missing;
    if (first !== undefined) {
      const run = simulate(config, settings, first.step);
      const { convWorkspaceLimitBytes } = settings;
      for (const { gpu, memory: runtime } of missing) {
        const id = gpu?.id ?? "";
        if (known.has(id)) continue;
        known.set(id, toEstimate(run, estimateMemory(run.log, { gpu, runtime, convWorkspaceLimitBytes })));
      }
      runs.set(key, known);
    }
    return contexts.flatMap(({ gpu }) => known.get(gpu?.id ?? "") ?? []);
  };
}
