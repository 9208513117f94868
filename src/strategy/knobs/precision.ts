/** @file AMP O1 and O2: half precision where Paddle's lists allow it, with a GradScaler. */
import type { NumberFormat } from "../point.ts";
import { type Knob, timeWords } from "./knob.ts";

const words: Readonly<Record<NumberFormat, string>> = { fp32: "fp32", O1: "fp16, AMP O1", O2: "fp16, AMP O2" };

export const precision: Knob = {
  name: "precision",
  summary: "automatic mixed precision (--precision fp16 --amp_level O1 or O2)",
  harm: 3,
  change: (from, to, { hasTensorCores, time, start }) => {
    if (from.format === to.format) return undefined;
    const plain = hasTensorCores === false ? ": this card has no tensor cores" : "";
    return {
      knob: "precision",
      from: words[from.format],
      to: words[to.format],
      via: [{ kind: "flag", flag: `--precision fp16 --amp_level ${to.format}` }],
      cost: `numerics change, check the loss; ${timeWords(time({ ...start, format: to.format }))}${plain}`,
      harm: 3,
    };
  },
  apply: (point, to) => ({ ...point, format: to.format }),
};
