/**
 * @file Tries the memory model alone: replays raw traces (`ID.json` with `ID.raw.jsonl.gz` beside it) and compares with
 * what Paddle's own statistics said. `node dist/tools/replay-raw.js [--keep] ID.json…`; `--keep` writes `ID.raw.gz` to test/truth.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import type { MeasuredCase } from "./lib/cases.ts";
import { packedTruth } from "./lib/packed.ts";
import { modelFigures, packRaw, rawFigures, rawLog } from "./lib/raw-log.ts";
import { table } from "./lib/table.ts";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { keep: { type: "boolean" } } });
const rows = [["case", "figure", "ours", "measured", "difference"]];
for (const file of positionals) {
  const c = JSON.parse(readFileSync(file, "utf8")) as MeasuredCase;
  if (!c.raw) throw new Error(`${file} was not measured with --raw`);
  const text = gunzipSync(readFileSync(file.replace(/\.json$/, ".raw.jsonl.gz"))).toString("utf8");
  const log = rawLog(text, c.raw.marks);
  const truth = rawFigures(c, text);
  const ours = new Map<string, number>(Object.entries(modelFigures(log)));
  for (const [name, measured] of Object.entries(truth)) {
    const value = ours.get(name);
    const difference =
      value === undefined ? "none" : value === measured ? "=" : (value - measured).toLocaleString("en-US");
    rows.push([c.id, name, (value ?? 0).toLocaleString("en-US"), measured.toLocaleString("en-US"), difference]);
  }
  if (values.keep) writeFileSync(join(packedTruth(), `${c.id}.raw.gz`), packRaw(log, truth));
}
console.log(table(rows, 2));
