/** @file What `max` finds: the largest batch and crop, and the largest batch of each crop and precision. */
import type { MaxResult } from "./answers.ts";
import type { View } from "./paint.ts";
import { table, wrap } from "./table.ts";
import { count, describeRun } from "./words.ts";

/** The two answers, the table, and what they rest on. */
export function renderMax(result: MaxResult, { paint, width }: View): string {
  const { config, gpu, run, largestBatch, largestCrop, precisions } = result;
  const batch = largestBatch === 0 ? "not even batch 1 fits" : `largest batch ${largestBatch}`;
  const crop = largestCrop === undefined ? "no crop fits" : `largest crop ${largestCrop.join("x")}`;
  const rows = result.table.map((row) => [
    row.crop.join("x"),
    ...row.batches.map((number) => (number === 0 ? "-" : String(number))),
  ]);
  const columns = [{ title: "largest batch" }, ...precisions.map((title) => ({ title, align: "right" as const }))];
  const [head = "", ...body] = table(columns, rows, width);
  const basis = `${count(result.simulated, "run")} simulated: each batch and crop named fits, and the next larger one was run and does not.`;
  return `${[
    ...wrap(`${config} on ${gpu.name}`, width).map(paint.strong),
    paint.faint(describeRun(run)),
    "",
    `  ${paint.strong(batch)}   at crop ${run.cropSize.join("x")}`,
    `  ${paint.strong(crop)}   at batch ${run.batchSize}`,
    "",
    paint.faint(head),
    ...body,
    "",
    ...wrap(basis, width, "  ").map(paint.faint),
  ].join("\n")}\n`;
}
