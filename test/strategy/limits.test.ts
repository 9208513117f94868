/** @file What a person asks of a plan is kept to, on a small real network. */
import { describe, expect, test } from "vitest";
import { harmOf, meansAtNoCost } from "../../src/strategy/harm.ts";
import { variants } from "../../src/strategy/knobs/variants.ts";
import { plan } from "../../src/strategy/plan.ts";
import { startingPoint } from "../../src/strategy/point.ts";
import { type SearchLimits, search } from "../../src/strategy/search.ts";
import { Space } from "../../src/strategy/space.ts";
import { contextOf } from "./support.ts";

const lite = { type: "FCN", backbone: { type: "HRNet_W18" }, backbone_indices: [-1] };
const crop = { width: 128, height: 128 };
const probe = new Space(contextOf(lite, 0));
const start = startingPoint(probe.context.config, probe.context.settings, crop);
const whole = probe.run(start).memory.training.process.highBytes;
const smallest = probe.run({ ...start, microBatch: 1, accumulation: 4 }).memory.training.process.highBytes;

function at(share: number, limits: SearchLimits) {
  const context = contextOf(lite, Math.floor(smallest + (whole - smallest) * share));
  return search(new Space(context), start, limits, { ...context, card: undefined });
}

describe("limits of a search", { timeout: 60_000 }, () => {
  test("a plan is of the least class that suffices", () => {
    expect(harmOf(start, at(1, {}).best.point, true)).toBe(1);
    const lean = at(0.9, {}).best.point;
    expect([harmOf(start, lean, true), lean.lean]).toEqual([1, meansAtNoCost]);
    expect(harmOf(start, at(0.9, { keep: new Set(["lean"]) }).best.point, true)).toBe(2);
  });

  test("keep: the knob stays, and others are turned instead", () => {
    const found = at(0.9, { keep: new Set(["recompute", "lean"]) });
    expect([found.best.point.recompute, found.best.point.lean]).toEqual([[], undefined]);
    const { best } = at(0.3, { keep: new Set(["recompute", "precision", "micro-batch"]) });
    expect([best.point.format, best.point.microBatch]).toEqual(["fp32", 4]);
    expect(best.point.crop.width).toBeLessThan(128);
  });

  test("minMicroBatch: no smaller micro-batch", () => {
    expect(at(0.1, { minMicroBatch: 2 }).best.point.microBatch).toBeGreaterThanOrEqual(2);
    expect(at(0.1, { keep: new Set(["recompute", "precision"]) }).best.point.microBatch).toBe(1);
  });

  test("headroom: that many bytes stay free", () => {
    const free = Math.floor(whole / 20);
    const found = at(1, { headroomBytes: free });
    expect(found.feasible).toBe(true);
    expect(found.best.fit.headroomBytes).toBeGreaterThanOrEqual(free);
  });

  test("maxSlowdown: no slower than that, by the middle of the range", () => {
    const keep = new Set(["lean"]);
    const free = at(0.9, { keep });
    const slow = free.time(free.best.point).expected;
    expect(slow).toBeGreaterThan(1);
    const found = at(0.9, { keep, maxSlowdown: 1 + (slow - 1) / 2 });
    expect(found.time(found.best.point).expected).toBeLessThanOrEqual(1 + (slow - 1) / 2);
  });

  test("exhaustive: the plan is proved the best", () => {
    const context = { keep: new Set(["crop", "precision", "micro-batch", "evaluation", "conv-workspace"]) };
    expect(at(0.97, { ...context, proofRuns: Number.POSITIVE_INFINITY }).proved).toBe(true);
  });

  test("alternatives: each of another class than those before", () => {
    const { best, alternatives } = at(0.9, { alternatives: 2 });
    const classes = [best, ...alternatives].map(({ point }) => harmOf(start, point, true));
    expect(alternatives.length).toBeGreaterThan(0);
    expect(new Set(classes).size).toBe(classes.length);
    expect(classes).toEqual([...classes].sort());
    for (const { fit } of alternatives) expect(fit.headroomBytes).toBeGreaterThanOrEqual(0);
  });

  test("prefer speed: no slower than the plan of least harm", () => {
    const [careful, fast] = [at(0.9, {}), at(0.9, { prefer: "speed" })];
    expect(fast.time(fast.best.point).expected).toBeLessThanOrEqual(careful.time(careful.best.point).expected);
    expect(fast.best.point.crop).toEqual(crop);
  });

  test("a plan says how many candidates there were, how many were run, and its time", () => {
    const context = contextOf(lite, Math.floor(whole * 0.98));
    const { plan: found } = plan({ ...context, settings: { ...context.settings, cropSize: crop } });
    expect(found.search.candidates).toBeGreaterThan(found.search.simulated);
    expect(found.time.low).toBeLessThanOrEqual(found.time.expected);
    expect(found.time.expected).toBeLessThanOrEqual(found.time.high);
  });
});

describe("variants", () => {
  test("are the config as it is unless more is allowed", () => {
    const { config, settings } = probe.context;
    expect(variants(config, settings, new Set())).toEqual([{}]);
    expect(variants(config, { ...settings, useEma: true }, new Set(["ema"]))).toEqual([{}, { ema: false }]);
    expect(variants(config, settings, new Set(["optimizer"]))).toEqual([{}]);
  });
});
