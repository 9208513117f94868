/** @file Brute force over a declared grid of plans: every point is run, nothing is bounded; shared by the tool and the test. */
import type { TrainConfig } from "../../../src/config/types.ts";
import type { MemoryRuntime } from "../../../src/memory/card.ts";
import { estimateMemory } from "../../../src/memory/estimate.ts";
import type { StepRuntime } from "../../../src/step/runtime.ts";
import { leanMeans, type Settings } from "../../../src/step/settings.ts";
import { simulate } from "../../../src/step/simulate.ts";
import { combinations, type KnobValues, type SearchLimits, valuesOf } from "../../../src/strategy/limits.ts";
import { startOf } from "../../../src/strategy/plan.ts";
import { type Point, settingsOf, sizeText } from "../../../src/strategy/point.ts";
import { unlessRefused } from "../../../src/strategy/refused.ts";
import { Space } from "../../../src/strategy/space.ts";

export interface BruteContext {
  readonly config: TrainConfig;
  readonly settings: Settings;
  readonly memory: MemoryRuntime;
  readonly step: StepRuntime;
}

/** A feasible point of the grid: how many combinations lie before it, and the operations it runs again. */
export interface BruteFound {
  readonly rank: number;
  readonly cost: number;
  readonly point: Point;
}

/** High ends of the process of one point, by part; evaluation is 0 where there is none. */
interface Need {
  readonly training: number;
  readonly evaluation: number;
}

/** Small numbers from a seed (mulberry32), so that a grid is the same on every machine. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * The grid: all crops, micro-batches and precisions of the declared space with lean training; at each of them no block recomputed, all
 * of them, each alone and `randomSets` more; every evaluation; Paddle's workspace limit and the smallest. Needs are remembered, so that one
 * grid serves all cards.
 */
export class Grid {
  readonly order: readonly Point[];
  readonly start: Point;
  readonly hasBatchNorm: boolean;
  simulated = 0;
  private readonly context: BruteContext;
  private readonly values: KnobValues;
  private readonly sets: readonly (readonly string[])[];
  private readonly needs = new Map<string, Need | undefined>();
  private readonly space: Space;

  constructor(context: BruteContext, randomSets: number, limits: SearchLimits = {}) {
    this.context = context;
    this.start = startOf(context);
    const budget = { name: "grid", totalBytes: 0, usableBytes: 0 };
    this.space = new Space({ ...context, gpu: undefined, budget });
    const { blocks, simulation } = this.space.outline(this.start);
    this.hasBatchNorm = simulation.layers.some(({ type }) => type.includes("BatchNorm"));
    this.values = valuesOf(this.start, limits, context);
    this.order = [...combinations(this.start, this.values, this.hasBatchNorm)].flat();
    const next = random(blocks.length + 1);
    const drawn = Array.from({ length: randomSets }, () => blocks.filter(() => next() < 0.5));
    const some = this.values.recompute ? [[], blocks, ...blocks.map((block) => [block]), ...drawn] : [[]];
    this.sets = some.map((set) => set.flatMap(({ layers }) => layers));
  }

  /** Combinations before that of a point. */
  rankOf({ crop, microBatch, format }: Point): number {
    return this.order.findIndex(
      (one) => sizeText(one.crop) === sizeText(crop) && one.microBatch === microBatch && one.format === format,
    );
  }

  /** Operations that recompute adds to a forward pass of the start: what sets of blocks are ordered by. */
  costOf({ recompute }: Point): number {
    const { load } = this.space.outline(this.start);
    return recompute.reduce((sum, layer) => sum + load.flopsOf(layer), 0) / Math.max(1, load.flops);
  }

  /** The first combination with a feasible point, up to `last`, and the one of its points that runs the least again; only the point asked for at rank -1. */
  best(usableBytes: number, last: number): BruteFound | undefined {
    if (this.fits(this.start, usableBytes)) return { rank: -1, cost: 0, point: this.start };
    for (let rank = 0; rank <= last; rank++) {
      const at = this.order[rank];
      if (at === undefined) break;
      // Before the last combination one feasible point is enough, and few sets of blocks are; there all sets count.
      const sets = rank < last ? this.sets.slice(0, 2) : this.sets;
      const found = sets
        .map((recompute): Point => ({ ...at, recompute, lean: leanMeans }))
        .filter((point) => this.fits(point, usableBytes))
        .map((point) => ({ rank, cost: this.costOf(point), point }))
        .sort((a, b) => a.cost - b.cost)[0];
      if (found) return found;
    }
    return undefined;
  }

  private fits(point: Point, usableBytes: number): boolean {
    for (const workspaceLimitBytes of new Set([this.values.workspaces[0], this.values.workspaces.at(-1)])) {
      for (const evaluation of this.values.evaluations) {
        if (point === this.start && (evaluation !== "as-is" || workspaceLimitBytes !== point.workspaceLimitBytes))
          continue;
        const need = this.need({ ...point, workspaceLimitBytes, evaluation });
        if (need === undefined) return false;
        if (Math.max(need.training, need.evaluation) <= usableBytes) return true;
        if (need.training > usableBytes) break;
      }
    }
    return false;
  }

  private need(point: Point): Need | undefined {
    const key = JSON.stringify([point, point.workspaceLimitBytes]);
    if (!this.needs.has(key)) {
      const { config, settings, memory, step } = this.context;
      const need = unlessRefused(() => {
        this.simulated++;
        const { log } = simulate(config, settingsOf(point, settings), step);
        const options = { runtime: memory, convWorkspaceLimitBytes: point.workspaceLimitBytes, gpus: settings.gpus };
        const { training, evaluation } = estimateMemory(log, options);
        return { training: training.process.highBytes, evaluation: evaluation?.process.highBytes ?? 0 };
      });
      this.needs.set(key, need);
    }
    return this.needs.get(key);
  }
}
