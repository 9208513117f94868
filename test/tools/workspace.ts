/**
 * @file Compares runs that were measured with one workspace for every convolution (`FAKE_CUDNN_WS`, `measure_raw.py`) with ours:
 * `node dist/tools/workspace.js [--data-left] ID.json…`; allocated and reserved, training and evaluation.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { ConfigMap } from "../../src/config/types.ts";
import { replay } from "../../src/memory/replay.ts";
import { tally } from "../../src/memory/tally.ts";
import { fixedWorkspaces } from "../../src/memory/workspace.ts";
import { table } from "./lib/table.ts";
import { loadProgram, settingsOf } from "./program.ts";

interface Peaks {
  readonly peak_allocated: number;
  readonly peak_reserved: number;
}

interface Measured {
  readonly id: string;
  readonly batch: number;
  readonly crop: readonly [number, number];
  readonly amp: "off" | "O1" | "O2";
  readonly prefetch: boolean;
  readonly resolved: ConfigMap;
  readonly env: Readonly<Record<string, string>>;
  readonly steps: readonly Peaks[];
  readonly eval?: { readonly size: readonly [number, number]; readonly before: Peaks; readonly after: Peaks };
}

const program = loadProgram();
const rows = [["case", "figure", "ours", "measured", "difference"]];
let same = 0;
const { values, positionals } = parseArgs({ allowPositionals: true, options: { "data-left": { type: "boolean" } } });
for (const file of positionals) {
  const c = JSON.parse(readFileSync(file, "utf8")) as Measured;
  const { log } = program.simulate(
    program.config(c.resolved),
    settingsOf({ ...c, evalSize: c.eval?.size, dataLeft: values["data-left"] }),
  );
  const workspaces = fixedWorkspaces(log, Number(c.env.FAKE_CUDNN_WS ?? 0));
  const { training, evaluation } = tally(log, workspaces);
  const held = replay(log, { workspaces });
  const before = c.eval?.before ?? c.steps.at(-1)!;
  const figures: [string, number, number][] = [
    ["allocated", training.expectedBytes, before.peak_allocated],
    ["reserved", held.training.reservedBytes, before.peak_reserved],
  ];
  if (c.eval && evaluation && held.evaluation) {
    const highest = Math.max(training.expectedBytes, evaluation.expectedBytes);
    figures.push(["allocated, evaluated", highest, c.eval.after.peak_allocated]);
    figures.push(["reserved, evaluated", held.evaluation.reservedBytes, c.eval.after.peak_reserved]);
  }
  for (const [name, ours, measured] of figures) {
    if (ours === measured) same++;
    const difference = ours === measured ? "=" : (ours - measured).toLocaleString("en-US");
    rows.push([c.id, name, ours.toLocaleString("en-US"), measured.toLocaleString("en-US"), difference]);
  }
}
console.log(table(rows, 2));
console.log(`${same} of ${rows.length - 1} figures the same`);
