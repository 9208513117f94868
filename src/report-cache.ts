/** @file Reports remembered within one process: configs that share network, losses, batch and crop are run once. */
import type { TrainConfig } from "./config/types.ts";
import { type CardContext, toReport } from "./index.ts";
import { estimateMemory } from "./memory/estimate.ts";
import type { Report } from "./report/report.ts";
import type { Prepared } from "./run-settings.ts";
import { simulate } from "./step/simulate.ts";
import { toEstimate } from "./strategy/estimate.ts";

/** Gives one report for each card, in their order; a run is simulated once for all of them. Throws as `estimate` does. */
export type Reporter = (run: Prepared, cards: readonly CardContext[]) => readonly Report[];

/** What a run reads of a config: everything else (paths, iterations, learning rates) costs no new run. */
function keyOf(config: TrainConfig, { settings, assumptions }: Prepared): string {
  const { batchSize, cropSize, model, losses, optimizer, numClasses, ignoreIndex, testConfig } = config;
  const { dataset_root, train_path, ...train } = config.trainDataset.args;
  const read = { batchSize, cropSize, model, losses, optimizer, train, numClasses, ignoreIndex, testConfig };
  return JSON.stringify([read, config.valDataset?.type, settings, assumptions]);
}

const cardKey = ({ gpu, budget }: CardContext): string => `${gpu?.id ?? ""} ${budget.usableBytes}`;

/**
 * A cache for one Paddle version. It keeps reports and no event logs, which are a hundred times as large; errors are not remembered, as
 * each has the place of its own config.
 */
export function createReporter(): Reporter {
  const runs = new Map<string, Map<string, Report>>();
  return (run, cards) => {
    const { config, settings } = run;
    const key = keyOf(config, run);
    const known = runs.get(key) ?? new Map<string, Report>();
    runs.set(key, known);
    const missing = cards.filter((card) => !known.has(cardKey(card)));
    const [first] = missing;
    if (first !== undefined) {
      const simulation = simulate(config, settings, first.step);
      const { convWorkspaceLimitBytes, gpus } = settings;
      for (const card of missing) {
        const { gpu, memory: runtime } = card;
        const memory = estimateMemory(simulation.log, { gpu, runtime, convWorkspaceLimitBytes, gpus });
        known.set(cardKey(card), toReport(run, toEstimate(simulation, memory), card.budget));
      }
    }
    return cards.flatMap((card) => {
      const report = known.get(cardKey(card));
      return report === undefined ? [] : { ...report, config: config.file, gpu: card.budget };
    });
  };
}
