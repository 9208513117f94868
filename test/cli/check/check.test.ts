/** @file check without a base: paths, cards, formats to files, budget, baseline, exit codes. */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { vramPlan } from "../support.ts";
import { base, createConfigs, type Repository, remove, small } from "./repository.ts";

let repository: Repository;
beforeEach(() => {
  repository = createConfigs();
});
afterEach(() => remove(repository));

const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  vramPlan(args, { cwd: repository.folder, env });
const read = (file: string): string => readFileSync(join(repository.folder, file), "utf8");
const fast = ["--no-do-eval", "--gpu", "24GiB"];

describe("paths", { timeout: 60_000 }, () => {
  it.each([
    [["configs"]],
    [["configs/**/*.yml"]],
    [["**/fcn/{own,small}.yml"]],
    [["configs/fcn", "configs/fcn/own.yml"]],
    [[]],
  ])("%j has the two configs, each once", async (paths) => {
    const { code, out } = await run(["check", ...paths, ...fast]);
    expect(code).toBe(0);
    expect(out.match(/^(?:ok|tight) /gm)).toHaveLength(2);
    expect(out).toContain("0 of 2 configs do not fit 24.0 GiB");
  });

  it("that hold no config cannot run", async () => {
    const { code, err } = await run(["check", "docs", ...fast]);
    expect([code, err]).toEqual([
      2,
      expect.stringContaining("No training config was found in docs; 1 YAML files are none"),
    ]);
  });

  it("are not followed into hidden folders, node_modules and links", async () => {
    repository.write("node_modules/x/a.yml", "a: 1");
    repository.write(".hidden/a.yml", "a: 1");
    symlinkSync("..", join(repository.folder, "docs/up"));
    const { out } = await run(["check", ".", ...fast]);
    expect(out).toContain("2 YAML files skipped");
  });

  it("named one by one have to be configs", async () => {
    const { code, err, out } = await run(["check", "docs/site.yaml", "nosuch.yml", "configs/fcn/own.yml", ...fast]);
    expect([code, err]).toEqual([2, ""]);
    expect(out.match(/^error/gm)).toHaveLength(2);
  });
});

describe("cards", { timeout: 60_000 }, () => {
  it("are several at once, each with its own verdict", async () => {
    const { code, out } = await run([
      "check",
      "configs/fcn/small.yml",
      "--gpu",
      "24GiB",
      "--gpu",
      "1GiB",
      "--no-do-eval",
    ]);
    expect(code).toBe(1);
    expect(out).toMatch(/^FAIL .*small\.yml\s+1\.00 GiB/m);
    expect(out).toMatch(/^(ok|FAIL) .*small\.yml\s+24\.0 GiB/m);
    expect(out).toContain("1 of 1 config does not fit 2 cards");
  });

  it("come from the budget file by glob; its headroom is taken off", async () => {
    repository.write("vram-plan.yaml", "gpu: 24GiB\nbudgets:\n  - configs: '**/own.yml'\n    memory: 1GiB\n");
    const { code, out } = await vramPlan(["check", "fcn", "--no-do-eval"], { cwd: join(repository.folder, "configs") });
    expect(code).toBe(1);
    expect(out).toMatch(/^FAIL\s+fcn\/own\.yml\s+1\.00 GiB/m);
    repository.write("vram-plan.yaml", "gpu: 24GiB\nheadroom: 99%\n");
    expect((await run(["check", "configs", "--no-do-eval"])).code).toBe(1);
    expect((await run(["check", "configs", "--no-do-eval", "--no-budget"])).code).toBe(2);
  });
});

describe("results", { timeout: 60_000 }, () => {
  it("go to files and to stdout, several at once", async () => {
    const { written, out } = await run([
      "check",
      "configs",
      ...fast,
      "--format",
      "json=a.json",
      "--format",
      "csv",
      "--format",
      "sarif=b.sarif",
    ]);
    expect([...written.keys()]).toEqual(["a.json", "b.sarif"]);
    expect(JSON.parse(written.get("a.json") ?? "").configs).toHaveLength(2);
    expect(out).toMatch(/^config,state,card/);
  });

  it("go to the job summary of GitHub where there is one", async () => {
    const summary = join(repository.folder, "summary.md");
    writeFileSync(summary, "before\n");
    await run(["check", "configs", ...fast, "--format", "github"], { GITHUB_STEP_SUMMARY: summary });
    expect(readFileSync(summary, "utf8")).toMatch(/^before\n<!-- vram-plan -->\n### vram-plan: passes/);
    await run(["check", "configs", ...fast], { GITHUB_STEP_SUMMARY: summary });
    expect(readFileSync(summary, "utf8").match(/###/g)).toHaveLength(1);
  });

  it("that cannot be written are an error with its reason", async () => {
    const { code, err } = await vramPlan(["check", "configs", ...fast, "--format", "json=x.json"], {
      cwd: repository.folder,
      writeFails: "ENOSPC",
    });
    expect([code, err]).toEqual([2, expect.stringContaining("the disk is full")]);
  });

  it.each([
    [["--format", "jsno"], /Did you mean "json"/],
    [["--fail-on", "tigth"], /Did you mean "tight"/],
    [["--baseline", "none.json"], /there is no such file/],
    [["--update-baseline"], /--baseline vram-baseline\.json/],
    [["--budget", "none.yaml"], /There is no file none\.yaml/],
  ])("%j is refused", async (args, message) => {
    const { code, err } = await run(["check", "configs", ...fast, ...args]);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });

  it("exit by --fail-on and --exit-zero, never by a number of findings", async () => {
    repository.write("configs/fcn/odd.yml", small.replace("model:", "precision: fp16\nmodel:"));
    const odd = ["check", "configs/fcn/odd.yml", ...fast];
    expect((await run(odd)).code).toBe(0);
    expect((await run([...odd, "--fail-on", "warn"])).code).toBe(1);
    expect((await run([...odd, "--fail-on", "amp-without-effect,tight"])).code).toBe(1);
    expect((await run([...odd, "--fail-on", "tight"])).code).toBe(0);
    expect((await run(["check", "configs", "--gpu", "1GiB", "--exit-zero"])).code).toBe(0);
    expect((await run(["check", "configs", "--gpu", "1GiB", "--fail-on", "none"])).code).toBe(0);
    expect((await run(["check", "docs/site.yaml", "--gpu", "1GiB", "--exit-zero"])).code).toBe(2);
  });

  it("a baseline hides what it names, and says how many", async () => {
    const args = ["check", "configs", "--gpu", "1GiB", "--no-do-eval", "--baseline", "b.json"];
    const first = await run([...args, "--update-baseline"]);
    expect([first.code, first.err]).toEqual([0, expect.stringMatching(/\d findings written to b\.json/)]);
    repository.write("b.json", first.written.get("b.json") ?? "");
    const second = await run(args);
    expect(second.code).toBe(0);
    expect(second.out.replace(/\s+/g, " ")).toMatch(/\d hidden by the baseline/);
    repository.write("configs/fcn/new.yml", small);
    expect((await run(args)).code).toBe(1);
  });

  it("rdjson suggests the largest batch that fits, where the config itself sets it", async () => {
    repository.write("configs/fcn/odd.yml", `batch_size: 12 # large\n${small}`);
    const args = ["check", "configs/fcn/odd.yml", "--gpu", "4GiB", "--no-do-eval", "--format"];
    const { out } = await run([...args, "rdjson"]);
    const [{ suggestions }] = JSON.parse(out).diagnostics;
    expect(suggestions[0].range).toEqual({ start: { line: 1, column: 13 }, end: { line: 1, column: 15 } });
    const batch = Number(suggestions[0].text);
    const at = async (size: number) =>
      (await run([...args.slice(0, -1), "--batch-size", String(size), "--fail-on", "warn"])).code;
    expect([await at(batch), await at(batch + 1)]).toEqual([0, 1]);
  });

  it("a network that is not modelled is a finding, not a failure to run", async () => {
    repository.write("configs/fcn/odd.yml", small.replace("type: FCN", "type: Xnet"));
    repository.write("vram-plan.yaml", "checks: { model-not-known: warn }\n");
    const { code, out } = await run(["check", "configs/fcn/odd.yml", ...fast]);
    expect([code, out]).toEqual([0, expect.stringContaining("the model Xnet is not modelled")]);
    expect((await run(["check", "configs/fcn/odd.yml", ...fast, "--no-budget"])).code).toBe(1);
  });

  it("a fitted config whose source changed has a stale plan", async () => {
    repository.write("train.yml", small.replace("../_base_", "configs/_base_"));
    const { written } = await run(["train.yml", "--gpu", "3GiB", "--out", "fitted.yml", "--no-do-eval"]);
    repository.write("fitted.yml", written.get("fitted.yml") ?? "");
    const fresh = await run(["check", "fitted.yml", ...fast]);
    expect(fresh.out).not.toContain("stale");
    repository.write("train.yml", small.replace("../_base_", "configs/_base_").replace("W18", "W48"));
    const { out } = await run(["check", "fitted.yml", ...fast]);
    expect(out.replace(/\s+/g, " ")).toContain("stale: its source has changed in model.backbone.type");
  });
});

describe("files", () => {
  it("are written whole: no other name is left behind, and the mode is kept", async () => {
    const { filesIn } = await import("../../../src/cli/host.ts");
    const files = filesIn(repository.folder);
    files.writeText("a.txt", "one");
    files.writeText("a.txt", "two");
    expect(read("a.txt")).toBe("two");
    mkdirSync(join(repository.folder, "empty"));
    expect(() => files.writeText("empty", "x")).toThrow();
    expect(files.list(".").filter((name) => name.includes(".tmp"))).toEqual([]);
    expect(existsSync(join(repository.folder, "empty"))).toBe(true);
    expect(base).toContain("batch_size");
  });
});
