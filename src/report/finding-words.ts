/** @file The words of every check: one entry each, and leaving one out does not compile. */
import { formatBytes } from "../units.ts";
import type { ByLanguage, Language } from "../words/language.ts";
import type { CheckName, FindingFacts, FindingOf, Level, Shortfall } from "./finding.ts";
import { chineseChecks } from "./finding-words-zh.ts";
import { count, percent } from "./words.ts";

/** The words for one check, in any language. */
export interface CheckWords<Facts> {
  readonly title: string;
  message(facts: Facts): string;
  hint(facts: Facts): string;
}

/** A check, in English. */
export interface CheckInfo<Facts> extends CheckWords<Facts> {
  /** Level where the budget file gives none. */
  readonly level: Exclude<Level, "off">;
  /** What is checked, for lists and SARIF's rules. */
  readonly description: string;
}

function short({ neededBytes, usableBytes }: Shortfall): string {
  const by = neededBytes - usableBytes;
  return `${formatBytes(by)} (${percent(by, usableBytes)}) more than the ${formatBytes(usableBytes)} usable`;
}

const sign = (bytes: number): string => `${bytes < 0 ? "-" : "+"}${formatBytes(Math.abs(bytes))}`;

/** Every check, in the order in which they are listed. */
export const checkInfos: { readonly [C in CheckName]: CheckInfo<FindingFacts[C]> } = {
  "does-not-fit": {
    title: "does not fit",
    level: "error",
    description: "Training takes more memory than the card has.",
    message: (f) => `needs ${formatBytes(f.neededBytes)}, ${short(f)}`,
    hint: () => "vram-plan CONFIG --gpu CARD finds the least harmful changes that make it fit.",
  },
  tight: {
    title: "tight",
    level: "warn",
    description: "Fits as expected, but not if cuDNN takes its largest workspaces and CUDA its largest context.",
    message: (f) =>
      `is tight: ${formatBytes(f.expectedBytes)} expected of ${formatBytes(f.usableBytes)} usable, up to ${formatBytes(f.neededBytes)}`,
    hint: () => "A workspace limit (--conv-workspace-limit) makes the high end lower.",
  },
  increase: {
    title: "increase over base",
    level: "error",
    description: "Takes more memory than in the base, by more than max-increase allows.",
    message: (f) =>
      `takes ${sign(f.toBytes - f.fromBytes)} (${formatBytes(f.fromBytes)} → ${formatBytes(f.toBytes)}, +${percent(f.toBytes - f.fromBytes, f.fromBytes)}), more than max-increase ${f.limit}`,
    hint: () => "Raise max-increase in the budget file if this is wanted.",
  },
  "evaluation-does-not-fit": {
    title: "evaluation does not fit",
    level: "error",
    description: "Training fits, but evaluation on whole images does not.",
    message: (f) =>
      `trains in ${formatBytes(f.trainingBytes)}, but evaluation needs ${formatBytes(f.neededBytes)}, ${short(f)}`,
    hint: () => "Evaluate with test_config is_slide, on smaller images, or without --do_eval.",
  },
  "model-not-known": {
    title: "model not known",
    level: "error",
    description: "A network, backbone or loss is not modelled, so nothing can be said of the config.",
    message: (f) => `cannot be estimated: the ${f.kind} ${f.name} is not modelled`,
    hint: () => "Set this check to warn or off in the budget file, for these configs only.",
  },
  "number-read-as-text": {
    title: "number read as text",
    level: "error",
    description: "PyYAML reads a number as text: an exponent needs a point before it and a sign after the e.",
    message: (f) => `${f.text} is text to PyYAML, not a number`,
    hint: (f) => `Write ${f.write}.`,
  },
  "batch-of-1-with-batch-norm": {
    title: "batch of 1 with BatchNorm",
    level: "warn",
    description: "Batch norm takes its statistics over one image.",
    message: (f) => `has a batch of 1 a card and ${count(f.layerCount, "BatchNorm layer")}: statistics over one image`,
    hint: () => "Train with SyncBatchNorm on several cards, a larger batch on smaller crops, or frozen statistics.",
  },
  "crop-off-stride": {
    title: "crop off the stride",
    level: "warn",
    description: "A side of the crop is neither a multiple of the network's stride nor one more.",
    message: (f) => `the crop ${f.width}x${f.height} is off the stride of ${f.stride}: feature maps are padded or cut`,
    hint: (f) => `Give sides that are multiples of ${f.stride}, or one more with align_corners.`,
  },
  "ohem-min-kept": {
    title: "OHEM min_kept off batch × crop",
    level: "warn",
    description: "min_kept of OHEM does not match the pixels of a batch.",
    message: (f) =>
      f.pixelsBefore === undefined
        ? `min_kept ${f.minKept.toLocaleString("en-US")} is not less than the ${f.pixels.toLocaleString("en-US")} pixels of a batch: no hard pixels are picked`
        : `min_kept stayed ${f.minKept.toLocaleString("en-US")} while the pixels of a batch went from ${f.pixelsBefore.toLocaleString("en-US")} to ${f.pixels.toLocaleString("en-US")}`,
    hint: (f) => `The same share of the pixels is min_kept: ${f.wanted}.`,
  },
  "amp-without-effect": {
    title: "AMP without effect",
    level: "warn",
    description: "A setting of automatic mixed precision that PaddleSeg does not read.",
    message: (f) => `${f.setting} has no effect: ${f.reason}`,
    hint: () => "AMP is asked for by tools/train.py --precision fp16 --amp_level O1 (or O2).",
  },
  "stale-plan": {
    title: "stale plan",
    level: "warn",
    description: "A config written by vram-plan no longer fits its card, or its source has changed.",
    message: (f) =>
      f.shortBytes === undefined
        ? `its plan for ${f.card} is stale: its source has changed in ${f.changedKeys.join(", ")}`
        : `its plan for ${f.card} is stale: ${formatBytes(f.shortBytes)} short now`,
    hint: () => "Make it anew with vram-plan SOURCE --gpu CARD --out CONFIG.",
  },
};

/** Names of all checks, in their order. */
export const checkNames: readonly CheckName[] = ((names: readonly string[]): readonly CheckName[] =>
  names.filter(isCheckName))(Object.keys(checkInfos));

/** Whether a text names a check. */
export function isCheckName(name: string): name is CheckName {
  return Object.hasOwn(checkInfos, name);
}

/** One line that says what was found, without config and card. */
export function findingMessage<C extends CheckName>(finding: FindingOf<C>, language: Language = "en"): string {
  return wordsOf(finding, language).message(finding.facts);
}

/** What to do about it. */
export function findingHint<C extends CheckName>(finding: FindingOf<C>, language: Language = "en"): string {
  return wordsOf(finding, language).hint(finding.facts);
}

/** Its name for people. */
export function findingTitle(finding: FindingOf, language: Language = "en"): string {
  return wordsOf(finding, language).title;
}

type CheckTable = { readonly [C in CheckName]: CheckWords<FindingFacts[C]> };
const tables: ByLanguage<CheckTable> = { en: checkInfos, "zh-CN": chineseChecks };

function wordsOf<C extends CheckName>(finding: FindingOf<C>, language: Language): CheckWords<FindingFacts[C]> {
  const table: CheckTable = tables[language];
  return table[finding.code];
}
