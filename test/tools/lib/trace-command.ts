/** @file The comparer as a command: finds the case and its trace, runs the program, prints the first differences. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { loadProgram, settingsOf } from "../program.ts";
import { findCase, type MeasuredCase, readCase, sharedTruth } from "./cases.ts";
import { compareTraces } from "./compare.ts";
import { packedTruth, readPackedCases, readPackedConfigs, readTrace } from "./packed.ts";
import { logRows, type TraceRow, withoutKernel } from "./rows.ts";
import { showHunk, summary } from "./show.ts";
import { type Part, span } from "./span.ts";

export const traceHelp = `node dist/tools/trace.js CASE [options]
node dist/tools/trace.js --measured ID.json [options]

CASE              name of a case in ../shared/truth (or test/truth), or a part of it that only one case has
--measured FILE   a case measured elsewhere: ID.json with its ID.train, .eval or .raw.jsonl.gz beside it
--eval            the second image of the evaluation in place of iterations 2 and 3
--raw [FILE]      the whole run, kernel temporaries included, against a raw trace
--no-kernel       without kernel temporaries, both sides
--around N        rows before and after a difference (10)
--hunks N         how many differences to show (1)
--ignore-op, --ignore-layer, --ignore-phase
--truth FILE, --ours FILE   rows from a file
--dump            print our rows as JSON lines`;

const table = {
  eval: { type: "boolean", default: false },
  around: { type: "string", default: "10" },
  hunks: { type: "string", default: "1" },
  "ignore-op": { type: "boolean", default: false },
  "ignore-layer": { type: "boolean", default: false },
  "ignore-phase": { type: "boolean", default: false },
  "no-kernel": { type: "boolean", default: false },
  measured: { type: "string" },
  truth: { type: "string" },
  ours: { type: "string" },
  raw: { type: "string" },
  dump: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

/** A measured case with the folder that its traces lie in. */
function locate(name: string | undefined, measured: string | undefined): { c: MeasuredCase; traces: string } {
  if (measured) return { c: JSON.parse(readFileSync(measured, "utf8")) as MeasuredCase, traces: dirname(measured) };
  if (!name) throw new Error(traceHelp);
  if (existsSync(sharedTruth())) return { c: readCase(findCase(name)), traces: sharedTruth() };
  const names = readPackedCases().map((p) => p.id);
  const packed = readPackedCases().find((p) => p.id === findCase(name, names))!;
  const resolved = readPackedConfigs().get(packed.resolved)!;
  const size = packed.evalSize ? { eval: { size: packed.evalSize } } : {};
  return { c: { ...packed, resolved, ...size } as unknown as MeasuredCase, traces: packedTruth() };
}

/** The measured rows of a case; a raw trace of a run with no evaluation is cut at the third step, where ours ends. */
function measuredRows(c: MeasuredCase, file: string, part: Part): TraceRow[] {
  if (!existsSync(file)) throw new Error(`no such trace was measured: ${file}`);
  const rows = readTrace(file);
  const end = part === "raw" && !c.eval ? c.raw?.marks["step 3"] : undefined;
  return end === undefined ? rows : rows.slice(0, end);
}

/** Runs the comparer. Resolves to the exit code: 0 identical, 1 different. */
export async function traceCommand(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: table });
  if (values.help) {
    console.log(traceHelp);
    return 0;
  }
  const { c, traces } = locate(positionals[0], values.measured);
  const rawBeside = values.measured && !values.eval ? join(traces, `${c.id}.raw.jsonl.gz`) : undefined;
  const raw = values.raw ?? (rawBeside && existsSync(rawBeside) ? rawBeside : undefined);
  const part: Part = raw ? "raw" : values.eval ? "eval" : "train";
  const ending = traces === packedTruth() ? "trace.gz" : "jsonl.gz";

  let ours: TraceRow[];
  if (values.ours) ours = readTrace(values.ours);
  else {
    const program = loadProgram();
    const { log } = program.simulate(program.config(c.resolved), settingsOf({ ...c, evalSize: c.eval?.size }));
    ours = logRows(log, ...span(log, part), part === "raw");
  }
  if (values["no-kernel"]) ours = withoutKernel(ours);
  if (values.dump) {
    for (const r of ours) console.log(JSON.stringify([r.phase, r.layer, r.op, r.bytes, r.total, 0, r.kernel ? 1 : 0]));
    return 0;
  }
  let truth = measuredRows(c, raw ?? values.truth ?? join(traces, `${c.id}.${part}.${ending}`), part);
  if (values["no-kernel"]) truth = withoutKernel(truth);
  const comparison = compareTraces(ours, truth, {
    ignoreOp: values["ignore-op"],
    ignoreLayer: values["ignore-layer"],
    ignorePhase: values["ignore-phase"],
  });
  for (const hunk of comparison.hunks.slice(0, Number(values.hunks))) {
    console.log(`${showHunk(comparison, hunk, ours, truth, Number(values.around))}\n`);
  }
  console.log(summary(comparison, `${c.id} ${part}`, truth.length));
  return comparison.hunks.length > 0 || comparison.start[0] !== comparison.start[1] ? 1 : 0;
}
