/** @file The first lines of a report: which run, on which card, the verdict with its margin. */
import { formatBytes, formatMiB } from "../units.ts";
import { wordsIn } from "../words/words.ts";
import { outOfMemoryLines } from "./out-of-memory.ts";
import type { View } from "./paint.ts";
import type { Report } from "./report.ts";
import { wrap } from "./table.ts";
import { describeRun, percent, span, worstProcess } from "./words.ts";

/** Title and verdict; without a card, what the process needs. */
export function verdictLines(report: Report, view: View): string[] {
  const { language, paint, width } = view;
  const words = wordsIn(language).report;
  const title = wrap(report.gpu === undefined ? report.config : words.on(report.config, report.gpu.name), width);
  return [...title.map(paint.strong), paint.faint(describeRun(report.run, language)), "", ...judge(report, view)];
}

function judge(report: Report, view: View): string[] {
  const { language, paint, width } = view;
  const words = wordsIn(language).report;
  const { low, expected, high } = worstProcess(report);
  const range = words.range(span(low, high, language), formatBytes(expected));
  const { gpu, verdict, headroomBytes } = report;
  if (gpu === undefined || verdict === undefined || headroomBytes === undefined) {
    return [`  ${paint.strong(words.needs(formatBytes(expected)))}   ${paint.faint(words.parenthesis(range))}`];
  }
  const usable = gpu.usableBytes;
  const word = words.verdicts[verdict];
  const colour = { fits: paint.good, tight: paint.warning, "does-not-fit": paint.bad }[verdict];
  const margin =
    headroomBytes >= 0
      ? words.spare(formatBytes(headroomBytes), percent(headroomBytes, usable))
      : words.short(formatBytes(-headroomBytes), percent(headroomBytes, usable));
  const numbers = `${words.ofUsable(formatBytes(high), formatBytes(usable))}   ${margin}`;
  const total = gpu.usableBytes === gpu.totalBytes ? "" : words.cardTotal(formatMiB(gpu.totalBytes), formatMiB(usable));
  const more = wrap(verdict === "tight" ? `${range}${total}${words.tightBecause}` : `${range}${total}`, width, "  ");
  const failing = outOfMemoryLines(report, view);
  return [`  ${colour(paint.strong(word))}   ${numbers}`, ...more.map(paint.faint), ...failing];
}
