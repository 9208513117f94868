/** @file Batch norm over a batch of one image. */
import { batchPlace, defineCheck } from "./define.ts";

/** Layers whose statistics are those of the batch, by the names of their types. */
const batchNorm = /^(?:Sync)?BatchNorm/;

export const batchOf1WithBatchNorm = defineCheck({
  name: "batch-of-1-with-batch-norm",
  run: (subject) => {
    const [first] = subject.cards;
    if (first === undefined || subject.loaded?.batchSize !== 1) return [];
    const layerCount = first.report.layers.filter(({ type }) => batchNorm.test(type)).length;
    if (layerCount === 0) return [];
    return [
      {
        code: "batch-of-1-with-batch-norm",
        config: subject.config,
        gpu: undefined,
        key: "batch_size",
        location: batchPlace(subject),
        size: 0,
        facts: { layerCount },
      },
    ];
  },
});
