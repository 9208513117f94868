/** @file How the line judges a case, and the statistics that the fidelity table prints. */
import { describe, expect, it } from "vitest";
import { type CaseResult, errorPpm } from "../tools/lib/figures.ts";
import { lineText, stateOf, worse } from "../tools/lib/line.ts";
import { quantile, refusals, statistics } from "../tools/lib/statistics.ts";

function result(id: string, ours: number | undefined, place = true): CaseResult {
  return { id, figures: { training: { ours, truth: 1_000_000_000 } }, place: { training: place }, milliseconds: 1 };
}
const refused: CaseResult = { id: "r", refused: "no model", figures: {}, place: {}, milliseconds: 1 };

describe("errorPpm", () => {
  it("is 0 only for equal figures, and keeps the sign", () => {
    const truth = 12_784_355_840;
    expect(errorPpm({ ours: truth, truth })).toBe(0);
    expect(errorPpm({ ours: truth + 256, truth })).toBe(1);
    expect(errorPpm({ ours: truth - 256, truth })).toBe(-1);
    expect(errorPpm({ ours: undefined, truth })).toBeUndefined();
  });
});

describe("worse", () => {
  const exact = stateOf(result("a", 1_000_000_000));
  it("lets a case stay, improve, and be new", () => {
    expect(exact).toBe("exact");
    expect(worse(exact, exact)).toEqual([]);
    expect(worse(stateOf(result("a", 990_000_000)), stateOf(result("a", 1_005_000_000)))).toEqual([]);
    expect(worse("refused", stateOf(result("a", 1)))).toEqual([]);
    expect(worse(undefined, "refused")).toEqual([]);
  });

  it("tells a larger error, a lost figure, a refusal and a place that no longer agrees", () => {
    expect(worse(exact, stateOf(result("a", 1_000_000_256)))).toEqual(["training: exact → 1 ppm"]);
    expect(worse(exact, stateOf(result("a", undefined)))).toEqual(["training: exact → 1000000 ppm"]);
    expect(worse(exact, stateOf(refused))).toEqual(["is refused now"]);
    expect(worse(exact, stateOf(result("a", 1_000_000_000, false)))).toEqual([
      "place of the training peak no longer agrees",
    ]);
  });
});

describe("lineText", () => {
  it("replaces the cases that ran, keeps the others, sorts", () => {
    const text = lineText([result("b", 1_000_000_000), refused], { z: "refused", a: "exact" });
    expect(JSON.parse(text)).toEqual({ a: "exact", b: "exact", r: "refused", z: "refused" });
    expect(text.split("\n")).toHaveLength(7);
  });
});

describe("statistics", () => {
  it("counts exact and low figures and finds the worst", () => {
    const results = [result("a", 1_000_000_000), result("b", 900_000_000), result("c", 1_010_000_000), refused];
    const s = statistics(results, "training");
    expect(s).toEqual({ count: 3, exact: 1, under: 1, median: 1, p90: 10, worst: 10, worstId: "b" });
    expect(statistics(results, "evaluation")).toBeUndefined();
    expect(refusals(results)).toEqual([{ reason: "no model", crashed: false, ids: ["r"] }]);
  });

  it("takes quantiles by nearest rank", () => {
    expect(quantile([3, 1, 2], 0.5)).toBe(2);
    expect(quantile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.9)).toBe(9);
    expect(quantile([], 0.5)).toBeNaN();
  });
});
