/** @file The time model: a factor that holds what is known of recompute, precision, accumulation and crops. */
import { describe, expect, test } from "vitest";
import { type Load, loadOf, recomputeShares, timeFactor } from "../../src/strategy/cost.ts";
import type { Point } from "../../src/strategy/point.ts";
import { startingPoint } from "../../src/strategy/point.ts";
import { Space } from "../../src/strategy/space.ts";
import { contextOf } from "./support.ts";

const load: Load = {
  flops: 1000,
  bytes: 1e10,
  launches: 500,
  flopsOf: (layer) => (layer === "model" ? 1000 : 200),
  bytesOf: (layer) => (layer === "model" ? 1e10 : 3e9),
};
const start: Point = {
  microBatch: 16,
  accumulation: 1,
  format: "fp32",
  crop: { width: 1024, height: 512 },
  recompute: [],
  workspaceLimitBytes: undefined,
  evaluation: "as-is",
};
const ada = { hasTensorCores: true, bandwidthGBPerSecond: 504 };
const pascal = { hasTensorCores: false, bandwidthGBPerSecond: 320 };

describe("timeFactor", () => {
  test("is 1 for the run as it is", () => {
    expect(timeFactor(start, start, load, ada)).toEqual({ low: 1, expected: 1, high: 1 });
  });

  test("recompute of everything costs a third of a step, the forward among three", () => {
    const { low, high } = timeFactor(start, { ...start, recompute: ["model"] }, load, ada);
    expect(low).toBeCloseTo(4 / 3);
    expect(high).toBeCloseTo(4 / 3);
  });

  test("a block's range goes from its share of operations to its share of bytes", () => {
    const { low, expected, high } = timeFactor(start, { ...start, recompute: ["a"] }, load, ada);
    expect(low).toBeCloseTo(1 + 0.2 / 3);
    expect(high).toBeCloseTo(1 + 0.3 / 3);
    expect(expected).toBeCloseTo(Math.sqrt(low * high));
    expect(recomputeShares(["a"], load).low).toBeLessThan(recomputeShares(["a"], load).high);
  });

  test("AMP is faster at best with tensor cores, and never without", () => {
    const amp: Point = { ...start, format: "O1" };
    expect(timeFactor(start, amp, load, ada).low).toBeCloseTo(1 / 1.69);
    expect(timeFactor(start, amp, load, pascal).low).toBe(1);
    expect(timeFactor(start, amp, load, pascal).high).toBeCloseTo(1 / 0.91);
    expect(timeFactor(start, amp, load, undefined).low).toBeCloseTo(1 / 1.69);
  });

  test("accumulation costs nothing at best, and its launches where micro-batches are small", () => {
    const split: Point = { ...start, microBatch: 1, accumulation: 16 };
    const large = timeFactor(start, split, load, ada);
    expect(large.low).toBe(1);
    const small = timeFactor(start, split, { ...load, bytes: 1e8 }, ada);
    expect(small.high).toBeGreaterThan(large.high);
    expect(small.high).toBeLessThanOrEqual(16);
  });

  test("a smaller crop takes its share of the pixels at best, and is never said to be slower", () => {
    const half: Point = { ...start, crop: { width: 512, height: 512 } };
    const { low, high } = timeFactor(start, half, load, ada);
    expect(low).toBe(0.5);
    expect(high).toBeLessThanOrEqual(1);
  });
});

describe("loadOf", () => {
  test("counts a network's operations and bytes, and a part's are less than the whole's", () => {
    const space = new Space(contextOf({ type: "FCN", backbone: { type: "HRNet_W18" }, backbone_indices: [-1] }, 0));
    const { config, settings } = space.context;
    const { simulation } = space.run(startingPoint(config, settings, { width: 64, height: 64 }));
    const of = loadOf(simulation);
    expect(of.flops).toBeGreaterThan(0);
    expect(of.launches).toBeGreaterThan(100);
    expect(of.bytesOf("backbone")).toBeGreaterThan(of.bytesOf("head"));
    expect(of.bytesOf("backbone") + of.bytesOf("head")).toBeLessThanOrEqual(of.bytes);
    expect(of.flopsOf("backbone")).toBeLessThanOrEqual(of.flops);
  });
});
