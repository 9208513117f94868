/** @file One layer op by op: what its forward makes, what stays saved for backward, what is alive at the peak. */

import { formatBytes } from "../units.ts";
import { wordsIn } from "../words/words.ts";
import type { ExplainResult, OpBytes } from "./answers.ts";
import { formatCount } from "./layers.ts";
import type { View } from "./paint.ts";
import { table, wrap } from "./table.ts";
import { describePeak, describeRun, layerName, percent } from "./words.ts";

/** Rows shown; the rest is summed up in one. */
const mostRows = 20;

const cell = (bytes: number): string => (bytes === 0 ? "-" : formatBytes(bytes));

/** Title, totals, then the ops, largest at the peak first. */
export function renderExplain(result: ExplainResult, { language, paint, width }: View, top = mostRows): string {
  const words = wordsIn(language).answers;
  const { moments, trainingPeak } = wordsIn(language).report;
  const { config, run, layer, type, ops, peak } = result;
  const short = (name: string): string => (name === layer ? "." : layerName(name, language).replace(`${layer}.`, ""));
  const row = ({ op, count, madeBytes, savedBytes, peakBytes, layer: name, phase }: OpBytes): string[] => [
    op === "" ? "-" : op,
    moments[phase],
    count === 0 ? "-" : String(count),
    cell(madeBytes),
    cell(savedBytes),
    cell(peakBytes),
    short(name),
  ];
  const rest = ops.slice(top);
  const sum = (rows: readonly OpBytes[], pick: (op: OpBytes) => number) => rows.reduce((n, op) => n + pick(op), 0);
  const rows = ops.slice(0, top).map(row);
  if (rest.length > 0) {
    rows.push([
      words.others(rest.length),
      "",
      String(sum(rest, (op) => op.count)),
      cell(sum(rest, (op) => op.madeBytes)),
      cell(sum(rest, (op) => op.savedBytes)),
      cell(sum(rest, (op) => op.peakBytes)),
      "",
    ]);
  }
  const { madeBytes, savedBytes, peakBytes } = result;
  rows.push([
    words.all,
    "",
    String(sum(ops, (op) => op.count)),
    cell(madeBytes),
    cell(savedBytes),
    cell(peakBytes),
    "",
  ]);
  const right = { align: "right" } as const;
  const columns = words.explainColumns.map((title, i) =>
    i < 2 ? { title } : i === 6 ? { title, flexible: true } : { title, ...right },
  );
  const [head = "", ...body] = table(columns, rows, width);
  const share = percent(peakBytes, result.allocatedBytes);
  const parameters =
    result.parameterCount === 0
      ? ""
      : words.withParameters(formatCount(result.parameterCount), formatBytes(result.parameterBytes));
  const totals = `${words.totals(cell(peakBytes), formatBytes(result.allocatedBytes), share, cell(savedBytes))}${parameters}`;
  return `${[
    ...wrap(words.explainTitle(`${layer}${type === "" ? "" : words.parenthesis(type)}`, config), width).map(
      paint.strong,
    ),
    paint.faint(describeRun(run, language)),
    "",
    ...wrap(totals, width, "  ").map(paint.strong),
    ...wrap(trainingPeak(describePeak(peak, language)), width, "  ", 4),
    "",
    paint.faint(head),
    ...body,
    "",
    ...wrap(words.explainKey, width, "  ").map(paint.faint),
  ].join("\n")}\n`;
}
