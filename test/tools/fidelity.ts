/**
 * @file Replays every measured case: `npm run fidelity -- [--only REGEX] [--worst N] [--refused] [--fast] [--update-line] [--trace CASE …]`.
 *
 * One row a case: each figure's bytes with `=` where ours is the same, else ours, the measured one and the error in percent.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { cardLines } from "./lib/card.ts";
import { type CaseResult, errorPpm, type Figure, type FigureName, figureNames, runCase } from "./lib/figures.ts";
import { lineFile, lineText, readLine, stateOf, worse } from "./lib/line.ts";
import { readPackedCases, readPackedConfigs } from "./lib/packed.ts";
import { pointLines } from "./lib/points.ts";
import { refusals, statistics } from "./lib/statistics.ts";
import { table } from "./lib/table.ts";
import { traceCommand } from "./lib/trace-command.ts";
import { traceLineFile, traceStates } from "./lib/trace-line.ts";
import { loadProgram } from "./program.ts";

const titles: Record<FigureName, string> = {
  parameters: "parameters",
  training: "training",
  evaluation: "evaluation",
  afterStep: "after step",
  reservedTraining: "reserved (training)",
  reservedEvaluation: "reserved (evaluation)",
  end: "whole run, saving too",
  reservedEnd: "reserved (whole run)",
};

const help = `npm run fidelity -- [options]
  --only REGEX    cases whose name matches        --worst N     the N worst figures in place of all rows
  --refused       names of the refused cases      --fast        no rows
  --update-line   rewrite test/truth/line.json    --trace CASE  compare events (see --trace --help)`;

const bytes = (value: number): string => value.toLocaleString("en-US");

function cell(figure: Figure | undefined): string {
  if (!figure) return "";
  const ppm = errorPpm(figure);
  if (ppm === 0) return `${bytes(figure.truth)} =`;
  const error =
    ppm === undefined ? "none" : `${ppm > 0 ? "+" : ""}${(ppm / 1e4).toFixed(Math.abs(ppm) < 100 ? 4 : 2)}%`;
  return `${figure.ours === undefined ? "–" : bytes(figure.ours)} / ${bytes(figure.truth)} ${error}`;
}

const word = (agrees: boolean | undefined): string => (agrees === undefined ? "·" : agrees ? "yes" : "NO");

function rows(results: readonly CaseResult[]): string {
  const head = ["case", ...figureNames.map((name) => titles[name]), "peak (training)", "peak (evaluation)"];
  const body = results
    .filter((r) => r.refused === undefined)
    .map((r) => [
      r.id,
      ...figureNames.map((name) => cell(r.figures[name])),
      word(r.place.training),
      word(r.place.evaluation),
    ]);
  return table([head, ...body]);
}

function worstFigures(results: readonly CaseResult[], count: number): string {
  const all = results.flatMap((r) =>
    figureNames.flatMap((name) => {
      const figure = r.figures[name];
      return figure ? [{ r, name, figure, size: Math.abs(errorPpm(figure) ?? 1e6) }] : [];
    }),
  );
  const worst = all.filter((w) => w.size > 0).sort((a, b) => b.size - a.size);
  return table(
    worst.slice(0, count).map((w) => [w.r.id, titles[w.name], cell(w.figure)]),
    2,
  );
}

function totals(results: readonly CaseResult[]): string {
  const share = (part: number, of: number): string => `${((100 * part) / of).toFixed(1)}%`;
  const percent = (value: number): string => (value === 0 ? "0" : `${value.toFixed(4)}%`);
  const body = figureNames.flatMap((name) => {
    const s = statistics(results, name);
    if (!s) return [];
    const numbers = [
      percent(s.median),
      percent(s.p90),
      percent(s.worst),
      share(s.exact, s.count),
      share(s.under, s.count),
    ];
    return [[titles[name], String(s.count), ...numbers, s.worst > 0 ? s.worstId : ""]];
  });
  for (const part of ["training", "evaluation"] as const) {
    const judged = results.filter((r) => r.place[part] !== undefined);
    const agree = judged.filter((r) => r.place[part]).length;
    if (judged.length > 0)
      body.push([`place of peak (${part})`, String(judged.length), "", "", "", share(agree, judged.length)]);
  }
  if (body.length === 0) return "no figures";
  return table([["", "cases", "median", "p90", "worst", "exact", "under", "worst case"], ...body]);
}

async function main(args: string[]): Promise<number> {
  const at = args.indexOf("--trace");
  if (at >= 0) return traceCommand(args.toSpliced(at, 1));
  const { values } = parseArgs({
    args,
    options: {
      only: { type: "string" },
      worst: { type: "string" },
      refused: { type: "boolean" },
      fast: { type: "boolean" },
      "update-line": { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    console.log(help);
    return 0;
  }
  const program = loadProgram();
  const configs = readPackedConfigs();
  const only = new RegExp(values.only ?? "");
  const start = performance.now();
  const cases = readPackedCases().filter((c) => only.test(c.id));
  const results = cases.map((c) => runCase(program, c, configs.get(c.resolved)!));
  const seconds = (performance.now() - start) / 1000;

  if (values.worst) console.log(`${worstFigures(results, Number(values.worst))}\n`);
  else if (!values.fast) console.log(`${rows(results)}\n`);
  console.log(`${totals(results)}\n`);
  if (!values.only) console.log(`${[...cardLines(program), ...pointLines(program)].join("\n")}\n`);
  const refused = refusals(results);
  const count = refused.reduce((sum, group) => sum + group.ids.length, 0);
  console.log(`${results.length} cases in ${seconds.toFixed(1)} s, ${results.length - count} run, ${count} refused`);
  for (const group of refused) {
    console.log(`  ${String(group.ids.length).padStart(4)}  ${group.crashed ? "(no user error) " : ""}${group.reason}`);
    if (values.refused) for (const id of group.ids) console.log(`          ${id}`);
  }
  const line = readLine();
  const behind = results.flatMap((r) => worse(line[r.id], stateOf(r)).map((text) => `${r.id}: ${text}`));
  if (behind.length > 0) console.log(`\nworse than the line:\n  ${behind.join("\n  ")}`);
  if (values["update-line"]) {
    writeFileSync(lineFile(), lineText(results, line));
    const traces = traceStates(program, readPackedCases(), configs);
    writeFileSync(traceLineFile(), `${JSON.stringify(traces, undefined, 1)}\n`);
    console.log(`\nwrote ${lineFile()} and ${traceLineFile()}`);
  }
  return behind.length > 0 && !values["update-line"] ? 1 : 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
