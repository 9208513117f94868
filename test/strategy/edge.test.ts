/** @file The last point that fits: the same as by walking the series, in few runs. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { lastThatFits } from "../../src/strategy/edge.ts";

test("is what a walk finds, wherever the guess starts", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: -50, max: 4000 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 300, maxLength: 300 }),
      fc.integer({ min: 0, max: 400 }),
      (count, room, steps, guess) => {
        const needs = steps.map((_, i) => steps.slice(0, i + 1).reduce((sum, step) => sum + step, 0));
        const series = {
          count,
          sizeOf: (index: number) => index + 1,
          headroom: (index: number) => room - needs[index]!,
        };
        const walked = needs.slice(0, count).filter((need) => need <= room).length - 1;
        expect(lastThatFits(series, guess)).toBe(walked);
      },
    ),
  );
});

test("takes few runs where bytes are linear, and runs the point found and the next one", () => {
  const run: number[] = [];
  const headroom = (index: number) => {
    run.push(index);
    return 10_000 - 700 - 37 * (index + 1);
  };
  const found = lastThatFits({ count: 4096, sizeOf: (index) => index + 1, headroom }, 15);
  expect(found).toBe(Math.floor(9300 / 37) - 1);
  expect(run.length).toBeLessThan(7);
  expect(run).toContain(found);
  expect(run).toContain(found + 1);
});

test("is the one before what Paddle refuses", () => {
  expect(
    lastThatFits({ count: 50, sizeOf: (i) => i, headroom: (index) => (index < 20 ? 100 - index : undefined) }, 3),
  ).toBe(19);
});
