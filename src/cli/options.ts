/** @file The flags that describe a run, shared by all commands; names and meaning as in PaddleSeg's tools/train.py where it has them. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Size } from "../config/types.ts";
import { leanMeans } from "../index.ts";
import type { RunFlags } from "../run-settings.ts";
import { parseBytes } from "../units.ts";
import { languages } from "../words/language.ts";
import { languageFlag } from "./language.ts";

/** What commander hands to an action. */
export interface CommandOptions extends RunFlags {
  readonly gpu?: string | undefined;
  readonly gpuFree?: number | undefined;
  readonly display?: boolean | undefined;
  readonly system?: "linux" | "windows" | undefined;
  readonly runtime?: string | undefined;
  readonly batchSize?: number | undefined;
  /** Bytes; named as its flag is. */
  readonly convWorkspaceLimit?: number | undefined;
  readonly opts?: readonly string[] | undefined;
  readonly json?: boolean | undefined;
  readonly color?: boolean | undefined;
  readonly depth?: number | undefined;
  readonly top?: number | undefined;
  readonly out?: string | undefined;
}

/** A parser of whole numbers from `least` on; counts beyond `most` would only take time. */
export function wholeNumber(least: number, most = 100_000): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
    const end = value > most ? `to ${most}` : "on";
    throw new InvalidArgumentError(`It has to be a whole number from ${least} ${end}.`);
  };
}

function size(text: string): Size {
  const [, width, height] = /^([1-9]\d{0,5})[x×,]([1-9]\d{0,5})$/i.exec(text) ?? [];
  if (width === undefined || height === undefined) {
    throw new InvalidArgumentError("It has to be WIDTHxHEIGHT in pixels, such as 1024x512.");
  }
  return { width: Number(width), height: Number(height) };
}

/** A parser of sizes with a unit. */
export function bytes(text: string): number {
  const value = parseBytes(text);
  if (value !== undefined) return value;
  throw new InvalidArgumentError("It has to be a size with its unit, such as 256MiB.");
}

/** Layers one by one or with commas between them. */
function layers(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), ...text.split(",").filter((layer) => layer !== "")];
}

/** `all`, or means of lean training with commas between them. */
function lean(text: string): (typeof leanMeans)[number][] {
  const wanted = text.split(",");
  const found = leanMeans.filter((mean) => text === "all" || wanted.includes(mean));
  if (text === "all" || wanted.every((word) => found.some((mean) => mean === word))) return found;
  throw new InvalidArgumentError(`It has to be all, or of ${leanMeans.join(", ")}.`);
}

/** Adds the flags of a run. */
export function addRunOptions(command: Command): Command {
  return command
    .option("--batch-size <n>", "images a card takes at once, in place of batch_size", wholeNumber(1))
    .option("--crop-size <WxH>", "size of the training images, in place of the transforms'", size)
    .option("--eval-size <WxH>", "size of the image that the network gets in evaluation", size)
    .addOption(new Option("--precision <name>", "number format (default: fp32)").choices(["fp32", "fp16"]))
    .addOption(new Option("--amp-level <level>", "AMP level under fp16 (default: O1)").choices(["O1", "O2"]))
    .option("--gpus <n>", "cards that train together, each on a batch of its own (default: 1)", wholeNumber(1))
    .option("--accumulation <n>", "micro-batches per optimizer step", wholeNumber(1, 128))
    .option("--recompute <layer...>", "layers whose forward runs again in backward", layers)
    .option("--lean <means>", "lean training: all, or of losses,logits,gradients,heads", lean)
    .option("--conv-workspace-limit <size>", "FLAGS_conv_workspace_size_limit, such as 256MiB", bytes)
    .option("--do-eval", "evaluate while training (default where the image size is known)")
    .option("--no-do-eval", "do not evaluate while training")
    .option("--use-ema", "keep an exponential moving average of the parameters")
    .addOption(new Option("--data-format <layout>", "layout of images").choices(["NCHW", "NHWC"]))
    .option("--prefetch <n>", "batches that the loader keeps ahead on the card (default: 1)", wholeNumber(0))
    .option("--opts <key=value...>", "values of the config, as in PaddleSeg")
    .option("--stdin-path <file>", "where a config that is read from - would lie, so that its _base_ is found");
}

/** Adds what every report command takes. */
export function addOutputOptions(command: Command): Command {
  return command
    .option("--json", "print the report as JSON")
    .option("--watch", "run again whenever a file that was read is saved")
    .option("--color", "colours even where stdout is no terminal")
    .option("--no-color", "no colours");
}

/** Adds what a report of one config takes. */
export function addDetailOptions(command: Command): Command {
  return command
    .option("--depth <n>", "levels of the layer tree", wholeNumber(0))
    .option("--top <n>", "how many of the largest things alive at the peak", wholeNumber(0));
}

/** Adds `--lang`, for the help and the shells' completion. */
export function addLanguageOption(command: Command): void {
  command.addOption(
    new Option(`${languageFlag} <language>`, "language of all text (default: the locale's)").choices(languages),
  );
}
