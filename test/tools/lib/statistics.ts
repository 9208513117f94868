/** @file Medians and shares over the cases of a run. */
import { type CaseResult, errorPpm, type FigureName } from "./figures.ts";

/** The value below which a share `q` of the sorted numbers lies (nearest rank). */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? Number.NaN;
}

export interface FigureStatistics {
  readonly count: number;
  readonly exact: number;
  /** Ours below the measured figure. */
  readonly under: number;
  /** Absolute errors in percent. */
  readonly median: number;
  readonly p90: number;
  readonly worst: number;
  readonly worstId: string;
}

/** Statistics of one figure over the cases that were run; undefined where no case has it. */
export function statistics(results: readonly CaseResult[], name: FigureName): FigureStatistics | undefined {
  const errors = results.flatMap((r) => {
    const figure = r.figures[name];
    return figure ? [{ id: r.id, ppm: errorPpm(figure) ?? -1e6 }] : [];
  });
  if (errors.length === 0) return undefined;
  const percent = errors.map((e) => Math.abs(e.ppm) / 1e4);
  const worst = errors.reduce((a, b) => (Math.abs(b.ppm) > Math.abs(a.ppm) ? b : a));
  return {
    count: errors.length,
    exact: errors.filter((e) => e.ppm === 0).length,
    under: errors.filter((e) => e.ppm < 0).length,
    median: quantile(percent, 0.5),
    p90: quantile(percent, 0.9),
    worst: Math.abs(worst.ppm) / 1e4,
    worstId: worst.id,
  };
}

/** Reasons of refusal, most frequent first, with the cases. */
export function refusals(results: readonly CaseResult[]): { reason: string; crashed: boolean; ids: string[] }[] {
  const groups = new Map<string, { reason: string; crashed: boolean; ids: string[] }>();
  for (const { id, refused, crashed } of results) {
    if (refused === undefined) continue;
    const group = groups.get(refused) ?? { reason: refused, crashed: crashed ?? false, ids: [] };
    group.ids.push(id);
    groups.set(refused, group);
  }
  return [...groups.values()].sort((a, b) => b.ids.length - a.ids.length);
}
