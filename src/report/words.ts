/** @file Small phrases that several parts of a report share. */
import { formatBytes } from "../units.ts";
import type { Language } from "../words/language.ts";
import { wordsIn } from "../words/words.ts";
import {
  mostOf,
  type PartEstimate,
  type PartName,
  type Parts,
  type Peak,
  type PlanSettings,
  partsOf,
} from "./report.ts";

/** `16 %`, and `<1 %` for what would be none. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return "";
  const value = Math.round((100 * Math.abs(part)) / whole);
  return value === 0 && part !== 0 ? "<1 %" : `${value} %`;
}

/** `12.6 to 13.8 GiB`; both units where they differ. */
export function span(low: number, high: number, language: Language = "en"): string {
  const [from, to] = [formatBytes(low), formatBytes(high)];
  const unit = to.slice(to.indexOf(" "));
  return wordsIn(language).report.span(from.endsWith(unit) ? from.slice(0, -unit.length) : from, to);
}

/** `1 edit`, `2 edits`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString("en-US")} ${number === 1 ? one : many}`;
}

/** `fp32`, `AMP O1`. */
export function numberFormat({ precision, ampLevel }: Pick<PlanSettings, "precision" | "ampLevel">): string {
  return precision === "fp32" ? precision : `AMP ${ampLevel}`;
}

/** `batch 16, crop 1024x512, fp32`. JSON has it in English. */
export function describeRun(run: PlanSettings, language: Language = "en"): string {
  const words = wordsIn(language).report;
  const cards = run.gpus === undefined ? [] : [words.cards(run.gpus)];
  const batch = run.gpus === undefined ? words.batch(run.batchSize) : words.batchOfCard(run.batchSize);
  const parts = [...cards, batch, words.crop(run.cropSize.join("x")), numberFormat(run)];
  if (run.accumulation > 1) parts.push(words.accumulation(run.accumulation));
  if (run.recompute.length > 0) parts.push(words.recomputeOf(run.recompute.length));
  if (run.lean !== undefined && run.lean.length > 0) parts.push(words.lean);
  if (run.convWorkspaceLimitBytes !== undefined)
    parts.push(words.workspaceLimit(formatBytes(run.convWorkspaceLimitBytes)));
  return parts.join(words.runSeparator);
}

/** A layer as a person reads it: losses carry a prefix, and what no layer ran has no name. */
export function layerName(layer: string, language: Language = "en"): string {
  return layer === "" ? wordsIn(language).report.trainingLoop : layer.replace(/^loss:/, "");
}

/** `in loss, at multiply of OhemCrossEntropyLoss`. */
export function describePeak({ phase, stage, layer, op }: Omit<Peak, "index">, language: Language = "en"): string {
  const words = wordsIn(language).report;
  const moment = words.moments[phase === "other" ? stage : phase];
  const what = op || words.start;
  return layer === "" ? words.peakAt(moment, what) : words.peakOf(moment, what, layerName(layer, language));
}

/** Highest bytes of the process in the worst of training, evaluation and saving, low, expected and high. */
export function worstProcess(report: Parts<Pick<PartEstimate, "process">>): {
  low: number;
  expected: number;
  high: number;
} {
  return {
    low: mostOf(report, (part) => part.process.lowBytes),
    expected: mostOf(report, (part) => part.process.expectedBytes),
    high: mostOf(report, (part) => part.process.highBytes),
  };
}

/** The part whose process is the highest: the first of equal ones. */
export function worstPart<P extends Pick<PartEstimate, "process">>(report: Parts<P>): readonly [PartName, P] {
  return partsOf(report).reduce((worst, one) => (one[1].process.highBytes > worst[1].process.highBytes ? one : worst));
}
