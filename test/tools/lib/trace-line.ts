/** @file The same line for event traces: how much of each packed trace our events match, kept in `test/truth/trace-line.json`. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ConfigMap } from "../../../src/config/types.ts";
import { type Program, type Run, settingsOf } from "../program.ts";
import { compareTraces } from "./compare.ts";
import { type PackedCase, packedTruth, readTrace } from "./packed.ts";
import { logRows } from "./rows.ts";
import { type Part, span } from "./span.ts";

/** `identical`, or how many of the measured events ours match, and whether they start from the same bytes. */
export type TraceState =
  | "identical"
  | "refused"
  | { readonly matched: number; readonly of: number; readonly start: number };
export type TraceLine = Readonly<Record<string, TraceState>>;

export const traceLineFile = (): string => join(packedTruth(), "trace-line.json");

/** Reads the line; empty where there is none yet. */
export function readTraceLine(file = traceLineFile()): TraceLine {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as TraceLine) : {};
}

/** Compares our events with every packed trace. What the program cannot run is `refused`. */
export function traceStates(
  program: Program,
  cases: readonly PackedCase[],
  configs: ReadonlyMap<string, ConfigMap>,
): TraceLine {
  const files = readdirSync(packedTruth()).filter((file) => file.endsWith(".trace.gz"));
  const runs = new Map<string, Run | undefined>();
  const run = (id: string): Run | undefined => {
    if (!runs.has(id)) runs.set(id, tryRun(program, cases.find((c) => c.id === id)!, configs));
    return runs.get(id);
  };
  return Object.fromEntries(
    files.map((file) => {
      const name = file.slice(0, -".trace.gz".length);
      const part: Part = name.endsWith(".eval") ? "eval" : "train";
      return [name, traceState(run(name.slice(0, name.lastIndexOf("."))), file, part)];
    }),
  );
}

function tryRun(program: Program, c: PackedCase, configs: ReadonlyMap<string, ConfigMap>): Run | undefined {
  try {
    const resolved = configs.get(c.resolved)!;
    return program.simulate(program.config(resolved), settingsOf({ ...c, resolved, evalSize: c.evalSize }));
  } catch {
    return undefined;
  }
}

function traceState(run: Run | undefined, file: string, part: Part): TraceState {
  if (run === undefined) return "refused";
  const truth = readTrace(join(packedTruth(), file));
  const c = compareTraces(logRows(run.log, ...span(run.log, part)), truth);
  const start = c.start[0] - c.start[1];
  return c.hunks.length === 0 && start === 0 ? "identical" : { matched: c.matchedAll, of: truth.length, start };
}

/** What got worse, in words. */
export function worseTrace(before: TraceState | undefined, now: TraceState): string[] {
  if (before === undefined || before === "refused" || now === "identical") return [];
  if (now === "refused") return ["is refused now"];
  if (before === "identical") return [`was identical, ${now.matched} of ${now.of} events agree now`];
  const lines = now.matched < before.matched ? [`${before.matched} → ${now.matched} of ${now.of} events agree`] : [];
  if (Math.abs(now.start) > Math.abs(before.start))
    lines.push(`start is off by ${now.start} bytes, was ${before.start}`);
  return lines;
}
