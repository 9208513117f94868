/** @file The first lines of a report: which run, on which card, the verdict with its margin. */
import { formatBytes, formatMiB } from "../units.ts";
import { outOfMemoryLines } from "./out-of-memory.ts";
import type { View } from "./paint.ts";
import type { Report } from "./report.ts";
import { wrap } from "./table.ts";
import { describeRun, percent, span, verdictWords, worstProcess } from "./words.ts";

/** Title and verdict; without a card, what the process needs. */
export function verdictLines(report: Report, view: View): string[] {
  const { paint, width } = view;
  const card = report.gpu === undefined ? "" : ` on ${report.gpu.name}`;
  const title = wrap(`${report.config}${card}`, width);
  return [...title.map(paint.strong), paint.faint(describeRun(report.run)), "", ...judge(report, view)];
}

function judge(report: Report, view: View): string[] {
  const { paint, width } = view;
  const { low, expected, high } = worstProcess(report);
  const range = `range ${span(low, high)}, expected ${formatBytes(expected)}`;
  const { gpu, verdict, headroomBytes } = report;
  if (gpu === undefined || verdict === undefined || headroomBytes === undefined) {
    return [`  ${paint.strong(`needs ${formatBytes(expected)} of GPU memory`)}   ${paint.faint(`(${range})`)}`];
  }
  const usable = gpu.usableBytes;
  const word = verdictWords[verdict];
  const colour = { fits: paint.good, tight: paint.warning, "does-not-fit": paint.bad }[verdict];
  const margin =
    headroomBytes >= 0
      ? `${formatBytes(headroomBytes)} spare (${percent(headroomBytes, usable)})`
      : `${formatBytes(-headroomBytes)} short (${percent(headroomBytes, usable)})`;
  const numbers = `${formatBytes(high)} of ${formatBytes(usable)} usable   ${margin}`;
  const total =
    gpu.usableBytes === gpu.totalBytes ? "" : `; card ${formatMiB(gpu.totalBytes)}, usable ${formatMiB(usable)}`;
  const tight = "as expected it fits, but not if cuDNN takes its largest workspaces and CUDA its largest context";
  const more = wrap(verdict === "tight" ? `${range}${total}; ${tight}` : `${range}${total}`, width, "  ");
  const failing = outOfMemoryLines(report, view);
  return [`  ${colour(paint.strong(word))}   ${numbers}`, ...more.map(paint.faint), ...failing];
}
