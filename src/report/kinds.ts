/** @file What is alive at the training peak, by kind with bars, the peak of each phase, and the largest things with who made them. */

import { storageKinds } from "../engine/events.ts";
import { formatBytes, formatGiB, MiB } from "../units.ts";
import { wordsIn } from "../words/words.ts";
import type { View } from "./paint.ts";
import type { Holder, PartEstimate } from "./report.ts";
import { bar, table } from "./table.ts";
import { layerName, percent } from "./words.ts";

/** Longest bar, in columns. */
const barWidth = 24;
/** A kind or holder below this says nothing to a person who counts GiB. */
const worthShowing = MiB;

/** GiB without the unit, which stands at the end of its line. */
function bare(bytes: number): string {
  return formatGiB(bytes).split(" ")[0] ?? "";
}

/** Bytes by kind, largest first; the rest in one row so that the rows add up to the peak. */
export function kindLines(part: PartEstimate, { language, paint, width }: View): string[] {
  const words = wordsIn(language).report;
  const kinds = storageKinds.map((kind) => [kind, part.byKind[kind]] as const).sort((a, b) => b[1] - a[1]);
  const shown = kinds.filter(([, bytes]) => bytes >= worthShowing);
  const rest = kinds.filter(([, bytes]) => bytes < worthShowing).reduce((sum, [, bytes]) => sum + bytes, 0);
  const whole = part.allocated.lowBytes;
  const most = shown[0]?.[1] ?? 0;
  const row = (name: string, bytes: number): string[] => [
    name,
    formatBytes(bytes),
    percent(bytes, whole),
    bar(bytes, most, barWidth),
  ];
  const rows = shown.map(([kind, bytes]) => row(words.kinds[kind], bytes));
  if (rest > 0) rows.push(row(words.other, rest));
  const right = { align: "right" } as const;
  const columns = [{ title: words.aliveAtPeak }, { title: "", ...right }, { title: "", ...right }, { title: "" }];
  const [head = "", ...body] = table(columns, rows, width);
  return [paint.faint(head), ...body];
}

/** Who made what is alive at the peak: recompute frees the network's part, and nothing of the losses'. */
export function makerLine({ holders, allocated }: PartEstimate, { language, paint }: View): string {
  const words = wordsIn(language).report;
  const sum = (pick: (holder: Holder) => boolean): number =>
    holders.reduce((total, holder) => total + (pick(holder) ? holder.bytes : 0), 0);
  const losses = sum(({ layer }) => layer.startsWith("loss:"));
  const network = sum(({ layer, phase }) => phase === "forward" && !layer.startsWith("loss:"));
  const rest = allocated.lowBytes - losses - network;
  return `  ${paint.faint(words.madeBy)}  ${words.makers(bare(network), bare(losses), bare(rest))}`;
}

/** Highest allocated bytes in each phase on one line: which phase to work on. */
export function phaseLine(part: PartEstimate, { language, paint }: View): string {
  const words = wordsIn(language).report;
  const phases = part.byPhase.filter(({ phase }) => phase !== "other");
  const text = phases.map(({ phase, bytes }) => {
    const one = words.phase(words.moments[phase], bare(bytes));
    return phase === part.peak.phase ? paint.strong(one) : one;
  });
  return `  ${paint.faint(words.peakByPhase)}  ${text.join(words.phaseSeparator)} GiB`;
}

/** The `top` largest holders: bytes, how many, what made them, where. */
export function holderLines(part: PartEstimate, { language, paint, width }: View, top: number): string[] {
  const words = wordsIn(language).report;
  const rows = part.holders
    .filter((holder) => holder.bytes >= worthShowing)
    .slice(0, top)
    .map(({ bytes, count, layer, op, phase, kind }) => {
      const made = op === "" ? "-" : op;
      const where = layer === "" ? words.kinds[kind] : layerName(layer, language);
      return [formatBytes(bytes), words.times(count), made, where, words.moments[phase]];
    });
  const right = { align: "right" } as const;
  const [largest = "", , madeBy = "", where = "", phase = ""] = words.holderColumns;
  const columns = [
    { title: largest, ...right },
    { title: "", ...right },
    { title: madeBy },
    { title: where, flexible: true },
    { title: phase },
  ];
  const [head = "", ...body] = table(columns, rows, width);
  return body.length === 0 ? [] : [paint.faint(head), ...body];
}
