/** @file Short texts that the pictures share: peaks, runs, headroom. */
import { formatBytes } from "../../units.ts";
import type { PlanSettings, Report } from "../report.ts";
import type { TimelineSite } from "../timeline.ts";
import { layerName, numberFormat, worstProcess } from "../words.ts";
import type { PictureWords } from "./words.ts";

/** `11.6 GiB: multiply of OhemCrossEntropyLoss`; `2.73 GiB: scale, in metrics` where no layer ran. */
export function peakLabel(bytes: number, { phase, stage, layer, op }: TimelineSite, words: PictureWords): string {
  const made = op === "" ? words.start : op;
  if (layer !== "") return words.peak(formatBytes(bytes), made, layerName(layer));
  return words.peakOutside(formatBytes(bytes), made, words.spans[phase === "other" ? stage : phase]);
}

/** `loss · multiply · OhemCrossEntropyLoss`. */
export function placeLabel({ phase, stage, layer, op }: TimelineSite, words: PictureWords): string {
  const parts = [words.spans[phase === "other" ? stage : phase], op, layerName(layer, words.language)];
  return parts.filter((text, i) => text !== "" && (i < 2 || layer !== "")).join(" · ");
}

/** `batch 16, crop 1024x512, fp32`. */
export function runLabel(run: PlanSettings, words: PictureWords): string {
  const cards = run.gpus === undefined ? [] : [words.cards(run.gpus)];
  const parts = [
    ...cards,
    `${words.batch} ${run.batchSize}`,
    `${words.crop} ${run.cropSize.join("x")}`,
    numberFormat(run),
  ];
  if (run.accumulation > 1) parts.push(`${words.accumulation} ${run.accumulation}`);
  if (run.recompute.length > 0) parts.push(words.recompute(run.recompute.length));
  const limit = run.convWorkspaceLimitBytes;
  if (limit !== undefined) parts.push(`${words.workspaceLimit} ${formatBytes(limit)}`);
  return parts.join(", ");
}

/** Verdict and numbers in a line; what it needs where there is no card. */
export function verdictLabel(report: Report, words: PictureWords): string {
  const { gpu, verdict, headroomBytes } = report;
  const { expected, high } = worstProcess(report);
  if (gpu === undefined || verdict === undefined || headroomBytes === undefined)
    return words.needs(formatBytes(expected));
  const numbers = words.ofUsable(formatBytes(high), formatBytes(gpu.usableBytes));
  return `${words.verdicts[verdict]}: ${numbers}, ${marginLabel(headroomBytes, words)}`;
}

/** `2.08 GiB short`. */
export function marginLabel(headroomBytes: number, words: PictureWords): string {
  return headroomBytes >= 0 ? words.spare(formatBytes(headroomBytes)) : words.short(formatBytes(-headroomBytes));
}

/** Config and card. */
export function titleLabel({ config, gpu }: Report, words: PictureWords): string {
  return gpu === undefined ? config : words.on(config, gpu.name);
}
