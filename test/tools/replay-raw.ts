/**
 * @file Tries the memory model alone: replays raw traces (`ID.json` with `ID.raw.jsonl.gz` beside it) and compares with
 * what Paddle's own statistics said. `node dist/tools/replay-raw.js ID.json…`
 */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { estimateMemory } from "../../src/memory/estimate.ts";
import type { MeasuredCase } from "./lib/cases.ts";
import { rawLog } from "./lib/raw-log.ts";
import { table } from "./lib/table.ts";

const rows = [["case", "figure", "ours", "measured", "difference"]];
for (const file of process.argv.slice(2)) {
  const c = JSON.parse(readFileSync(file, "utf8")) as MeasuredCase;
  if (!c.raw) throw new Error(`${file} was not measured with --raw`);
  const text = gunzipSync(readFileSync(file.replace(/\.json$/, ".raw.jsonl.gz"))).toString("utf8");
  const { training, evaluation } = estimateMemory(rawLog(text, c.raw.marks));
  const last = c.steps.at(-1)!;
  const before = c.eval?.before ?? last;
  const figures: [string, number | undefined, number][] = [
    ["training", training.allocated.lowBytes, before.peak_allocated],
    ["after step", training.afterStepBytes, last.allocated],
    ["reserved (training)", training.reserved.lowBytes, before.peak_reserved],
  ];
  if (c.eval?.after) figures.push(["reserved (evaluation)", evaluation?.reserved.lowBytes, c.eval.after.peak_reserved]);
  for (const [name, ours, truth] of figures) {
    const difference = ours === undefined ? "none" : ours === truth ? "=" : (ours - truth).toLocaleString("en-US");
    rows.push([c.id, name, (ours ?? 0).toLocaleString("en-US"), truth.toLocaleString("en-US"), difference]);
  }
}
console.log(table(rows, 2));
