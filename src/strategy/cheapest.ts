/** @file At one crop, micro-batch, precision and network: the point that costs the least time, with or without recompute. */
import { lowerBound, provedBound } from "./blocks.ts";
import { shareOf } from "./bounds.ts";
import type { EvaluationMode, Point } from "./point.ts";
import type { Candidate, Outline, Runs } from "./space.ts";

/** Sets of blocks that are run to find one that fits, if nothing is to be proved. */
const searchRuns = 3;
/** Sets that are run to find one that is cheaper than the first that fits. */
const descentRuns = 3;

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
    .filter(({ chosen, cost, bound }) => {
      if (cost === 0) return false;
      const isOut = bound > options.room && provedBound(moments, chosen, share) > options.room;
      return !isOut && options.inTime(named(chosen));
    });
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
  const needed = new Map<BoundedSet, number>();
  const { learned, room } = options;
  let found: Candidate | undefined;
  let end = sets.length;
  let likely = holes;
  const likelyAt = (excess: number) =>
    sets.findIndex((set, i) => i < end && !tried.has(set) && set.bound + likely <= room && set.bound * excess <= room);
  /** Runs a set, if there is one; false where it does not fit. */
  const fitsAt = (at: number): boolean => {
    const set = sets[at];
    if (set === undefined) return true;
    tried.add(set);
    const { candidate, reservedBytes } = attempt(set, true);
    needed.set(set, reservedBytes);
    if (candidate) [found, end] = [candidate, at];
    else {
      likely = Math.max(likely, reservedBytes - set.bound);
      learn(learned, "excess", reservedBytes / set.bound - 1);
    }
    return candidate !== undefined;
  };
  for (let runs = 0; runs < searchRuns && !fitsAt(likelyAt(learned.excess)); runs++);
  // What is learned is no proof: the set that is bounded lowest is run before all are given up, and what it needs leads to cheaper ones.
  const least = sets.reduce(
    (best, set, i) => (set.bound < (sets[best]?.bound ?? Number.POSITIVE_INFINITY) ? i : best),
    -1,
  );
  const last = sets[least];
  if (found === undefined && last !== undefined && last.bound <= room && !tried.has(last)) fitsAt(least);
  // What was learned of sets that did not fit may be too much: the holes of the one that fits say which cheaper ones may.
  if (found !== undefined) {
    const fitting = sets[end];
    likely = fitting === undefined ? 0 : (needed.get(fitting) ?? 0) - fitting.bound;
    for (let runs = 0; runs < descentRuns && sets[likelyAt(1)] !== undefined; runs++) fitsAt(likelyAt(1));
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
  return { reservedBytes: needOf(runs, candidate ?? runs.run(point)), candidate };
}

/** What training needs beside the context, at the high end: workspaces and whole pages included. */
function needOf(runs: Runs, { memory }: Candidate): number {
  return memory.training.process.highBytes - runs.contextHighBytes;
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
