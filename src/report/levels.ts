/** @file Training and evaluation in rows: allocated, reserved, process; then where the peaks are. */
import { formatGiB } from "../units.ts";
import { wordsIn } from "../words/words.ts";
import type { View } from "./paint.ts";
import type { PartEstimate, Report } from "./report.ts";
import { table, wrap } from "./table.ts";
import { describePeak, span } from "./words.ts";

function row(name: string, part: PartEstimate, span: (low: string, high: string) => string): string[] {
  const { allocated, reserved, process } = part;
  const low = formatGiB(process.lowBytes).replace(" GiB", "");
  return [
    name,
    formatGiB(allocated.lowBytes),
    formatGiB(reserved.lowBytes),
    formatGiB(process.expectedBytes),
    span(low, formatGiB(process.highBytes)),
  ];
}

/** Allocated and reserved are the exact ones; the process is a range, as workspaces and context are not known exactly. */
export function levelLines({ training, evaluation, saving, nccl }: Report, { language, paint, width }: View): string[] {
  const words = wordsIn(language).report;
  const rows = [row(words.parts.training, training, words.span)];
  if (evaluation !== undefined) rows.push(row(words.parts.evaluation, evaluation, words.span));
  if (saving !== undefined) rows.push(row(words.parts.saving, saving, words.span));
  const right = { align: "right" } as const;
  const columns = words.levelColumns.map((title, i) => (i === 0 ? { title } : { title, ...right }));
  const [head = "", ...body] = table(columns, rows, width);
  const places = [wrap(words.trainingPeak(describePeak(training.peak, language)), width, "  ", 4)];
  if (evaluation !== undefined)
    places.push(wrap(words.evaluationPeak(describePeak(evaluation.peak, language)), width, "  ", 4));
  if (saving !== undefined) places.push(wrap(words.savingPeak, width, "  ", 4));
  const shared =
    nccl === undefined ? [] : wrap(words.ncclTakes(span(nccl.lowBytes, nccl.highBytes, language)), width, "  ", 4);
  const settled = (saving ?? evaluation ?? training).settledBytes;
  if (settled !== undefined) places.push(wrap(words.settles(formatGiB(settled)), width, "  ", 4));
  return [paint.faint(head), ...body, ...places.flat(), ...shared];
}
