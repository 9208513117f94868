/** @file The values of class 6, where they are allowed: what of the model may change, least first. */
import type { TrainConfig } from "../../config/types.ts";
import type { Settings } from "../../step/settings.ts";
import type { Point } from "../point.ts";
import { replacements, withModel } from "./model.ts";
import { lighterOptimizer, withOptimizer } from "./optimizer.ts";

/** Knobs that a plan leaves alone unless it is allowed to turn them. */
export const onRequest = ["ema", "optimizer", "model"] as const;

/** What of a point class 6 decides. */
export type Variant = Pick<Point, "model" | "optimizer" | "ema">;

/** As it is; then without the average, with less optimizer state, and with each lighter network, what is allowed of it. */
export function variants(config: TrainConfig, settings: Settings, allow: ReadonlySet<string>): readonly Variant[] {
  const list: Variant[] = [{}];
  let least: Variant = {};
  if (allow.has("ema") && settings.useEma) {
    least = { ...least, ema: false };
    list.push(least);
  }
  const optimizer = allow.has("optimizer") ? lighterOptimizer(config) : undefined;
  if (optimizer !== undefined) {
    least = { ...least, optimizer };
    list.push(least);
  }
  if (allow.has("model")) for (const model of replacements(config)) list.push({ ...least, model });
  return list;
}

/** The config of a point: its network and optimizer. */
export function configOf(config: TrainConfig, point: Variant): TrainConfig {
  return withOptimizer(withModel(config, point.model), point.optimizer);
}
