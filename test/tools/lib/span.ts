/** @file Which stretch of our log a measured trace covers. */
import type { EventLog } from "../../../src/engine/events.ts";

/** Iterations 2 and 3, the second image, or the whole run. */
export type Part = "train" | "eval" | "raw";

/** Position of a mark in our log; an Error that names the mark if it is missing. */
function position(log: EventLog, name: "step" | "image" | "image-end", index: number): number {
  const at = log.at(name, index);
  if (at < 0) throw new Error(`our log has no mark "${name}" ${index}`);
  return at;
}

/** The stretch of our log that a measured trace covers: whole run, iterations 2 and 3, or the second image. */
export function span(log: EventLog, part: Part): readonly [number, number] {
  if (part === "eval") return [position(log, "image", 2), position(log, "image-end", 2)];
  if (part === "train") return [position(log, "step", 1), position(log, "step", 3)];
  return [0, log.at("image-end", 2) >= 0 ? position(log, "image-end", 2) : position(log, "step", 3)];
}
