/** @file Whether a log is of a config: what decides the memory is the same in both. */
import type { ConfigValue, TrainConfig } from "../config/types.ts";
import { type PhraseOf, phrase } from "../words/phrase.ts";

/** Arguments that name files: where weights come from costs no memory. */
const withoutFiles = (key: string, value: unknown): unknown => (key === "pretrained" ? undefined : value);

/** Undefined where it is not set. */
function short(value: unknown): string | undefined {
  const text: string | undefined = JSON.stringify(value, withoutFiles);
  return text === undefined || text.length <= 40 ? text : `${text.slice(0, 39)}…`;
}

function facts(config: TrainConfig): Readonly<Record<string, unknown>> {
  const { batchSize, cropSize, numClasses, model, losses, optimizer, testConfig, valDataset } = config;
  return {
    batch_size: batchSize,
    "size of the training images": cropSize && `${cropSize.width}x${cropSize.height}`,
    classes: numClasses,
    "model.type": model.type,
    model: sorted(model.args),
    loss: losses.map(({ component, coefficient }) => ({
      type: component.type,
      coefficient,
      args: sorted(component.args),
    })),
    "optimizer.type": optimizer.type,
    "val_dataset.type": valDataset?.type,
    test_config: testConfig === undefined ? undefined : sorted(testConfig),
  };
}

/** With keys in one order: a dump has them sorted. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]: [string, ConfigValue]) => [key, sorted(inner)]),
  );
}

/** In words, each difference that costs memory: `batch_size is 4 in the log, 16 in the config`. */
export function configDifferences(logged: TrainConfig, given: TrainConfig): readonly PhraseOf<"logged-differs">[] {
  const [ours, theirs] = [facts(logged), facts(given)];
  return Object.keys(ours)
    .filter((key) => JSON.stringify(ours[key], withoutFiles) !== JSON.stringify(theirs[key], withoutFiles))
    .map((key) => phrase("logged-differs", { key, logged: short(ours[key]), given: short(theirs[key]) }));
}
