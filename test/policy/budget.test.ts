/** @file Globs, the budget file and the baseline: what they hold, and what is refused with the key that is wrong. */
import { describe, expect, it } from "vitest";
import { baselineText, readBaseline } from "../../src/policy/baseline.ts";
import { bytesOf, levelOf, ruleFor } from "../../src/policy/budget.ts";
import { budgetJsonSchema } from "../../src/policy/budget-file.ts";
import { parseBudgetYaml } from "../../src/policy/budget-yaml.ts";
import { globExpression, globRoot, isGlob } from "../../src/policy/glob.ts";
import { identity } from "../../src/report/finding.ts";

describe("a glob", () => {
  it.each([
    ["configs/**/*.yml", "configs/a/b/c.yml", true],
    ["configs/**/*.yml", "configs/c.yml", true],
    ["configs/*.yml", "configs/a/c.yml", false],
    ["*.yml", "deep/down/c.yml", true],
    ["./*.yml", "deep/c.yml", false],
    ["./*.yml", "c.yml", true],
    ["configs/**", "configs/a/c.yml", true],
    ["c?.y{a,}ml", "cx.yaml", true],
    ["c?.y{a,}ml", "cx.yml", true],
    ["c[!x].yml", "cx.yml", false],
    ["c.yml", "cayml", false],
    ["a+(b).yml", "a+(b).yml", true],
  ])("%s on %s: %s", (pattern, path, wanted) => {
    expect(globExpression(pattern).test(path)).toBe(wanted);
  });

  it("starts its walk above the first pattern", () => {
    expect(["configs/a/**/*.yml", "*.yml", "/data/*/x.yml", "/*.yml"].map(globRoot)).toEqual([
      "configs/a",
      ".",
      "/data",
      "/",
    ]);
    expect(["a/b.yml", "a/*.yml"].map(isGlob)).toEqual([false, true]);
  });
});

describe("a budget file", () => {
  const text = `
gpu: [rtx4070, a100-40gb]
max-increase: 5%
headroom: 512MiB
checks: { tight: error, crop-off-stride: off }
ignore: "old/**"
budgets:
  - configs: "seg/**"
    memory: 11GiB
    max-increase: 100MiB
  - configs: ["seg/big.yml", "x.yml"]
    gpu: v100-32gb
    checks: { tight: warn }
`;

  it("gives each config its rule, a later one before an earlier one, key by key", () => {
    const budget = parseBudgetYaml("vram-plan.yaml", text);
    expect(budget.ignore).toEqual(["old/**"]);
    expect(ruleFor(budget, "other.yml")).toMatchObject({
      cards: ["rtx4070", "a100-40gb"],
      maxIncrease: { kind: "percent", percent: 5 },
    });
    expect(ruleFor(budget, "seg/a.yml")).toMatchObject({ cards: ["11GiB"], maxIncrease: { bytes: 100 * 2 ** 20 } });
    const big = ruleFor(budget, "seg/big.yml");
    expect(big).toMatchObject({ cards: ["v100-32gb"], maxIncrease: { kind: "bytes" }, headroom: { bytes: 2 ** 29 } });
    expect([levelOf(big, "tight"), levelOf(big, "crop-off-stride"), levelOf(big, "does-not-fit")]).toEqual([
      "warn",
      "off",
      "error",
    ]);
    expect(bytesOf({ kind: "percent", percent: 5 }, 1001)).toBe(51);
  });

  it.each([
    ["gpus: [x]", /Unrecognized key/],
    ["max-increase: 5", /max-increase/],
    ["max-increase: 5G", /max-increase: has to be a share or a size with its unit/],
    ["memory: lots", /memory: has to be a size/],
    ["checks: { tigth: off }", /checks/],
    ["checks: { tight: loud }", /checks\.tight/],
    ["budgets: [{ gpu: x }]", /budgets\.0\.configs/],
    ["- a", /the file/],
  ])("%s is refused", (yaml, message) => {
    expect(() => parseBudgetYaml("vram-plan.yaml", yaml)).toThrow(message);
  });

  it("may be empty", () => {
    expect(ruleFor(parseBudgetYaml("vram-plan.yaml", ""), "a.yml").cards).toBeUndefined();
  });

  it("has a JSON schema with every key and check", () => {
    const schema = JSON.stringify(budgetJsonSchema());
    for (const word of ["max-increase", "headroom", "memory", "stale-plan", "draft-07"]) expect(schema).toContain(word);
  });
});

describe("a baseline", () => {
  const finding = {
    code: "tight",
    config: "a.yml",
    gpu: "A100",
    key: undefined,
    location: undefined,
    size: 7,
    facts: { neededBytes: 1, expectedBytes: 1, usableBytes: 1 },
  } as const;

  it("comes back as identities, without line and number", () => {
    const text = baselineText([{ finding, level: "warn", status: "new", fails: false }]);
    expect(text).not.toContain("7");
    expect([...readBaseline("b.json", text)]).toEqual([identity({ ...finding })]);
  });

  it.each([
    ["{", /not JSON/],
    ['{"version":2,"findings":[]}', /version/],
    ['{"version":1,"findings":[{}]}', /findings\.0\.code/],
  ])("%s is refused", (text, message) => {
    expect(() => readBaseline("b.json", text)).toThrow(message);
  });
});
