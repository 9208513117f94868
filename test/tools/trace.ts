/**
 * @file Compares our events with a measured trace, row by row.
 *
 *   node dist/tools/trace.js CASE [--eval] [--around 10] [--hunks 1] [--ignore-op] [--ignore-layer] [--ignore-phase]
 *                                 [--truth FILE] [--ours FILE] [--raw FILE] [--dump]
 *
 * CASE is (a part of) the name of a case in ../shared/truth. `--hunks N` shows N differences in place of the first,
 * `--raw FILE` compares the whole run, kernel temporaries included, with a raw trace; `--truth FILE` and `--ours FILE` take
 * the rows from a file; `--dump` prints our rows as JSON lines.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { EventLog } from "../../src/engine/events.ts";
import { findCase, readCase, sharedTruth } from "./lib/cases.ts";
import { compareTraces } from "./lib/compare.ts";
import { logRows, readRows, type TraceRow } from "./lib/rows.ts";
import { showHunk, summary } from "./lib/show.ts";
import { loadProgram, settingsOf } from "./program.ts";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    eval: { type: "boolean" },
    around: { type: "string", default: "10" },
    hunks: { type: "string", default: "1" },
    "ignore-op": { type: "boolean" },
    "ignore-layer": { type: "boolean" },
    "ignore-phase": { type: "boolean" },
    truth: { type: "string" },
    ours: { type: "string" },
    raw: { type: "string" },
    dump: { type: "boolean" },
  },
});

/** The part of our log that a measured trace covers. */
function span(log: EventLog): readonly [number, number] {
  const position = (name: "step" | "image" | "image-end", index: number): number => {
    const at = log.at(name, index);
    if (at < 0) throw new Error(`our log has no mark "${name}" ${index}`);
    return at;
  };
  if (options.raw) return [0, log.length];
  return options.eval ? [position("image", 2), position("image-end", 2)] : [position("step", 1), position("step", 3)];
}

/** Runs the case and cuts out its rows. */
async function ourRows(name: string): Promise<TraceRow[]> {
  if (options.ours) return readRows(options.ours);
  const measured = readCase(name);
  const program = await loadProgram();
  const { log } = program.simulate(
    program.config(measured.resolved),
    settingsOf({ ...measured, evalSize: measured.eval?.size }),
  );
  const [from, to] = span(log);
  return logRows(log, from, to, options.raw !== undefined);
}

async function main(): Promise<void> {
  if (!positionals[0]) throw new Error("which case? node dist/tools/trace.js CASE [--eval]");
  const name = findCase(positionals[0]);
  const ours = await ourRows(name);
  if (options.dump) {
    for (const r of ours) console.log(JSON.stringify([r.phase, r.layer, r.op, r.bytes, r.total, 0, r.kernel ? 1 : 0]));
    return;
  }
  const file =
    options.raw ?? options.truth ?? join(sharedTruth(), `${name}.${options.eval ? "eval" : "train"}.jsonl.gz`);
  if (!existsSync(file)) throw new Error(`no trace of this case was measured (${file})`);
  const truth = readRows(file);
  const comparison = compareTraces(ours, truth, {
    ignoreOp: options["ignore-op"] ?? false,
    ignoreLayer: options["ignore-layer"] ?? false,
    ignorePhase: options["ignore-phase"] ?? false,
  });
  for (const hunk of comparison.hunks.slice(0, Number(options.hunks))) {
    console.log(`${showHunk(comparison, hunk, ours, truth, Number(options.around))}\n`);
  }
  console.log(summary(comparison, `${name} ${options.raw ? "raw" : options.eval ? "eval" : "train"}`, truth.length));
  process.exitCode = comparison.hunks.length > 0 || comparison.start[0] !== comparison.start[1] ? 1 : 0;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
});
