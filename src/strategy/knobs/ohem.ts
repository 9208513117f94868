/** @file OHEM keeps a number of pixels of each forward pass: it has to follow the pixels that a pass has. */
import type { ConfigEdit } from "../../config/edit.ts";
import { isMapping } from "../../config/transforms.ts";
import type { ConfigValue, TrainConfig } from "../../config/types.ts";
import type { Point } from "../point.ts";

/** Pixels of one forward pass. */
function pixels({ microBatch, crop }: Point): number {
  return microBatch * crop.width * crop.height;
}

/** `min_kept` of each loss that has one, scaled to the pixels of the new point. */
export function minKeptEdits(config: TrainConfig, from: Point, to: Point): ConfigEdit[] {
  const share = pixels(to) / pixels(from);
  if (share === 1) return [];
  const visit = (value: ConfigValue, path: readonly string[]): ConfigEdit[] => {
    if (Array.isArray(value)) return value.flatMap((item: ConfigValue, i) => visit(item, [...path, String(i)]));
    if (!isMapping(value)) return [];
    return Object.entries(value).flatMap(([key, item]) => {
      if (key === "min_kept" && typeof item === "number")
        return [{ path: [...path, key], value: Math.round(item * share) }];
      return visit(item, [...path, key]);
    });
  };
  return visit(config.resolved.loss ?? null, ["loss"]);
}
