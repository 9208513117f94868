/** @file The line that no case may fall behind: each case's state, kept in `test/truth/line.json`. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type CaseResult, errorPpm, figureNames } from "./figures.ts";
import { packedTruth } from "./packed.ts";

/** Errors in ppm by figure (exact ones left out), and the places at peaks that do not agree. */
export interface Deviation {
  readonly ppm: Readonly<Record<string, number>>;
  readonly places: readonly string[];
}

/** `exact`: every figure to the byte and every place agrees. */
export type State = "exact" | "refused" | Deviation;
export type Line = Readonly<Record<string, State>>;

export const lineFile = (): string => join(packedTruth(), "line.json");

/** Reads the line; empty where there is none yet. */
export function readLine(file = lineFile()): Line {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Line) : {};
}

/** A missing figure counts as wholly wrong. */
const missing = 1e6;

/** The state of a result. */
export function stateOf(result: CaseResult): State {
  if (result.refused !== undefined) return "refused";
  const ppm: Record<string, number> = {};
  for (const name of figureNames) {
    const figure = result.figures[name];
    const error = figure && (errorPpm(figure) ?? missing);
    if (error) ppm[name] = error;
  }
  const places = (["training", "evaluation"] as const).filter((part) => result.place[part] === false);
  return Object.keys(ppm).length === 0 && places.length === 0 ? "exact" : { ppm, places };
}

const deviation = (state: State | undefined): Deviation | undefined =>
  state === undefined || state === "refused" ? undefined : state === "exact" ? { ppm: {}, places: [] } : state;

/** What got worse from `before` to `now`, in words; empty if nothing did. A case new to the line cannot be worse. */
export function worse(before: State | undefined, now: State): string[] {
  const [old, current] = [deviation(before), deviation(now)];
  if (old === undefined) return [];
  if (current === undefined) return ["is refused now"];
  const lines: string[] = [];
  for (const name of figureNames) {
    const [was, is] = [old.ppm[name] ?? 0, current.ppm[name] ?? 0];
    if (Math.abs(is) > Math.abs(was)) lines.push(`${name}: ${was === 0 ? "exact" : `${was} ppm`} → ${is} ppm`);
  }
  for (const part of current.places)
    if (!old.places.includes(part)) lines.push(`place of the ${part} peak no longer agrees`);
  return lines;
}

/** The line as JSON text, one case a line. */
export function lineText(results: readonly CaseResult[], kept: Line): string {
  const line = new Map(Object.entries(kept));
  for (const result of results) line.set(result.id, stateOf(result));
  const rows = [...line]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, s]) => `  ${JSON.stringify(id)}: ${JSON.stringify(s)}`);
  return `{\n${rows.join(",\n")}\n}\n`;
}
