/** @file What `max` finds: the largest batch and crop, and the largest batch of each crop and precision. */

import { wordsIn } from "../words/words.ts";
import type { MaxResult } from "./answers.ts";
import type { View } from "./paint.ts";
import { table, wrap } from "./table.ts";
import { describeRun } from "./words.ts";

/** The two answers, the table, and what they rest on. */
export function renderMax(result: MaxResult, { language, paint, width }: View): string {
  const words = wordsIn(language).answers;
  const { config, gpu, run, largestBatch, largestCrop, precisions } = result;
  const batch = largestBatch === 0 ? words.noBatch : words.largestBatch(largestBatch);
  const crop = largestCrop === undefined ? words.noCrop : words.largestCrop(largestCrop.join("x"));
  const rows = result.table.map((row) => [
    row.crop.join("x"),
    ...row.batches.map((number) => (number === 0 ? "-" : String(number))),
  ]);
  const columns = [{ title: words.maxColumn }, ...precisions.map((title) => ({ title, align: "right" as const }))];
  const [head = "", ...body] = table(columns, rows, width);
  const basis = words.maxBasis(result.simulated);
  return `${[
    ...wrap(wordsIn(language).report.on(config, gpu.name), width).map(paint.strong),
    paint.faint(describeRun(run, language)),
    "",
    `  ${paint.strong(batch)}   ${words.atCrop(run.cropSize.join("x"))}`,
    `  ${paint.strong(crop)}   ${words.atBatch(run.batchSize)}`,
    "",
    paint.faint(head),
    ...body,
    "",
    ...wrap(basis, width, "  ").map(paint.faint),
  ].join("\n")}\n`;
}
