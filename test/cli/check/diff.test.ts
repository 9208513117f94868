/** @file diff, init and schema. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseBudgetYaml } from "../../../src/policy/budget-yaml.ts";
import { reportSchema } from "../../../src/report/schema.ts";
import { vramPlan } from "../support.ts";
import { base, createConfigs, type Repository, remove } from "./repository.ts";

let repository: Repository;
beforeEach(() => {
  repository = createConfigs();
});
afterEach(() => remove(repository));
const run = (args: readonly string[]) => vramPlan(args, { cwd: repository.folder });

describe("diff", { timeout: 60_000 }, () => {
  const file = "configs/fcn/small.yml";

  it("compares a file of git with the one on disk: settings, bytes, layers", async () => {
    repository.write("configs/_base_/cityscapes.yml", base.replace("batch_size: 2", "batch_size: 4"));
    const { code, out } = await run(["diff", `main:${file}`, file, "--no-do-eval"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^- main:configs/);
    expect(out).toContain("  ~ batch_size  2 → 4");
    expect(out).toMatch(/~ {2}training, allocated +\S+ [MG]iB {2}→ +\S+ [MG]iB +\+\S+ [MG]iB +\+\d+ %/);
    expect(out).toMatch(/Diff: 1 setting, [\d,]+ layers changed\. .* → .*, \+/);
  });

  it("marks layers that come and go", async () => {
    const json = async (...args: readonly string[]) =>
      JSON.parse((await run(["diff", ...args, "--no-do-eval", "--json"])).out);
    repository.write("other.yml", `_base_: ${file}\nmodel:\n  backbone:\n    type: HRNet_W30\n  bias: False\n`);
    const diff = await json(file, "other.yml");
    expect(diff.settings.map(({ mark, key }: { mark: string; key: string }) => `${mark} ${key}`)).toEqual([
      "~ model.backbone.type",
      "+ model.bias",
    ]);
    expect(diff.layers.length).toBeGreaterThan(5);
    expect((await json(file, file)).layers).toEqual([]);
  });

  it("reads saved reports, and refuses what is none", async () => {
    const before = (await run(["estimate", file, "--json", "--no-do-eval", "--gpu", "24GiB"])).out;
    expect(() => reportSchema.parse(JSON.parse(before))).not.toThrow();
    repository.write("before.json", before);
    const { out } = await run(["diff", "before.json", file, "--batch-size", "3", "--no-do-eval"]);
    expect(out).toContain("~ batchSize  2 → 3");
    repository.write("not.json", '{"version": 1}');
    const { code, err } = await run(["diff", "not.json", file]);
    expect([code, err]).toEqual([2, expect.stringContaining("not.json is no saved report: config")]);
    expect((await run(["diff", `nosuch:${file}`, file])).err).toContain("git knows no commit nosuch");
    expect((await run(["diff", "main:nosuch.yml", file])).code).toBe(2);
  });
});

describe("init", () => {
  it("writes a budget that is valid, a workflow and a hook, and never overwrites", async () => {
    const first = await run(["init", "--gpu", "rtx4070"]);
    expect(first.code).toBe(0);
    expect([...first.written.keys()]).toEqual([
      "vram-plan.yaml",
      ".github/workflows/vram-plan.yml",
      ".pre-commit-config.yaml",
    ]);
    expect(parseBudgetYaml("x", first.written.get("vram-plan.yaml") ?? "").cards).toEqual(["rtx4070"]);
    expect(first.written.get(".github/workflows/vram-plan.yml")).toMatch(/fetch-depth: 0[\s\S]*--format github/);
    repository.write("vram-plan.yaml", "gpu: v100-32gb\n");
    repository.write(".github/workflows/vram-plan.yml", "mine\n");
    repository.write(".pre-commit-config.yaml", "repos: []\n");
    const second = await run(["init"]);
    expect(second.written.size).toBe(0);
    expect(second.out).toMatch(/kept {5}\.pre-commit-config\.yaml.*add under repos:\n {2}- repo: local/);
    expect((await run(["init", "--gpu", "rtx9999"])).code).toBe(2);
  });

  it("has every key of the budget file, and the commented ones are valid too", async () => {
    const text = (await run(["init"])).written.get("vram-plan.yaml") ?? "";
    const open = text.replace(/^# ((?:headroom|ignore|budgets| {2}).*)$/gm, "$1");
    const budget = parseBudgetYaml("vram-plan.yaml", open);
    expect(budget).toMatchObject({
      ignore: ["configs/_old/**"],
      headroom: { percent: 2 },
      maxIncrease: { percent: 10 },
    });
    expect(budget.budgets[0]).toMatchObject({ cards: ["a100-40gb"] });
  });
});

describe("schema", () => {
  it.each(["budget", "report", "check"])("%s is a JSON schema", async (what) => {
    const { code, out } = await run(["schema", what]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ $schema: expect.stringContaining("draft-07"), type: "object" });
  });

  it("is the budget's where none is named, and refuses others", async () => {
    expect((await run(["schema"])).out).toBe((await run(["schema", "budget"])).out);
    expect((await run(["schema", "reprot"])).err).toContain('Did you mean "report"');
  });

  it("covers the recipe's own plan", async () => {
    const recipe = readFileSync(
      join(import.meta.dirname, "../../../presets/recipes/pp-liteseg-stdc2-cityscapes-b16.yml"),
      "utf8",
    );
    const { out } = await vramPlan(["train.yml", "--gpu", "rtx4070", "--json"], { files: { "train.yml": recipe } });
    expect(() => reportSchema.parse(JSON.parse(out))).not.toThrow();
  }, 60_000);
});
