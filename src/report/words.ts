/** @file Small phrases that several parts of a report share. */
import { formatBytes } from "../units.ts";
import type { Peak, PlanSettings, Report, Verdict } from "./report.ts";

/** The verdict as a person says it. */
export const verdictWords: Readonly<Record<Verdict, string>> = {
  fits: "fits",
  tight: "tight",
  "does-not-fit": "does not fit",
};

/** `16 %`, and `<1 %` for what would be none. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return "";
  const value = Math.round((100 * Math.abs(part)) / whole);
  return value === 0 && part !== 0 ? "<1 %" : `${value} %`;
}

/** `12.6 to 13.8 GiB`; both units where they differ. */
export function span(low: number, high: number): string {
  const [from, to] = [formatBytes(low), formatBytes(high)];
  const unit = to.slice(to.indexOf(" "));
  return from.endsWith(unit) ? `${from.slice(0, -unit.length)} to ${to}` : `${from} to ${to}`;
}

/** `1 edit`, `2 edits`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString("en-US")} ${number === 1 ? one : many}`;
}

/** `fp32`, `AMP O1`. */
export function numberFormat({ precision, ampLevel }: Pick<PlanSettings, "precision" | "ampLevel">): string {
  return precision === "fp32" ? precision : `AMP ${ampLevel}`;
}

/** `batch 16, crop 1024x512, fp32`. */
export function describeRun(run: PlanSettings): string {
  const cards = run.gpus === undefined ? [] : [`${run.gpus} cards`];
  const batch = run.gpus === undefined ? `batch ${run.batchSize}` : `batch ${run.batchSize} a card`;
  const parts = [...cards, batch, `crop ${run.cropSize.join("x")}`, numberFormat(run)];
  if (run.accumulation > 1) parts.push(`accumulation ${run.accumulation}`);
  if (run.recompute.length > 0) parts.push(`recompute of ${count(run.recompute.length, "layer")}`);
  if (run.lean !== undefined && run.lean.length > 0) parts.push("lean training");
  if (run.convWorkspaceLimitBytes !== undefined)
    parts.push(`workspace limit ${formatBytes(run.convWorkspaceLimitBytes)}`);
  return parts.join(", ");
}

/** A layer as a person reads it: losses carry a prefix, and what no layer ran has no name. */
export function layerName(layer: string): string {
  return layer === "" ? "(training loop)" : layer.replace(/^loss:/, "");
}

/** `in loss, at multiply of OhemCrossEntropyLoss`. */
export function describePeak({ phase, stage, layer, op }: Peak): string {
  const where = `in ${phase === "other" ? stage : phase}, at ${op || "start"}`;
  return layer === "" ? where : `${where} of ${layerName(layer)}`;
}

/** Highest bytes of the process in the worse of training and evaluation, low, expected and high. */
export function worstProcess(report: Pick<Report, "training" | "evaluation">): {
  low: number;
  expected: number;
  high: number;
} {
  const parts = report.evaluation === undefined ? [report.training] : [report.training, report.evaluation];
  const most = (pick: (part: (typeof parts)[number]) => number): number => Math.max(...parts.map(pick));
  return {
    low: most((part) => part.process.lowBytes),
    expected: most((part) => part.process.expectedBytes),
    high: most((part) => part.process.highBytes),
  };
}
