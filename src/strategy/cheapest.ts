/** @file At one crop, micro-batch, precision and network: the point that costs the least time, with or without recompute. */
import { lowerBound } from "./blocks.ts";
import { shareOf } from "./bounds.ts";
import type { EvaluationMode, Point } from "./point.ts";
import type { Candidate, Outline, Runs } from "./space.ts";

/** Sets of blocks that are run to find one that fits, if nothing is to be proved. */
const searchRuns = 3;

export interface InnerOptions {
  readonly evaluations: readonly EvaluationMode[];
  readonly workspaces: readonly (number | undefined)[];
  readonly recompute: boolean;
  /** What reserved bytes may come to. */
  readonly room: number;
  readonly proofRuns: number;
  /** Whether a point is within the slowdown that is allowed. */
  inTime(point: Point): boolean;
  fits(candidate: Candidate): boolean;
  see(candidate: Candidate): void;
  unproved(): void;
  /** How many times its bound a run needed at least, so far: where a bound times this does not fit, a run is not likely to. */
  readonly learned: Learned;
}

/** For points without recompute, and with. */
export interface Learned {
  plain: number;
  excess: number;
}

/** Half of the holes that were seen count, as another point may leave fewer. */
function learn(learned: Learned, key: keyof Learned, holes: number): void {
  learned[key] = Math.max(learned[key], 1 + holes / 2);
}

/** `bounds` is the outline that the sets are bounded by: of this point, or of one that differs in micro-batch and crop only. */
export function cheapest(runs: Runs, point: Point, bounds: Outline, options: InnerOptions): Candidate | undefined {
  const share = shareOf(point, bounds.point);
  const { blocks, moments } = bounds;
  const plainBound = lowerBound(moments, [], share);
  let holes = 0;
  if (plainBound <= options.room && options.inTime(point)) {
    if (plainBound * options.learned.plain <= options.room || options.proofRuns > 0) {
      const plain = fitted(runs, point, options);
      if (plain) return plain;
      holes = needOf(runs, runs.run(point)) - plainBound;
      learn(options.learned, "plain", holes / plainBound);
    } else options.unproved();
  }
  if (!options.recompute) return undefined;
  const named = (chosen: readonly boolean[]): Point => ({
    ...point,
    recompute: blocks.filter((_, i) => chosen[i]).flatMap(({ layers }) => layers),
  });
  const sets = subsetsByCost(blocks.map((b) => b.flops))
    .map(({ chosen, cost }) => ({ chosen, cost, bound: lowerBound(moments, chosen, share) }))
    .filter(({ chosen, cost, bound }) => cost > 0 && bound <= options.room && options.inTime(named(chosen)));
  return cheapestSet(sets, holes, (set, sure) => withBlocks(runs, named(set.chosen), options, sure), options);
}

interface BoundedSet {
  readonly chosen: readonly boolean[];
  readonly bound: number;
}

interface Attempt {
  readonly reservedBytes: number;
  readonly candidate: Candidate | undefined;
}

/**
 * The cheapest of the sets (given cheapest first) that fits. `holes`, how much the allocator's holes add to a bound, is learned from
 * the runs, so that the first runs are where a fit is likely; then the cheaper sets that were passed over are run to prove the choice.
 */
function cheapestSet(
  sets: readonly BoundedSet[],
  holes: number,
  attempt: (set: BoundedSet, likely: boolean) => Attempt,
  options: InnerOptions,
): Candidate | undefined {
  const tried = new Set<BoundedSet>();
  const { learned, room } = options;
  let found: Candidate | undefined;
  let end = sets.length;
  let likely = holes;
  for (let runs = 0; runs < searchRuns; runs++) {
    const at = sets.findIndex(
      (set) => !tried.has(set) && set.bound + likely <= room && set.bound * learned.excess <= room,
    );
    const set = sets[at];
    if (set === undefined) break;
    tried.add(set);
    const { candidate, reservedBytes } = attempt(set, true);
    if (candidate) {
      [found, end] = [candidate, at];
      break;
    }
    likely = Math.max(likely, reservedBytes - set.bound);
    learn(learned, "excess", reservedBytes / set.bound - 1);
  }
  const open = sets.slice(0, end).filter((set) => !tried.has(set));
  for (const set of open.slice(0, options.proofRuns)) {
    const { candidate } = attempt(set, false);
    if (candidate) return candidate;
  }
  if (open.length > options.proofRuns) options.unproved();
  return found;
}

/** A set of blocks; where it is not likely to fit two iterations first, whose reserved bytes the whole run's are never below. */
function withBlocks(runs: Runs, point: Point, options: InnerOptions, likely: boolean): Attempt {
  if (!likely) {
    const reservedBytes = runs.reservedAtLeast(point);
    if (reservedBytes > options.room) return { reservedBytes, candidate: undefined };
  }
  const candidate = fitted(runs, point, options);
  return { reservedBytes: needOf(runs, runs.run(point)), candidate };
}

/** What a run needs beside the context, at the high end: workspaces and whole pages included. */
function needOf(runs: Runs, { memory: { training, evaluation } }: Candidate): number {
  return Math.max(training.process.highBytes, evaluation?.process.highBytes ?? 0) - runs.contextHighBytes;
}

/** The point with the first evaluation and workspace limit that fit; a limit changes training's time, so evaluation is tried first. */
function fitted(runs: Runs, point: Point, options: InnerOptions): Candidate | undefined {
  const [first, ...limits] = options.workspaces;
  const found = evaluated(runs, { ...point, workspaceLimitBytes: first }, options);
  const last = limits.pop();
  if (found || last === undefined) return found;
  // Where the smallest limit does not help the ones between are not likely to: more workspace only by chance leaves fewer holes.
  const smallest = evaluated(runs, { ...point, workspaceLimitBytes: last }, options);
  if (!smallest && options.proofRuns === 0) {
    if (limits.length > 0) options.unproved();
    return undefined;
  }
  for (const workspaceLimitBytes of limits) {
    const candidate = evaluated(runs, { ...point, workspaceLimitBytes }, options);
    if (candidate) return candidate;
  }
  return smallest;
}

function evaluated(runs: Runs, point: Point, { evaluations, fits, see }: InnerOptions): Candidate | undefined {
  for (const evaluation of evaluations) {
    const candidate = runs.run({ ...point, evaluation });
    see(candidate);
    if (fits(candidate)) return candidate;
    // What is short in training stays short however evaluation is done.
    if (candidate.memory.training.process.highBytes > runs.budget.usableBytes) break;
    if (candidate.memory.evaluation === undefined) break;
  }
  return undefined;
}

/** All subsets with what they cost, cheapest first. The costs are few (see blocks.ts). */
export function subsetsByCost(costs: readonly number[]): { readonly chosen: boolean[]; readonly cost: number }[] {
  const totals = new Float64Array(2 ** costs.length);
  for (let mask = 1; mask < totals.length; mask++) {
    const lowest = Math.log2(mask & -mask);
    totals[mask] = totals[mask & (mask - 1)]! + costs[lowest]!;
  }
  return Array.from(totals, (cost, mask) => ({ cost, mask }))
    .sort((a, b) => a.cost - b.cost || a.mask - b.mask)
    .map(({ cost, mask }) => ({ cost, chosen: costs.map((_, i) => (mask & (2 ** i)) !== 0) }));
}
