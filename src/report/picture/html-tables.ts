/** @file The numbers of the HTML report: verdict, levels, kinds, largest holders, the failing request. */
import { formatBytes } from "../../units.ts";
import { type PartEstimate, partsOf, type Report } from "../report.ts";
import { layerName, percent, worstPart, worstProcess } from "../words.ts";
import { bar, section, size, t, table } from "./html-parts.ts";
import { marginLabel, placeLabel, runLabel } from "./label.ts";
import { stack } from "./mountain.ts";
import type { PictureWords } from "./words.ts";

/** Rows of holders: about a screen. */
const mostHolders = 12;

/** Config, run, verdict with a meter of the card. */
export function verdictHeader(report: Report, words: PictureWords): string {
  const { gpu, verdict, headroomBytes, config, run } = report;
  const { expected, high } = worstProcess(report);
  const [part] = worstPart(report);
  const judged =
    gpu === undefined || verdict === undefined || headroomBytes === undefined
      ? `<p class="verdict"><strong>${t(words.needs(formatBytes(expected)))}</strong></p>`
      : `<p class="verdict"><strong class="${verdict}">${t(words.verdicts[verdict])}</strong> <data value="${high}" data-path="${part}.process.highBytes">${t(words.ofUsable(formatBytes(high), formatBytes(gpu.usableBytes)))}</data>, <data value="${headroomBytes}" data-path="headroomBytes">${t(marginLabel(headroomBytes, words))}</data></p>`;
  return `<header><h1>${t(config)}</h1><p class="faint">${t(gpu === undefined ? "" : `${gpu.name} · `)}${t(runLabel(run, words))}</p>${judged}</header>`;
}

/** Three levels for each part of the run. */
export function levelsSection(report: Report, words: PictureWords): string {
  const rows = partsOf<PartEstimate>(report).map(([name, part]): readonly string[] => [
    t(words.partNames[name]),
    size(part.allocated.lowBytes, `${name}.allocated.lowBytes`),
    size(part.reserved.lowBytes, `${name}.reserved.lowBytes`),
    size(part.process.expectedBytes, `${name}.process.expectedBytes`),
    `${size(part.process.lowBytes, `${name}.process.lowBytes`)} – ${size(part.process.highBytes, `${name}.process.highBytes`)}`,
    t(placeLabel(part.peak, words)),
  ]);
  const heads = [words.part, words.allocated, words.reserved, words.process, words.range, words.peakAt];
  const failed = report.outOfMemory;
  const failure =
    failed === undefined ? "" : `\n<h3>${t(words.outOfMemory)}</h3><p><code>${t(failed.message)}</code></p>`;
  const { nccl } = report;
  const shared =
    nccl === undefined
      ? ""
      : `<p class="faint">${t(words.nccl(formatBytes(nccl.lowBytes), formatBytes(nccl.highBytes)))}</p>`;
  const body = `${table(heads, rows, [1, 2, 3, 4], words.levels)}<p class="faint">${t(words.levelsHelp)}</p>${shared}${failure}`;
  return section("levels", words.levels, body);
}

/** Kinds and the largest holders at the training peak. */
export function aliveSection({ training }: Report, words: PictureWords): string {
  const whole = training.allocated.lowBytes;
  const kinds = stack
    .filter((kind) => training.byKind[kind] > 0)
    .sort((a, b) => training.byKind[b] - training.byKind[a])
    .map((kind) => {
      const bytes = training.byKind[kind];
      const name = t(words.kinds[kind]);
      return [name, size(bytes, `training.byKind.${kind}`), percent(bytes, whole), bar(bytes, whole, `k-${kind}`)];
    });
  const holders = training.holders
    .slice(0, mostHolders)
    .map((holder, i) => [
      size(holder.bytes, `training.holders.${i}.bytes`),
      String(holder.count),
      holder.op === "" ? "–" : t(holder.op),
      `<code>${t(holder.layer === "" ? words.kinds[holder.kind] : layerName(holder.layer))}</code>`,
      t(words.phases[holder.phase]),
    ]);
  const body = [
    table([words.kind, words.bytes, words.share, ""], kinds, [1, 2], words.aliveAtPeak),
    `<h3>${t(words.largest)}</h3>`,
    table([words.bytes, words.count, words.madeBy, words.layer, words.phase], holders, [0, 1], words.largest),
  ];
  return section("alive-at-peak", words.aliveAtPeak, body.join("\n"));
}
