/** @file Smaller forward passes, accumulated to the same effective batch, or, where the launcher is not wanted, a smaller batch. */
import { stepImages } from "../point.ts";
import { type Harm, type Knob, timeWords, yamlVia } from "./knob.ts";

export const microBatch: Knob = {
  name: "micro-batch",
  summary: "smaller forward passes, gradients accumulated to the same effective batch",
  harm: 4,
  change: (from, to, { config, hasBatchNorm, time, start }) => {
    if (from.microBatch === to.microBatch) return undefined;
    const [before, after] = [stepImages(from), stepImages(to)];
    const harm: Harm = hasBatchNorm || before !== after ? 4 : 2;
    const statistics = hasBatchNorm ? `batch norm sees ${to.microBatch} images instead of ${from.microBatch}; ` : "";
    return {
      knob: "micro-batch",
      from: String(from.microBatch),
      to:
        to.accumulation === from.accumulation
          ? String(to.microBatch)
          : `${to.microBatch} × ${to.accumulation} accumulated`,
      via: [
        yamlVia(config, ["batch_size"]),
        ...(to.accumulation === from.accumulation
          ? []
          : [{ kind: "launcher" as const, flag: `--accumulate ${to.accumulation}` }]),
      ],
      cost: `${before === after ? "effective batch kept" : `${after} images to a step instead of ${before}`}; ${statistics}${timeWords(time({ ...start, microBatch: to.microBatch, accumulation: to.accumulation }))}`,
      harm,
    };
  },
  edits: (from, to) => (from.microBatch === to.microBatch ? [] : [{ path: ["batch_size"], value: to.microBatch }]),
  apply: (point, to) => ({ ...point, microBatch: to.microBatch, accumulation: to.accumulation }),
};
