/** @file Lean training: the same numbers with less memory, by the launcher (presets/launcher/lean_losses.py). */
import { leanMeans } from "../../step/settings.ts";
import { asIs, phrase } from "../../words/phrase.ts";
import { repeatsUpsampling } from "../harm.ts";
import type { Knob } from "./knob.ts";

/** `all`, or the means by name. */
export function leanText(means: readonly string[]): string {
  return means.length === leanMeans.length ? "all" : means.join(",");
}

export const lean: Knob = {
  name: "lean",
  summary: phrase("knob-lean", {}),
  harm: 1,
  change: ({ lean: before = [] }, { lean: after = before }) => {
    if (after.every((mean) => before.some((one) => one === mean))) return undefined;
    const repeats = repeatsUpsampling(after) && !repeatsUpsampling(before);
    return {
      knob: "lean",
      from: before.length === 0 ? phrase("off", {}) : asIs(leanText(before)),
      to: asIs(leanText(after)),
      via: [{ kind: "launcher", flag: `--lean ${leanText(after)}` }],
      cost: repeats
        ? [phrase("same-result", {}), phrase("upsampling-twice", {})]
        : [phrase("same-result-and-time", {})],
      harm: repeats ? 2 : 1,
    };
  },
  apply: (point, to) => ({ ...point, ...(to.lean === undefined ? {} : { lean: to.lean }) }),
};
