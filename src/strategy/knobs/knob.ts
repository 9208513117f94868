/** @file What a knob is: how a difference between two points reads, reaches a real run, and what it costs. */
import type { ConfigEdit } from "../../config/edit.ts";
import type { TrainConfig } from "../../config/types.ts";
import type { PlanChange } from "../../report/report.ts";
import type { Settings } from "../../step/settings.ts";
import { type Phrase, phrase } from "../../words/phrase.ts";
import type { Factor } from "../cost.ts";
import type { Point } from "../point.ts";

/** Order of harm: 1 nothing changes, 2 time, 3 numerics, 4 statistics, 5 data, 6 the model. */
export type Harm = PlanChange["harm"];

export interface KnobContext {
  readonly config: TrainConfig;
  readonly settings: Settings;
  /** The card multiplies matrices of half precision in hardware; undefined where no card is named. */
  readonly hasTensorCores: boolean | undefined;
  /** Time of a point relative to the run as it is asked for. */
  readonly time: (to: Point) => Factor;
  readonly start: Point;
  readonly hasBatchNorm: boolean;
}

/** A change with its words as phrases; a report has them in English too. */
export interface Change extends Pick<PlanChange, "knob" | "via" | "harm"> {
  readonly from: Phrase;
  readonly to: Phrase;
  readonly cost: readonly Phrase[];
}

export interface Knob {
  readonly name: string;
  readonly summary: Phrase;
  readonly harm: Harm;
  /** The change from one point to the other, without what it saves; undefined where the knob stands alike in both. */
  change(from: Point, to: Point, context: KnobContext): Change | undefined;
  /** Edits of the config that the point needs. */
  edits?(from: Point, to: Point, context: KnobContext): readonly ConfigEdit[];
  /** Takes this knob's value over from another point. */
  apply(point: Point, to: Point): Point;
}

/** Where a config key is set, as a `via`. */
export function yamlVia(config: TrainConfig, path: readonly string[]): PlanChange["via"][number] {
  const place = config.locate(path);
  return { kind: "yaml", file: place?.file ?? config.file, line: place?.line, key: path.join(".") };
}

/** What one knob alone does to the time. */
export function timeWords({ low, high }: Factor): Phrase {
  return phrase("times", { low, high });
}
