/** @file The moving average of the parameters: a second model on the card, which may be left out. */
import type { Knob } from "./knob.ts";

/** Class 6: what is trained stays, but the averaged model, which is often the better one, is not made. */
export const ema: Knob = {
  name: "ema",
  summary: "train without the moving average of the parameters (only with --allow ema)",
  harm: 6,
  change: (from, to) => {
    if (from.ema === to.ema) return undefined;
    return {
      knob: "ema",
      from: "kept",
      to: "left out",
      via: [{ kind: "flag", flag: "leave out --use_ema" }],
      cost: "the averaged model is not made; the trained one stays as it is",
      harm: 6,
    };
  },
  apply: (point, to) => ({ ...point, ema: to.ema }),
};
