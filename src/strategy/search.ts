/**
 * @file The search: the least harmful point that fits. Points are ordered by what they change, most harmful class first: network, crop,
 * micro-batch, precision, then time. Lean training changes nothing, so it comes first and goes with all that follow. The first that fits in that order is the best; what is passed over without a run is ruled out by
 * the bounds proved in blocks.ts and bounds.ts.
 */
import type { TrainConfig } from "../config/types.ts";
import type { Settings } from "../step/settings.ts";
import { Bounds } from "./bounds.ts";
import { cheapest, type InnerOptions } from "./cheapest.ts";
import { type CardSpeed, type Factor, timeFactor } from "./cost.ts";
import { harmOf, meansAtNoCost } from "./harm.ts";
import type { Harm } from "./knobs/knob.ts";
import { combinations, type KnobValues, type SearchLimits, valuesOf } from "./limits.ts";
import type { Point } from "./point.ts";
import { unlessRefused } from "./refused.ts";
import type { Candidate, Runs } from "./space.ts";

export { subsetsByCost } from "./cheapest.ts";
export { microBatches, type SearchLimits } from "./limits.ts";

export interface Found {
  /** The best point, or the one that misses the card by the least. */
  readonly best: Candidate;
  readonly feasible: boolean;
  /** The best points of other classes of harm, in their order. */
  readonly alternatives: readonly Candidate[];
  /** Points of the declared space. */
  readonly candidates: number;
  /** Whether every point before the best one was run or ruled out by a proved bound. */
  readonly proved: boolean;
  /** Time of a point relative to the start. */
  readonly time: (point: Point) => Factor;
}

/** What of a run a search needs beside its points; undefined: no knob of class 6, no card. */
export interface SearchedRun {
  readonly config: TrainConfig;
  readonly settings: Settings;
  readonly card: CardSpeed | undefined;
}

/** Searches from `start`. */
export function search(runs: Runs, start: Point, limits: SearchLimits = {}, run?: SearchedRun): Found {
  return new Search(runs, start, limits, run).find();
}

class Search {
  private readonly runs: Runs;
  private readonly start: Point;
  private readonly limits: SearchLimits;
  private readonly card: CardSpeed | undefined;
  private readonly values: KnobValues;
  private readonly first: Candidate;
  private readonly hasBatchNorm: boolean;
  private readonly bounds: Bounds;
  private readonly inner: InnerOptions;
  private nearest: Candidate;
  private proved = true;

  constructor(runs: Runs, start: Point, limits: SearchLimits, run: SearchedRun | undefined) {
    this.runs = runs;
    this.start = start;
    this.limits = limits;
    this.card = run?.card;
    this.values = valuesOf(start, limits, run);
    this.first = runs.run(start);
    this.nearest = this.first;
    this.hasBatchNorm = this.first.simulation.layers.some((layer) => layer.type.includes("BatchNorm"));
    const needed = limits.headroomBytes ?? 0;
    const room = runs.budget.usableBytes - needed - runs.contextHighBytes;
    this.bounds = new Bounds(runs, start, this.values, {
      room,
      isExhaustive: (limits.proofRuns ?? 0) > 0,
      unproved: () => {
        this.proved = false;
      },
    });
    this.inner = {
      evaluations: this.values.evaluations,
      workspaces: this.values.workspaces,
      recompute: this.values.recompute,
      room,
      proofRuns: limits.proofRuns ?? 0,
      inTime: (point) => limits.maxSlowdown === undefined || this.time(point).expected <= limits.maxSlowdown,
      fits: ({ fit }) => fit.headroomBytes >= needed,
      see: (candidate) => {
        if (candidate.fit.headroomBytes > this.nearest.fit.headroomBytes) this.nearest = candidate;
      },
      unproved: () => {
        this.proved = false;
      },
      learned: { plain: 1, excess: 1 },
    };
  }

  find(): Found {
    const found: Candidate[] = [];
    const { alternatives = 0 } = this.limits;
    if (this.inner.fits(this.first)) found.push(this.first);
    let { proved } = this;
    if (found.length === 0 || alternatives > 0) {
      for (const candidate of this.inOrder(found)) {
        if (found.length === 0) proved = this.proved;
        found.push(candidate);
        if (found.length > alternatives) break;
      }
      if (found.length === 0) proved = this.proved;
    }
    const [best, ...others] = found;
    const facts = { candidates: this.size(), proved, time: (point: Point) => this.time(point) };
    if (best) return { best, feasible: true, alternatives: others, ...facts };
    this.runSmallest();
    return { best: this.nearest, feasible: false, alternatives: [], ...facts };
  }

  /** What fits, one for each class of harm that is not among `found` yet. */
  private *inOrder(found: readonly Candidate[]): Generator<Candidate> {
    const seen = () => new Set<Harm>(found.map(({ point }) => this.harm(point)));
    for (const group of combinations(this.start, this.values, this.changesStatistics())) {
      if (this.limits.prefer === "speed") {
        const fastest = this.fastest(group.filter((point) => !seen().has(this.harm(point))));
        if (fastest) yield fastest;
        continue;
      }
      for (const point of group) {
        const least = this.harm(point);
        if (seen().has(least === 1 ? 2 : least)) continue;
        const candidate = this.at(point);
        if (candidate && !seen().has(this.harm(candidate.point))) yield candidate;
      }
    }
  }

  /** The least time of a crop's micro-batches and precisions. Recompute only adds to the time of a combination. */
  private fastest(group: readonly Point[]): Candidate | undefined {
    const timed = group.map((point) => ({ point, time: this.time(point).expected }));
    let best: { readonly candidate: Candidate; readonly time: number } | undefined;
    for (const { point, time } of timed.sort((a, b) => a.time - b.time)) {
      if (best !== undefined && best.time <= time) break;
      const candidate = this.at(point);
      if (!candidate) continue;
      const needs = this.time(candidate.point).expected;
      if (best === undefined || needs < best.time) best = { candidate, time: needs };
    }
    return best?.candidate;
  }

  /** The cheapest point of a combination that fits. */
  private at(point: Point): Candidate | undefined {
    return unlessRefused(() => {
      if (this.bounds.excludes(point)) return undefined;
      const found = cheapest(this.runs, point, this.bounds.outline(point), this.inner);
      return found && this.withoutLean(found);
    });
  }

  /** The same point without lean training, where that fits too: then PaddleSeg needs no launcher for it; else without what takes time. */
  private withoutLean(found: Candidate): Candidate {
    if (this.values.lean === this.start.lean) return found;
    for (const lean of [this.start.lean, meansAtNoCost]) {
      const point: Point = { ...found.point, lean };
      if (this.runs.reservedAtLeast(point) > this.inner.room) continue;
      const plain = this.runs.run(point);
      if (this.inner.fits(plain)) return plain;
    }
    return found;
  }

  private time(point: Point): Factor {
    const { load } = this.runs.outline(this.start);
    const changed = point.model === undefined ? load : this.runs.outline({ ...this.start, model: point.model }).load;
    return timeFactor(this.start, point, load, this.card, changed);
  }

  /** Whether a smaller micro-batch is of class 4. */
  private changesStatistics(): boolean {
    return this.hasBatchNorm || this.limits.keep?.has("accumulation") === true;
  }

  private harm(point: Point): Harm {
    return harmOf(this.start, point, this.hasBatchNorm);
  }

  private size(): number {
    const { variants, crops, batches, precisions, evaluations, workspaces, recompute } = this.values;
    const sets = recompute ? 2 ** this.runs.outline(this.start).blocks.length : 1;
    const all = [variants, crops, batches, precisions, evaluations, workspaces];
    const means = this.values.lean === this.start.lean ? 1 : 3;
    return all.reduce((product, values) => product * values.length, sets * means);
  }

  /** Where nothing fits, the smallest network, crop and micro-batch say by how much it is missed. */
  private runSmallest(): void {
    const { variants, crops, batches, precisions, workspaces, evaluations, lean } = this.values;
    const [crop, size] = [crops.at(-1) ?? this.start.crop, batches.at(-1) ?? this.start.microBatch];
    for (const format of precisions) {
      const accumulation = this.values.accumulation(size);
      const plain: Point = { ...this.start, ...variants.at(-1), lean, crop, format, microBatch: size, accumulation };
      const evaluation = evaluations.at(-1) ?? "as-is";
      const point: Point = { ...plain, workspaceLimitBytes: workspaces.at(-1), evaluation };
      const candidate = unlessRefused(() => (this.inner.inTime(point) ? this.runs.run(point) : undefined));
      if (candidate) this.inner.see(candidate);
    }
  }
}
