/** @file Smaller forward passes, accumulated to the same effective batch, or, where the launcher is not wanted, a smaller batch. */

import { asIs, phrase } from "../../words/phrase.ts";
import { stepImages } from "../point.ts";
import { type Harm, type Knob, timeWords, yamlVia } from "./knob.ts";

export const microBatch: Knob = {
  name: "micro-batch",
  summary: phrase("knob-micro-batch", {}),
  harm: 4,
  change: (from, to, { config, hasBatchNorm, time, start }) => {
    if (from.microBatch === to.microBatch) return undefined;
    const [before, after] = [stepImages(from), stepImages(to)];
    const harm: Harm = hasBatchNorm || before !== after ? 4 : 2;
    const statistics = phrase("batch-norm-sees", { images: to.microBatch, before: from.microBatch });
    return {
      knob: "micro-batch",
      from: asIs(String(from.microBatch)),
      to:
        to.accumulation === from.accumulation
          ? asIs(String(to.microBatch))
          : phrase("accumulated", { batch: to.microBatch, times: to.accumulation }),
      via: [
        yamlVia(config, ["batch_size"]),
        ...(to.accumulation === from.accumulation
          ? []
          : [{ kind: "launcher" as const, flag: `--accumulate ${to.accumulation}` }]),
      ],
      cost: [
        before === after ? phrase("batch-kept", {}) : phrase("fewer-images", { images: after, before }),
        ...(hasBatchNorm ? [statistics] : []),
        timeWords(time({ ...start, microBatch: to.microBatch, accumulation: to.accumulation })),
      ],
      harm,
    };
  },
  edits: (from, to) => (from.microBatch === to.microBatch ? [] : [{ path: ["batch_size"], value: to.microBatch }]),
  apply: (point, to) => ({ ...point, microBatch: to.microBatch, accumulation: to.accumulation }),
};
