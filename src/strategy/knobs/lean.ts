/** @file Lean training: the same numbers with less memory, by the launcher (presets/launcher/lean_losses.py). */
import { leanMeans } from "../../step/settings.ts";
import type { Knob } from "./knob.ts";

/** `all`, or the means by name. */
export function leanText(means: readonly string[]): string {
  return means.length === leanMeans.length ? "all" : means.join(",");
}

export const lean: Knob = {
  name: "lean",
  summary: "losses with fewer temporaries, logits and gradients freed early: the same numbers with less memory",
  harm: 1,
  change: ({ lean: before = [] }, { lean: after = before }) => {
    if (after.every((mean) => before.some((one) => one === mean))) return undefined;
    return {
      knob: "lean",
      from: before.length === 0 ? "off" : leanText(before),
      to: leanText(after),
      via: [{ kind: "launcher", flag: `--lean ${leanText(after)}` }],
      cost: "same result, same time",
      harm: 1,
    };
  },
  apply: (point, to) => ({ ...point, ...(to.lean === undefined ? {} : { lean: to.lean }) }),
};
