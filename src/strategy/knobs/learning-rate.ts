/** @file The learning rate, where an optimizer step sees fewer images than before: restated by the linear rule. */
import type { ConfigEdit } from "../../config/edit.ts";
import { isMapping } from "../../config/transforms.ts";
import type { ConfigValue, TrainConfig } from "../../config/types.ts";
import { asIs, phrase } from "../../words/phrase.ts";
import { type Point, stepImages } from "../point.ts";
import { type Knob, yamlVia } from "./knob.ts";

/** Rates of a schedule that scale with its peak; a warm-up's start and the end of a decay are kept as they are where they are 0. */
const rates = ["learning_rate", "warmup_start_lr", "end_lr"] as const;

/** Where the config sets the rate: `lr_scheduler`, or `optimizer.lr` where it has no schedule. */
function ratePaths({ resolved }: TrainConfig): readonly { readonly path: readonly string[]; readonly value: number }[] {
  const found: { path: readonly string[]; value: number }[] = [];
  const add = (path: readonly string[], value: ConfigValue | undefined) => {
    if (typeof value === "number" && value !== 0) found.push({ path, value });
  };
  const { lr_scheduler: schedule, optimizer } = resolved;
  if (isMapping(schedule)) for (const name of rates) add(["lr_scheduler", name], schedule[name]);
  else if (isMapping(optimizer)) add(["optimizer", "lr"], optimizer.lr);
  return found;
}

/** A rate times a share, without the digits that binary fractions leave (12 are more than any config has). */
function scaled(value: number, share: number): number {
  return Number((value * share).toPrecision(12));
}

/** The linear rule: as many times the rate as there are images in a step (Goyal et al. 2017, arXiv:1706.02677, section 2.1). */
export const learningRate: Knob = {
  name: "learning-rate",
  summary: phrase("knob-learning-rate", {}),
  harm: 4,
  change: (from, to, { config }) => {
    const [first] = ratePaths(config);
    const share = shareOf(from, to);
    if (share === 1 || first === undefined) return undefined;
    return {
      knob: "learning-rate",
      from: asIs(String(first.value)),
      to: asIs(String(scaled(first.value, share))),
      via: [yamlVia(config, first.path)],
      cost: [phrase("rate-follows", { images: stepImages(to), before: stepImages(from) })],
      harm: 4,
    };
  },
  edits: (from, to, { config }): ConfigEdit[] => {
    const share = shareOf(from, to);
    if (share === 1) return [];
    return ratePaths(config).map(({ path, value }) => ({ path, value: scaled(value, share) }));
  },
  apply: (point) => point,
};

function shareOf(from: Point, to: Point): number {
  return stepImages(to) / stepImages(from);
}
