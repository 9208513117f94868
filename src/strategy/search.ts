/**
 * @file The search: the least harmful point that fits. Points are ordered by what they change, most harmful class first: crop, then
 * micro-batch, then precision, then time. The first that fits in that order is the best; what is passed over without a run is ruled
 * out by a bound that is proved in blocks.ts.
 */
import type { Size } from "../config/types.ts";
import { UserError } from "../errors.ts";
import { lowerBound } from "./blocks.ts";
import { workspaceLimits } from "./knobs/conv-workspace.ts";
import { smallerCrops } from "./knobs/crop.ts";
import type { EvaluationMode, NumberFormat, Point } from "./point.ts";
import type { Candidate, Runs } from "./space.ts";

export interface SearchLimits {
  /** Knobs that must stay as they are. */
  readonly keep?: ReadonlySet<string>;
  /** Time of a step relative to the config as it is, at most. */
  readonly maxSlowdown?: number;
  /** Smallest micro-batch. */
  readonly minMicroBatch?: number;
  /** Bytes that must stay free. */
  readonly headroomBytes?: number;
  /**
   * Sets of blocks that are run only to prove that they do not fit, for one crop, micro-batch and precision; 0 by default. What a
   * set allocates is bounded, but not what the allocator's holes add to it; sets between the two have to be run to be ruled out.
   */
  readonly proofRuns?: number;
}

/** Sets of blocks that are run to find one that fits, if nothing is to be proved. */
const searchRuns = 4;

export interface Found {
  /** The best point, or the one that misses the card by the least. */
  readonly best: Candidate;
  readonly feasible: boolean;
  /** Points of the declared space. */
  readonly candidates: number;
  /** Whether every point before the best one was run or ruled out by a proved bound. */
  readonly proved: boolean;
}

/** Divisors of the effective batch, largest first: accumulation keeps it. */
export function microBatches(batch: number, least = 1): number[] {
  const sizes: number[] = [];
  for (let size = batch; size >= least; size--) if (batch % size === 0) sizes.push(size);
  return sizes;
}

const formats: readonly NumberFormat[] = ["fp32", "O1", "O2"];

/** The values of each knob, least harmful first, from the run as it is asked for. */
function space(start: Point, limits: SearchLimits) {
  const kept = (knob: string) => limits.keep?.has(knob) ?? false;
  const crops: Size[] = [start.crop, ...(kept("crop") ? [] : smallerCrops(start.crop))];
  const effective = start.microBatch * start.accumulation;
  const micro = microBatches(effective, limits.minMicroBatch).filter((size) => size <= start.microBatch);
  const batches = kept("micro-batch") ? [start.microBatch] : micro.length > 0 ? micro : [start.microBatch];
  const precisions = kept("precision") ? [start.format] : formats.slice(formats.indexOf(start.format));
  const evaluations: EvaluationMode[] = kept("evaluation") ? ["as-is"] : ["as-is", "slide", "off"];
  const workspaces = [start.workspaceLimitBytes, ...(kept("conv-workspace") ? [] : workspaceLimits)];
  return { crops, batches, precisions, evaluations, workspaces, recompute: !kept("recompute"), effective };
}

/** Searches from `start`. */
export function search(runs: Runs, start: Point, limits: SearchLimits = {}): Found {
  const { crops, batches, precisions, evaluations, workspaces, recompute, effective } = space(start, limits);
  const first = runs.run(start);
  const needed = limits.headroomBytes ?? 0;
  const fits = ({ fit }: Candidate) => fit.headroomBytes >= needed;
  const perPoint = evaluations.length * workspaces.length * (recompute ? 2 ** runs.outline(start).blocks.length : 1);
  const candidates = crops.length * batches.length * precisions.length * perPoint;
  if (fits(first)) return { best: first, feasible: true, candidates, proved: true };
  let nearest = first;
  let proved = true;
  const options: InnerOptions = {
    evaluations,
    workspaces,
    recompute,
    room: runs.budget.usableBytes - needed - runs.contextHighBytes,
    maxSlowdown: limits.maxSlowdown ?? Number.POSITIVE_INFINITY,
    proofRuns: limits.proofRuns ?? 0,
    fits,
    see: (candidate) => {
      if (candidate.fit.headroomBytes > nearest.fit.headroomBytes) nearest = candidate;
    },
    unproved: () => {
      proved = false;
    },
  };
  const largest = batches[0] ?? start.microBatch;
  for (const crop of crops) {
    for (const microBatch of batches) {
      for (const format of precisions) {
        const at = (size: number): Point => ({
          ...start,
          crop,
          format,
          microBatch: size,
          accumulation: effective / size,
        });
        const found = unlessRefused(() => {
          if (boundOf(runs, at(largest), microBatch, recompute) > options.room) return undefined;
          return cheapest(runs, at(microBatch), options);
        });
        if (found) return { best: found, feasible: true, candidates, proved };
      }
    }
  }
  return { best: nearest, feasible: false, candidates, proved };
}

/** A point that Paddle itself refuses, for its shapes or dtypes, is no candidate. */
function unlessRefused<T>(body: () => T): T | undefined {
  try {
    return body();
  } catch (error) {
    if (error instanceof UserError && (error.code === "shape-refused" || error.code === "dtype-refused"))
      return undefined;
    throw error;
  }
}

/** The least that any choice of blocks can allocate at this micro-batch, from a run at the largest one. */
function boundOf(runs: Runs, largest: Point, microBatch: number, recompute: boolean): number {
  const { blocks, moments } = runs.outline(largest);
  return lowerBound(
    moments,
    blocks.map(() => recompute),
    microBatch / largest.microBatch,
  );
}

interface InnerOptions {
  readonly evaluations: readonly EvaluationMode[];
  readonly workspaces: readonly (number | undefined)[];
  readonly recompute: boolean;
  /** What reserved bytes may come to. */
  readonly room: number;
  readonly maxSlowdown: number;
  readonly proofRuns: number;
  fits(candidate: Candidate): boolean;
  see(candidate: Candidate): void;
  unproved(): void;
}

/** The point that costs the least time at one crop, micro-batch and precision: without recompute, or with the cheapest set of blocks. */
function cheapest(runs: Runs, point: Point, options: InnerOptions): Candidate | undefined {
  const reservedBytes = runs.reservedAtLeast(point);
  const plain = reservedBytes <= options.room ? fitted(runs, point, options) : undefined;
  if (plain || !options.recompute) return plain;
  const { blocks, moments, simulation } = runs.outline(point);
  const forward = Math.max(1, simulation.calls.get("model")?.flops ?? 1);
  const most = (options.maxSlowdown - 1) * 3 * forward;
  const sets = subsetsByCost(blocks.map((b) => b.flops))
    .map(({ chosen, cost }) => ({ chosen, cost, bound: lowerBound(moments, chosen) }))
    .filter(({ cost, bound }) => cost > 0 && cost <= most && bound <= options.room);
  const holes = reservedBytes - lowerBound(moments, []);
  const attempt = ({ chosen }: BoundedSet) =>
    withBlocks(runs, { ...point, recompute: blocks.filter((_, i) => chosen[i]).map((b) => b.name) }, options);
  return cheapestSet(sets, holes, attempt, options);
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
  attempt: (set: BoundedSet) => Attempt,
  options: InnerOptions,
): Candidate | undefined {
  const tried = new Set<BoundedSet>();
  let found: Candidate | undefined;
  let end = sets.length;
  let likely = holes;
  for (let runs = 0; runs < searchRuns + options.proofRuns; runs++) {
    const at = sets.findIndex((set) => !tried.has(set) && set.bound + likely <= options.room);
    const set = sets[at];
    if (set === undefined) break;
    tried.add(set);
    const { candidate, reservedBytes } = attempt(set);
    if (candidate) {
      [found, end] = [candidate, at];
      break;
    }
    likely = Math.max(likely, reservedBytes - set.bound);
  }
  const open = sets.slice(0, end).filter((set) => !tried.has(set));
  for (const set of open.slice(0, options.proofRuns)) {
    const { candidate } = attempt(set);
    if (candidate) return candidate;
  }
  if (open.length > options.proofRuns) options.unproved();
  return found;
}

/** A set of blocks: two iterations first, whose reserved bytes the whole run's are never below. */
function withBlocks(runs: Runs, point: Point, options: InnerOptions): Attempt {
  const reservedBytes = runs.reservedAtLeast(point);
  if (reservedBytes > options.room) return { reservedBytes, candidate: undefined };
  const candidate = fitted(runs, point, options);
  return { reservedBytes: candidate ? reservedBytes : needOf(runs, runs.run(point)), candidate };
}

/** What a run needs beside the context, at the high end: workspaces and whole pages included. */
function needOf(runs: Runs, { memory: { training, evaluation } }: Candidate): number {
  return Math.max(training.process.highBytes, evaluation?.process.highBytes ?? 0) - runs.contextHighBytes;
}

/** The point with the first evaluation and workspace limit that fit; a limit changes training's time, so evaluation is tried first. */
function fitted(runs: Runs, point: Point, { evaluations, workspaces, fits, see }: InnerOptions): Candidate | undefined {
  for (const workspaceLimitBytes of workspaces) {
    for (const evaluation of evaluations) {
      const candidate = runs.run({ ...point, evaluation, workspaceLimitBytes });
      see(candidate);
      if (fits(candidate)) return candidate;
      // What is short in training stays short however evaluation is done.
      if (candidate.memory.training.process.highBytes > runs.budget.usableBytes) break;
      if (candidate.memory.evaluation === undefined) break;
    }
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
