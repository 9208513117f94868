/** @file check --base on a real git repository: heirs of a changed base, what is new, worse, known; what git cannot answer. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkSchema } from "../../../src/report/schema.ts";
import { vramPlan } from "../support.ts";
import { base, createConfigs, type Repository, remove, small } from "./repository.ts";

let repository: Repository;
beforeEach(() => {
  repository = createConfigs();
});
afterEach(() => remove(repository));

async function check(...args: readonly string[]) {
  const { code, out, err } = await vramPlan(["check", ".", ...args, "--json"], { cwd: repository.folder });
  expect(err).toBe("");
  return { code, result: checkSchema.parse(JSON.parse(out)) };
}

const changeBase = (from: string, to: string): void => {
  repository.write("configs/_base_/cityscapes.yml", base.replace(from, to));
  repository.commit("change");
};

describe("check --base", { timeout: 60_000 }, () => {
  it("re-checks every config that inherits from a changed base, and no other", async () => {
    changeBase("[512, 256]", "[512, 512]");
    const { code, result } = await check("--base", "main", "--gpu", "24GiB");
    expect(code).toBe(0);
    expect(result.configs.map(({ config, state }) => [config, state])).toEqual([["configs/fcn/small.yml", "changed"]]);
    expect(result.configs[0]?.changes).toEqual([
      { mark: "~", key: "train_dataset.transforms.0.crop_size", from: "[512, 256]", to: "[512, 512]" },
    ]);
    expect(result.unchangedCount).toBe(1);
    expect([...result.skipped].sort()).toEqual(["configs/_base_/cityscapes.yml", "docs/site.yaml"]);
    const [card] = result.configs[0]?.cards ?? [];
    expect(card?.process.high).toBeGreaterThan(card?.baseProcess?.high ?? Number.NaN);
  });

  it("sees what is not committed yet", async () => {
    repository.write("configs/_base_/cityscapes.yml", base.replace("batch_size: 2", "batch_size: 4"));
    repository.write("configs/fcn/fresh.yml", small);
    const { result } = await check("--base", "main", "--gpu", "24GiB");
    const states = Object.fromEntries(result.configs.map(({ config, state }) => [config, state]));
    expect(states).toEqual({
      "configs/fcn/small.yml": "changed",
      "configs/fcn/own.yml": "changed",
      "configs/fcn/fresh.yml": "new",
    });
  });

  it("fails where the head is worse, and counts what the base had as known", async () => {
    // Between what batch 2 and batch 8 need: the change is what does not fit.
    changeBase("batch_size: 2", "batch_size: 8");
    const worse = await check("--base", "main", "--gpu", "3GiB", "--no-do-eval");
    expect(worse.code).toBe(1);
    const [first] = worse.result.configs;
    expect(first?.findings[0]).toMatchObject({ status: "new", fails: true, finding: { code: "does-not-fit" } });
    // At the line that set the value, in the base.
    expect(first?.findings[0]?.finding.location).toMatchObject({ file: "configs/_base_/cityscapes.yml", line: 1 });
    // Too small for both: less memory than before is no reason to fail.
    repository.git("branch", "large");
    changeBase("batch_size: 2", "batch_size: 4");
    const better = await check("--base", "large", "--gpu", "1200MiB", "--no-do-eval");
    expect(better.code).toBe(0);
    expect(better.result.configs.flatMap(({ findings }) => findings.map(({ status }) => status))).toContain("known");
    const { out } = await vramPlan(["check", ".", "--base", "large", "--gpu", "1200MiB", "--no-do-eval"], {
      cwd: repository.folder,
    });
    expect(out).toMatch(/known from large/);
  });

  it("compares with the commit that both share, not with the tip", async () => {
    repository.git("checkout", "-q", "main");
    changeBase("batch_size: 2", "batch_size: 8");
    repository.git("checkout", "-q", "change");
    const { code, result } = await check("--base", "main", "--gpu", "24GiB");
    expect(code).toBe(0);
    expect(result).toMatchObject({ configs: [], unchangedCount: 2 });
  });

  it("follows a renamed config", async () => {
    repository.git("mv", "configs/fcn/small.yml", "configs/fcn/other.yml");
    repository.commit("rename");
    const { result } = await check("--base", "main", "--gpu", "24GiB");
    expect(result.configs).toEqual([]);
    expect(result.unchangedCount).toBe(2);
  });

  it("works from a folder inside, with paths of the repository for forges", async () => {
    changeBase("batch_size: 2", "batch_size: 8");
    const cwd = join(repository.folder, "configs");
    const { out, code } = await vramPlan(
      ["check", "fcn", "--base", "main", "--gpu", "3GiB", "--no-do-eval", "--format", "github"],
      { cwd },
    );
    expect(code).toBe(1);
    expect(out).toMatch(/^::error file=configs\/_base_\/cityscapes\.yml,line=1,/);
  });

  it("is held to max-increase of the budget file", async () => {
    repository.write("vram-plan.yaml", "gpu: 24GiB\nmax-increase: 5%\nchecks: { tight: off }\n");
    changeBase("[512, 256]", "[1024, 512]");
    const { code, result } = await check("--base", "main");
    expect(code).toBe(1);
    expect(result.configs.map(({ findings }) => findings[0]?.finding.code)).toEqual(["increase"]);
    repository.write("vram-plan.yaml", "gpu: 24GiB\nmax-increase: 20GiB\n");
    expect((await check("--base", "main")).code).toBe(0);
  });

  it("asks for min_kept when batch or crop changed without it", async () => {
    const ohem = base.replace("- type: CrossEntropyLoss", "- type: OhemCrossEntropyLoss\n      min_kept: 16384");
    repository.git("checkout", "-q", "main");
    repository.write("configs/_base_/cityscapes.yml", ohem);
    repository.commit("ohem");
    repository.git("checkout", "-q", "-B", "change");
    repository.write("configs/_base_/cityscapes.yml", ohem.replace("batch_size: 2", "batch_size: 4"));
    const { result } = await check("--base", "main", "--gpu", "24GiB");
    const found = result.configs
      .flatMap(({ findings }) => findings)
      .filter((one) => one.finding.code === "ohem-min-kept");
    const [finding] = found.filter((one) => one.finding.config.endsWith("small.yml"));
    expect(finding?.finding.facts).toMatchObject({ minKept: 16384, wanted: 32768 });
    expect(finding?.finding.suggestion).toMatchObject({ line: 26, column: 17, endColumn: 22, text: "32768" });
  });
});

describe("a base that git does not give", { timeout: 60_000 }, () => {
  it("says what cures a shallow clone", async () => {
    changeBase("batch_size: 2", "batch_size: 4");
    repository.git("checkout", "-q", "main");
    const clone = mkdtempSync(join(tmpdir(), "vram-plan-"));
    execFileSync("git", ["clone", "-q", "--depth", "1", "--branch", "change", `file://${repository.folder}`, clone]);
    const { code, err } = await vramPlan(["check", ".", "--base", "origin/main", "--gpu", "24GiB"], { cwd: clone });
    rmSync(clone, { recursive: true, force: true });
    expect(code).toBe(2);
    expect(err).toContain("fetch-depth: 0");
  });

  it("names branches that are near, and refuses what is no repository", async () => {
    const wrong = await vramPlan(["check", ".", "--base", "mian", "--gpu", "24GiB"], { cwd: repository.folder });
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('Did you mean "main"')]);
    const option = await vramPlan(["check", ".", "--base=--help", "--gpu", "24GiB"], { cwd: repository.folder });
    expect([option.code, option.err]).toEqual([2, expect.stringContaining("git knows no commit --help")]);
    rmSync(join(repository.folder, ".git"), { recursive: true });
    const none = await vramPlan(["check", ".", "--base", "main", "--gpu", "24GiB"], { cwd: repository.folder });
    expect([none.code, none.err]).toEqual([2, expect.stringContaining("not a git repository")]);
  });

  it("refuses a branch without a common commit", async () => {
    repository.git("checkout", "-q", "--orphan", "alone");
    repository.commit("alone");
    const { code, err } = await vramPlan(["check", ".", "--base", "main", "--gpu", "24GiB"], {
      cwd: repository.folder,
    });
    expect([code, err]).toEqual([2, expect.stringContaining("share no commit")]);
  });
});
