/** @file The flags that say what a plan may change, and how they become the limits of a search. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { SearchLimits } from "../index.ts";
import { parseBytes } from "../units.ts";
import { wholeNumber } from "./options.ts";
import type { PictureOptions } from "./pictures.ts";

/** What commander hands to an action that searches. */
export interface PlanOptions extends PictureOptions {
  readonly printLaunch?: boolean | undefined;
  readonly prefer?: "speed" | "result" | undefined;
  readonly allow?: readonly string[] | undefined;
  readonly keep?: readonly string[] | undefined;
  readonly maxSlowdown?: number | undefined;
  readonly minBatchSize?: number | undefined;
  /** A share of the usable bytes, or bytes. */
  readonly headroom?: Headroom | undefined;
  readonly exhaustive?: boolean | undefined;
  readonly alternatives?: number | undefined;
}

type Headroom = { readonly share: number } | { readonly bytes: number };

/** Knobs by the names of their flags and by their own. */
const keepable: Readonly<Record<string, string>> = {
  "conv-workspace": "conv-workspace",
  "conv-workspace-limit": "conv-workspace",
  evaluation: "evaluation",
  recompute: "recompute",
  lean: "lean",
  precision: "precision",
  "batch-size": "micro-batch",
  "micro-batch": "micro-batch",
  accumulation: "accumulation",
  "crop-size": "crop",
  crop: "crop",
};

/** Class 6 has to be asked for; a smaller crop is allowed without. */
const allowable: Readonly<Record<string, string>> = {
  model: "model",
  optimizer: "optimizer",
  ema: "ema",
  crop: "crop",
};

function names(known: Readonly<Record<string, string>>) {
  return (text: string, before: readonly string[] | undefined): readonly string[] => {
    const found = text
      .split(",")
      .filter((name) => name !== "")
      .map((name) => {
        const knob = Object.hasOwn(known, name) ? known[name] : undefined;
        if (knob === undefined) throw new InvalidArgumentError(`It takes ${Object.keys(known).join(", ")}.`);
        return knob;
      });
    return [...(before ?? []), ...found];
  };
}

function slowdown(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value > 0) return value;
  throw new InvalidArgumentError("It has to be a factor, such as 1.3.");
}

function headroom(text: string): Headroom {
  const [, percent] = /^(\d+(?:\.\d+)?)\s*%$/.exec(text) ?? [];
  if (percent !== undefined && Number(percent) < 100) return { share: Number(percent) / 100 };
  const bytes = /[a-z]\s*$/i.test(text) ? parseBytes(text) : undefined;
  if (bytes !== undefined) return { bytes };
  throw new InvalidArgumentError("It has to be a share or a size, such as 5% or 512MiB.");
}

/** Adds what a person may ask of a plan. */
export function addPlanOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--prefer <what>", "least harm to the result (default), or least time").choices(["speed", "result"]),
    )
    .option("--allow <knobs>", "what a plan may change only if asked: model, optimizer, ema", names(allowable))
    .option("--keep <knobs>", "what has to stay: crop-size, precision, batch-size, recompute, …", names(keepable))
    .option("--max-slowdown <factor>", "time of a step at most, relative to the config as it is", slowdown)
    .option("--min-batch-size <n>", "images of a micro-batch at least", wholeNumber(1))
    .option("--headroom <share>", "what has to stay free, such as 5% or 512MiB", headroom)
    .option("--exhaustive", "run every set of layers that no bound rules out: the plan is then proved the best")
    .option("--alternatives <n>", "show the next best plans of other classes of harm", wholeNumber(0));
}

/** The limits of a search on a card. */
export function searchLimits(options: PlanOptions, usableBytes: number): SearchLimits {
  const { prefer, allow, keep, maxSlowdown, minBatchSize, headroom: free, exhaustive, alternatives } = options;
  return {
    ...(prefer === undefined ? {} : { prefer }),
    ...(allow === undefined ? {} : { allow: new Set(allow) }),
    ...(keep === undefined ? {} : { keep: new Set(keep) }),
    ...(maxSlowdown === undefined ? {} : { maxSlowdown }),
    ...(minBatchSize === undefined ? {} : { minMicroBatch: minBatchSize }),
    ...(free === undefined
      ? {}
      : { headroomBytes: "bytes" in free ? free.bytes : Math.ceil(usableBytes * free.share) }),
    ...(exhaustive === true ? { proofRuns: Number.POSITIVE_INFINITY } : {}),
    ...(alternatives === undefined ? {} : { alternatives }),
  };
}
