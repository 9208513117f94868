/** @file AMP O1 and O2: half precision where Paddle's lists allow it, with a GradScaler. */

import { asIs, phrase } from "../../words/phrase.ts";
import type { NumberFormat } from "../point.ts";
import type { Knob } from "./knob.ts";

const words: Readonly<Record<NumberFormat, string>> = { fp32: "fp32", O1: "fp16, AMP O1", O2: "fp16, AMP O2" };

export const precision: Knob = {
  name: "precision",
  summary: phrase("knob-precision", {}),
  harm: 3,
  change: (from, to, { hasTensorCores, time, start }) => {
    if (from.format === to.format) return undefined;
    const { low, high } = time({ ...start, format: to.format });
    const code = hasTensorCores === false ? "times-without-tensor-cores" : "times";
    return {
      knob: "precision",
      from: asIs(words[from.format]),
      to: asIs(words[to.format]),
      via: [{ kind: "flag", flag: `--precision fp16 --amp_level ${to.format}` }],
      cost: [phrase("check-the-loss", {}), phrase(code, { low, high })],
      harm: 3,
    };
  },
  apply: (point, to) => ({ ...point, format: to.format }),
};
