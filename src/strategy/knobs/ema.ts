/** @file The moving average of the parameters: a second model on the card, which may be left out. */

import { phrase } from "../../words/phrase.ts";
import type { Knob } from "./knob.ts";

/** Class 6: what is trained stays, but the averaged model, which is often the better one, is not made. */
export const ema: Knob = {
  name: "ema",
  summary: phrase("knob-ema", {}),
  harm: 6,
  change: (from, to) => {
    if (from.ema === to.ema) return undefined;
    return {
      knob: "ema",
      from: phrase("kept", {}),
      to: phrase("left-out", {}),
      via: [{ kind: "flag", flag: "leave out --use_ema", leaveOut: "--use_ema" }],
      cost: [phrase("average-not-made", {})],
      harm: 6,
    };
  },
  apply: (point, to) => ({ ...point, ema: to.ema }),
};
