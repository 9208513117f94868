/** @file Smaller forward passes, accumulated to the same effective batch. */
import { type Harm, type Knob, timeWords, yamlVia } from "./knob.ts";

export const microBatch: Knob = {
  name: "micro-batch",
  summary: "smaller forward passes, gradients accumulated to the same effective batch",
  harm: 4,
  change: (from, to, { config, hasBatchNorm, time, start }) => {
    if (from.microBatch === to.microBatch) return undefined;
    const harm: Harm = hasBatchNorm ? 4 : 2;
    const statistics = hasBatchNorm ? `batch norm sees ${to.microBatch} images instead of ${from.microBatch}; ` : "";
    return {
      knob: "micro-batch",
      from: String(from.microBatch),
      to: `${to.microBatch} × ${to.accumulation} accumulated`,
      via: [yamlVia(config, ["batch_size"]), { kind: "launcher", flag: `--accumulate ${to.accumulation}` }],
      cost: `effective batch kept; ${statistics}${timeWords(time({ ...start, microBatch: to.microBatch, accumulation: to.accumulation }))}`,
      harm,
    };
  },
  edits: (from, to) => (from.microBatch === to.microBatch ? [] : [{ path: ["batch_size"], value: to.microBatch }]),
  apply: (point, to) => ({ ...point, microBatch: to.microBatch, accumulation: to.accumulation }),
};
