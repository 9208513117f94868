import { describe, expect, it } from "vitest";
import { makeDivisible } from "../../src/models/blocks/divisible.ts";

describe("makeDivisible", () => {
  it.each([
    // value, divisor, channels
    [16, 8, 16],
    [16 * 0.35, 8, 8],
    [24 * 0.35, 8, 8],
    [112 * 0.75, 8, 88],
    // Rounded down it would lose more than a tenth.
    [11, 8, 16],
    [19, 8, 24],
    [16 * 0.5, 4, 8],
    [184 * 1.3, 4, 240],
  ])("%d in eighths or quarters of %d: %d", (value, divisor, channels) => {
    expect(makeDivisible(value, divisor)).toBe(channels);
  });
});
