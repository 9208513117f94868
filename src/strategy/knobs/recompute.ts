/** @file Recompute (checkpointing): blocks run forward again in backward instead of keeping their activations. */

import { asIs, phrase } from "../../words/phrase.ts";
import { type Knob, timeWords } from "./knob.ts";

export const recompute: Knob = {
  name: "recompute",
  summary: phrase("knob-recompute", {}),
  harm: 2,
  change: (from, to, context) => {
    const added = to.recompute.filter((block) => !from.recompute.includes(block));
    if (added.length === 0) return undefined;
    return {
      knob: "recompute",
      from: from.recompute.length === 0 ? phrase("none", {}) : asIs(from.recompute.join(",")),
      to: asIs(to.recompute.join(",")),
      via: [{ kind: "launcher", flag: `--recompute ${to.recompute.join(",")}` }],
      cost: [phrase("same-result", {}), timeWords(context.time({ ...context.start, recompute: to.recompute }))],
      harm: 2,
    };
  },
  apply: (point, to) => ({ ...point, recompute: to.recompute }),
};
