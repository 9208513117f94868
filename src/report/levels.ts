/** @file Training and evaluation in rows: allocated, reserved, process; then where the peaks are. */
import { formatGiB } from "../units.ts";
import type { View } from "./paint.ts";
import type { PartEstimate, Report } from "./report.ts";
import { table, wrap } from "./table.ts";
import { describePeak, span } from "./words.ts";

function row(name: string, part: PartEstimate): string[] {
  const { allocated, reserved, process } = part;
  const low = formatGiB(process.lowBytes).replace(" GiB", "");
  return [
    name,
    formatGiB(allocated.lowBytes),
    formatGiB(reserved.lowBytes),
    formatGiB(process.expectedBytes),
    `${low} to ${formatGiB(process.highBytes)}`,
  ];
}

/** Allocated and reserved are the exact ones; the process is a range, as workspaces and context are not known exactly. */
export function levelLines({ training, evaluation, nccl }: Report, { paint, width }: View): string[] {
  const rows = [row("training", training), ...(evaluation === undefined ? [] : [row("evaluation", evaluation)])];
  const right = { align: "right" } as const;
  const columns = ["peak", "allocated", "reserved", "process", "process, range"].map((title, i) =>
    i === 0 ? { title } : { title, ...right },
  );
  const [head = "", ...body] = table(columns, rows, width);
  const places = [wrap(`training peak ${describePeak(training.peak)}`, width, "  ", 4)];
  if (evaluation !== undefined) places.push(wrap(`evaluation peak ${describePeak(evaluation.peak)}`, width, "  ", 4));
  const shared =
    nccl === undefined
      ? []
      : wrap(`of the process, NCCL takes ${span(nccl.lowBytes, nccl.highBytes)} on each card`, width, "  ", 4);
  return [paint.faint(head), ...body, ...places.flat(), ...shared];
}
