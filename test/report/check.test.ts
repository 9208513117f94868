/** @file Renderers that need no run: what a report says of configs that could not be estimated, and of plans of each kind. */
import { describe, expect, it } from "vitest";
import { exitCode } from "../../src/policy/exit-code.ts";
import { worstFirst } from "../../src/policy/order.ts";
import { renderTerminal } from "../../src/report/gate/terminal.ts";
import { plain } from "../../src/report/paint.ts";
import { describeVia } from "../../src/report/plan.ts";

const view = { language: "en" as const, paint: plain, width: 80 };

describe("check", () => {
  it("names the place of a config that could not be estimated", () => {
    const location = { file: "base.yml", line: 3, column: 1 };
    const failures = [
      { config: "a.yml", code: "yaml-invalid" as const, message: "Bad.", location, known: false },
      { config: "b.yml", code: "yaml-invalid" as const, message: "Gone.", location: undefined, known: false },
    ];
    const nothing = { base: undefined, prefix: "", configs: [], skipped: [], unchangedCount: 0, reports: [] };
    expect(renderTerminal({ version: 1, ...nothing, failures, exitCode: 2 }, view)).toBe(
      "error  base.yml:3: Bad.\nerror  b.yml: Gone.\n0 of 0 configs do not fit the card, 2 not estimated\n",
    );
  });
});

describe("policy", () => {
  const row = (config: string, headroomBytes: number | undefined) => ({ config, headroomBytes });

  it("lists the largest shortfall first, then by name", () => {
    const sorted = worstFirst([row("d", 5), row("c", undefined), row("b", 5), row("a", -1)]);
    expect(sorted.map(({ config }) => config)).toEqual(["a", "b", "d", "c"]);
  });

  it("fails on what does not fit and has no plan", () => {
    const plan = (feasible: boolean) => ({ feasible }) as never;
    expect(exitCode([])).toBe(0);
    expect(
      exitCode([
        { verdict: "fits", plan: undefined },
        { verdict: "tight", plan: undefined },
      ]),
    ).toBe(0);
    expect(exitCode([{ verdict: undefined, plan: undefined }])).toBe(0);
    expect(
      exitCode([
        { verdict: "fits", plan: undefined },
        { verdict: "does-not-fit", plan: undefined },
      ]),
    ).toBe(1);
    expect(exitCode([{ verdict: "does-not-fit", plan: plan(true) }])).toBe(0);
    expect(exitCode([{ verdict: "does-not-fit", plan: plan(false) }])).toBe(1);
  });
});

describe("a change", () => {
  it("says how it reaches a run", () => {
    expect(describeVia({ kind: "yaml", file: "a.yml", line: 3, key: "batch_size" }, "en")).toBe("a.yml:3 batch_size");
    expect(describeVia({ kind: "yaml", file: "a.yml", line: undefined, key: "x" }, "en")).toBe("a.yml x");
    expect(describeVia({ kind: "flag", flag: "--precision fp16" }, "en")).toBe("train.py --precision fp16");
    expect(describeVia({ kind: "environment", variable: "A=1" }, "en")).toBe("environment A=1");
    expect(describeVia({ kind: "launcher", flag: "--accumulate 2" }, "en")).toBe("launcher --accumulate 2");
  });
});
