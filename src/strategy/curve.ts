/** @file Bytes against slowdown: the sets of recomputed blocks that nothing else beats in both. */

import type { CurvePoint, CurveResult } from "../report/answers.ts";
import { mostOf } from "../report/report.ts";
import { lowerBound } from "./blocks.ts";
import { subsetsByCost } from "./cheapest.ts";
import { timeFactor } from "./cost.ts";
import { planSettings, startOf } from "./plan.ts";
import { type SearchContext, Space } from "./space.ts";

/** Sets that are simulated: a terminal shows no more, and each is a run. */
const mostRuns = 12;

/**
 * Of all sets of blocks those whose bound of allocated bytes is lower than that of every cheaper set are candidates: a set that is not
 * may be better only by the allocator's holes. As many as are shown are run, spread over the cost; the front is taken of the runs.
 */
export function curve(context: SearchContext): Omit<CurveResult, "version" | "config"> {
  const runs = new Space(context);
  const start = startOf(context);
  const { blocks, moments, load } = runs.outline(start);
  const sets = subsetsByCost(blocks.map(({ flops }) => flops));
  let least = Number.POSITIVE_INFINITY;
  const candidates = sets
    .map(({ chosen, cost }) => ({ chosen, cost, bound: lowerBound(moments, chosen) }))
    .filter(({ bound }) => {
      const isBetter = bound < least;
      least = Math.min(least, bound);
      return isBetter;
    });
  const points = spread(candidates, mostRuns).map(({ chosen }): CurvePoint => {
    const recompute = blocks.filter((_, i) => chosen[i]).flatMap(({ layers }) => layers);
    const { memory, fit, point } = runs.run({ ...start, recompute });
    return {
      recompute,
      time: timeFactor(start, point, load, context.gpu),
      allocatedBytes: memory.training.allocated.lowBytes,
      processBytes: mostOf(memory, (part) => part.process.highBytes),
      verdict: fit.verdict,
    };
  });
  return {
    run: planSettings(start),
    gpu: context.budget,
    points: paretoFront(points),
    search: { candidates: sets.length, simulated: runs.simulated },
  };
}

/** What no other point is at least as good as in both, fastest first. */
export function paretoFront(points: readonly CurvePoint[]): readonly CurvePoint[] {
  const sorted = [...points].sort((a, b) => a.time.expected - b.time.expected || a.processBytes - b.processBytes);
  let least = Number.POSITIVE_INFINITY;
  return sorted.filter(({ processBytes }) => {
    if (processBytes >= least) return false;
    least = processBytes;
    return true;
  });
}

/** At most `most` items, first and last among them, in even steps of their bound. */
function spread<T extends { readonly bound: number }>(items: readonly T[], most: number): readonly T[] {
  const [first, last] = [items[0], items.at(-1)];
  if (items.length <= most || first === undefined || last === undefined) return items;
  const step = (first.bound - last.bound) / (most - 1);
  const picked: T[] = [];
  for (let i = 0; i < most; i++) {
    const wanted = first.bound - step * i;
    const item = items.find(({ bound }) => bound <= wanted) ?? last;
    if (!picked.includes(item)) picked.push(item);
  }
  return picked;
}
