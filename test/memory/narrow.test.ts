/** @file Ranges narrowed by measured runs: low stays, the same run is exact, high falls with more runs and never below what was seen. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { type MeasuredLevel, narrowRange } from "../../src/memory/narrow.ts";

const range = { lowBytes: 1000, expectedBytes: 1250, highBytes: 2000 };
/** A level of another run with this share of its range taken. */
const level = (share: number): MeasuredLevel => ({
  lowBytes: 0,
  expectedBytes: 0,
  highBytes: 100,
  measuredBytes: Math.round(100 * share),
});

it("takes the same run's measure for expected and high", () => {
  const same = { ...range, measuredBytes: 1234 };
  expect(narrowRange(range, [same, level(1)])).toEqual({ lowBytes: 1000, expectedBytes: 1234, highBytes: 1234 });
  expect(narrowRange(range, [{ ...same, measuredBytes: 3000 }]).highBytes).toBe(3000);
});

it("lowers high by the chance that a new run is the highest", () => {
  expect(narrowRange(range, [level(0.25)])).toEqual({ lowBytes: 1000, expectedBytes: 1250, highBytes: 1625 });
  expect(narrowRange(range, [level(0.25), level(0.25), level(0.25)]).highBytes).toBe(1438);
});

it("leaves the range where nothing is known: no runs, no width, or a run above its own high end", () => {
  expect(narrowRange(range, [])).toEqual(range);
  expect(narrowRange(range, [{ ...level(0.5), highBytes: 0 }])).toEqual(range);
  expect(narrowRange(range, [level(80)]).highBytes).toBe(2000);
});

it("keeps low, order and width for any runs", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 3, noNaN: true }), { maxLength: 8 }), (shares) => {
      const found = narrowRange(range, shares.map(level));
      expect(found.lowBytes).toBe(range.lowBytes);
      expect(found.expectedBytes).toBeGreaterThanOrEqual(found.lowBytes);
      expect(found.highBytes).toBeGreaterThanOrEqual(found.expectedBytes);
      expect(found.highBytes).toBeLessThanOrEqual(range.highBytes);
      for (const share of shares) expect(found.highBytes).toBeGreaterThanOrEqual(1000 + Math.min(1, share) * 990);
    }),
  );
});
