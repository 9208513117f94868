/** @file The search against brute force, and the bounds it prunes by against runs. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { leanMeans } from "../../src/step/settings.ts";
import { lowerBound } from "../../src/strategy/blocks.ts";
import { meansAtNoCost } from "../../src/strategy/harm.ts";
import type { Point } from "../../src/strategy/point.ts";
import { startingPoint } from "../../src/strategy/point.ts";
import { microBatches, search, subsetsByCost } from "../../src/strategy/search.ts";
import { type Runs, Space } from "../../src/strategy/space.ts";
import { contextOf, type NetworkShape, RandomRuns } from "./support.ts";

const lite = { type: "FCN", backbone: { type: "HRNet_W18" }, backbone_indices: [-1] };
const start: Point = {
  microBatch: 4,
  accumulation: 1,
  format: "fp32",
  crop: { width: 64, height: 64 },
  recompute: [],
  workspaceLimitBytes: undefined,
  evaluation: "as-is",
};

const shapes = fc.array(
  fc.record({ channels: fc.integer({ min: 2, max: 24 }), stride: fc.constantFrom(1 as const, 2 as const) }),
  {
    minLength: 3,
    maxLength: 5,
  },
);

/** Only what lean training, recompute and micro-batches can do. */
const others = new Set(["crop", "precision", "evaluation", "conv-workspace"]);

const fits = (runs: Runs, point: Point) => runs.run(point).fit.verdict === "fits";

/**
 * The least harmful point that fits, by running them all: the start as it is, then with lean training the sets of blocks by cost.
 * Lean training is left out where the set fits without it, and its heads where the other means are enough.
 */
function bruteForce(runs: Runs, point: Point, asked = false): Point | undefined {
  if (asked && fits(runs, point)) return point;
  const { blocks } = runs.outline(point);
  for (const { chosen } of subsetsByCost(blocks.map((b) => b.flops))) {
    const plain: Point = { ...point, recompute: blocks.filter((_, i) => chosen[i]).flatMap(({ layers }) => layers) };
    const lean: Point = { ...plain, lean: leanMeans };
    if (!fits(runs, lean)) continue;
    const cheap: Point = { ...plain, lean: meansAtNoCost };
    return [plain, cheap].find((each) => fits(runs, each)) ?? lean;
  }
  return undefined;
}

function bruteForcePlan(runs: Runs, point: Point): Point | undefined {
  for (const microBatch of microBatches(point.microBatch)) {
    const at = { ...point, microBatch, accumulation: point.microBatch / microBatch };
    const found = bruteForce(runs, at, microBatch === point.microBatch);
    if (found) return found;
  }
  return undefined;
}

/** Usable bytes somewhere between what the smallest and the plain run need. */
function budgetBetween(shape: NetworkShape, share: number): number {
  const runs = new RandomRuns(shape, 0);
  const high = (point: Point) => runs.run(point).memory.training.process.highBytes;
  const most = high(start);
  const least = high({ ...start, microBatch: 1, accumulation: 4 });
  return Math.floor(least + (most - least) * share);
}

describe("search", () => {
  test("finds what brute force over all sets of blocks and all micro-batches finds, on random networks", () => {
    fc.assert(
      fc.property(shapes, fc.double({ min: 0, max: 1, noNaN: true }), (shape, share) => {
        const runs = new RandomRuns(shape, budgetBetween(shape, share));
        const found = search(runs, start, { keep: others, proofRuns: Number.POSITIVE_INFINITY });
        const expected = bruteForcePlan(runs, start);
        expect(found.feasible).toBe(expected !== undefined);
        expect(found.proved).toBe(true);
        if (expected) {
          expect(found.best.point.microBatch).toBe(expected.microBatch);
          expect(found.best.point.recompute).toEqual(expected.recompute);
          expect(found.best.point.lean).toEqual(expected.lean);
        }
      }),
      { numRuns: 25 },
    );
  }, 60_000);

  test("finds what brute force finds on a real network", () => {
    const plain = new Space(contextOf(lite, 0));
    const point = { ...startingPoint(plain.context.config, plain.context.settings, { width: 128, height: 128 }) };
    const most = plain.run(point).memory.training.process.highBytes;
    for (const share of [0.995, 0.985, 0.97]) {
      const runs = new Space(contextOf(lite, Math.floor(most * share)));
      const found = search(runs, point, {
        keep: new Set([...others, "micro-batch"]),
        proofRuns: Number.POSITIVE_INFINITY,
      });
      const expected = bruteForce(runs, point, true);
      expect(found.feasible).toBe(expected !== undefined);
      if (!expected) continue;
      expect(found.best.point.recompute).toEqual(expected.recompute);
      expect(found.best.point.lean).toEqual(expected.lean);
    }
  }, 60_000);
});

describe("the bounds that the search prunes by", () => {
  test("never lie above the allocated peak, whatever is recomputed and however small the batch", () => {
    fc.assert(
      fc.property(
        shapes,
        fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
        fc.constantFrom(1, 2, 4),
        (shape, chosen, microBatch) => {
          const runs = new RandomRuns(shape, 0);
          const { blocks, moments } = runs.outline(start);
          const recompute = blocks.filter((_, i) => chosen[i]).flatMap(({ layers }) => layers);
          const { memory } = runs.run({ ...start, microBatch, recompute });
          const bound = lowerBound(moments, chosen, microBatch / start.microBatch);
          expect(bound).toBeLessThanOrEqual(memory.training.allocated.lowBytes);
          expect(bound).toBeGreaterThan(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("two iterations never reserve more than the whole run", () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const runs = new RandomRuns(shape, 0);
        expect(runs.reservedAtLeast(start)).toBeLessThanOrEqual(runs.run(start).memory.training.reserved.lowBytes);
      }),
      { numRuns: 20 },
    );
  });
});

describe("subsetsByCost", () => {
  test("lists every subset once, cheapest first", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1000 }), { maxLength: 7 }), (costs) => {
        const sets = subsetsByCost(costs);
        expect(new Set(sets.map((s) => s.chosen.join())).size).toBe(2 ** costs.length);
        for (const [i, { cost, chosen }] of sets.entries()) {
          expect(cost).toBe(costs.reduce((sum, c, k) => sum + (chosen[k] ? c : 0), 0));
          if (i > 0) expect(cost).toBeGreaterThanOrEqual(sets[i - 1]!.cost);
        }
      }),
    );
  });
});

describe("microBatches", () => {
  test("are the divisors of the batch, largest first", () => {
    expect(microBatches(12)).toEqual([12, 6, 4, 3, 2, 1]);
    expect(microBatches(12, 3)).toEqual([12, 6, 4, 3]);
  });
});
