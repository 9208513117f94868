/** @file AMP O1 and O2: half precision where Paddle's lists allow it, with a GradScaler. */
import type { NumberFormat } from "../point.ts";
import type { Knob } from "./knob.ts";

const words: Readonly<Record<NumberFormat, string>> = { fp32: "fp32", O1: "fp16, AMP O1", O2: "fp16, AMP O2" };

/** PaddleSeg's V100 table: 0.59 to 1.1 of fp32's time (facts: fp16/fp32 speed 1.69 for SFNet, 0.91 for OCRNet HRNet-W18). */
function speed(hasTensorCores: boolean | undefined): string {
  if (hasTensorCores === false) return "no faster on this card (no tensor cores)";
  return "0.6 to 1.1 of the time";
}

export const precision: Knob = {
  name: "precision",
  summary: "automatic mixed precision (--precision fp16 --amp_level O1 or O2)",
  harm: 3,
  change: (from, to, { hasTensorCores }) => {
    if (from.format === to.format) return undefined;
    return {
      knob: "precision",
      from: words[from.format],
      to: words[to.format],
      via: [{ kind: "flag", flag: `--precision fp16 --amp_level ${to.format}` }],
      cost: `numerics change, check the loss; ${speed(hasTensorCores)}`,
      harm: 3,
    };
  },
  apply: (point, to) => ({ ...point, format: to.format }),
};
