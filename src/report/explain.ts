/** @file One layer op by op: what its forward makes, what stays saved for backward, what is alive at the peak. */

import { formatBytes } from "../units.ts";
import type { ExplainResult, OpBytes } from "./answers.ts";
import { formatCount } from "./layers.ts";
import type { View } from "./paint.ts";
import { table, wrap } from "./table.ts";
import { describePeak, describeRun, layerName, percent } from "./words.ts";

/** Rows shown; the rest is summed up in one. */
const mostRows = 20;

const cell = (bytes: number): string => (bytes === 0 ? "-" : formatBytes(bytes));

/** Title, totals, then the ops, largest at the peak first. */
export function renderExplain(result: ExplainResult, { paint, width }: View, top = mostRows): string {
  const { config, run, layer, type, ops, peak } = result;
  const short = (name: string): string => (name === layer ? "." : layerName(name).replace(`${layer}.`, ""));
  const row = ({ op, count, madeBytes, savedBytes, peakBytes, layer: name, phase }: OpBytes): string[] => [
    op === "" ? "-" : op,
    phase,
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
      `${rest.length} others`,
      "",
      String(sum(rest, (op) => op.count)),
      cell(sum(rest, (op) => op.madeBytes)),
      cell(sum(rest, (op) => op.savedBytes)),
      cell(sum(rest, (op) => op.peakBytes)),
      "",
    ]);
  }
  const { madeBytes, savedBytes, peakBytes } = result;
  rows.push(["all", "", String(sum(ops, (op) => op.count)), cell(madeBytes), cell(savedBytes), cell(peakBytes), ""]);
  const right = { align: "right" } as const;
  const columns = [
    { title: "op" },
    { title: "phase" },
    { title: "tensors", ...right },
    { title: "made", ...right },
    { title: "saved", ...right },
    { title: "at peak", ...right },
    { title: "in", flexible: true },
  ];
  const [head = "", ...body] = table(columns, rows, width);
  const share = percent(peakBytes, result.allocatedBytes);
  const parameters =
    result.parameterCount === 0
      ? ""
      : `; ${formatCount(result.parameterCount)} parameters, ${formatBytes(result.parameterBytes)}`;
  const totals = `${cell(peakBytes)} of the ${formatBytes(result.allocatedBytes)} at the peak (${share}), ${cell(savedBytes)} saved for backward${parameters}`;
  const key =
    "made: by one forward; saved: still alive when backward begins; at peak: alive when allocated bytes are highest";
  return `${[
    ...wrap(`${layer}${type === "" ? "" : ` (${type})`} in ${config}`, width).map(paint.strong),
    paint.faint(describeRun(run)),
    "",
    ...wrap(totals, width, "  ").map(paint.strong),
    ...wrap(`training peak ${describePeak(peak)}`, width, "  ", 4),
    "",
    paint.faint(head),
    ...body,
    "",
    ...wrap(key, width, "  ").map(paint.faint),
  ].join("\n")}\n`;
}
