/** @file What runs a plan: the script beside a written config, the launcher copied where the plan needs it, nothing overwritten. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { recipe, vramPlan } from "./support.ts";

const launcher = readFileSync(join(import.meta.dirname, "../../presets/launcher/vram_train.py"), "utf8");
/** A run that needs the launcher, whatever the plan adds, and one that does not. */
const small = [recipe, "--gpu", "rtx4070", "--recompute", "backbone.features.2"];
const large = [recipe, "--gpu", "a100-80gb"];

/** A shell and a stand-in for Python that prints its arguments, one a line. */
function runScript(files: ReadonlyMap<string, string>, name: string, args: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), "vram-plan-launch-"));
  try {
    mkdirSync(join(folder, "out"));
    for (const [path, text] of files) writeFileSync(join(folder, path), text);
    const fake = join(folder, "fake-python");
    writeFileSync(fake, '#!/bin/sh\nfor word in "$@"; do echo "$word"; done\nenv | grep ^FLAGS_ || true\n', {
      mode: 0o755,
    });
    const env = { ...process.env, PYTHON: fake };
    const { status, stdout, stderr } = spawnSync("sh", [name, ...args], { cwd: folder, env, encoding: "utf8" });
    return { status, lines: stdout.trimEnd().split("\n"), stderr };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("the script that runs a plan", { timeout: 120_000 }, () => {
  it("is written beside the config, with the launcher, and calls it with the plan's flags", async () => {
    const args = [...small, "--out", "out/fitted.yml", "--opts", "iters=10", "--conv-workspace-limit", "64MiB"];
    const { code, written, out } = await vramPlan(args);
    expect(code).toBe(0);
    const names = ["out/fitted.yml", "out/fitted.launch.sh", "out/vram_train.py"];
    expect([...written.keys()].slice(0, 3)).toEqual(names);
    expect(written.get("out/vram_train.py")).toBe(launcher);
    expect(out.replace(/\s+/g, " ")).toContain(`Written: ${names.join(", ")}`);
    const { status, lines, stderr } = runScript(written, "out/fitted.launch.sh", ["--save_dir", "my folder"]);
    expect([status, stderr]).toEqual([0, ""]);
    expect(lines.slice(0, 5)).toEqual(["out/vram_train.py", "--config", "out/fitted.yml", "--opts", "iters=10"]);
    expect(lines[lines.indexOf("--recompute") + 1]).toMatch(/^backbone\.features\.2\b/);
    expect(lines.slice(-3)).toEqual(["--save_dir", "my folder", "FLAGS_conv_workspace_size_limit=64"]);
  });

  it("calls PaddleSeg's own tools/train.py where that suffices, and copies no launcher", async () => {
    const { written } = await vramPlan([...large, "--out", "fitted.yml"]);
    expect([...written.keys()].sort()).toEqual(["fitted.launch.sh", "fitted.yml"]);
    expect(runScript(written, "fitted.launch.sh", []).lines).toEqual([
      "tools/train.py",
      "--config",
      "./fitted.yml",
      "--do_eval",
    ]);
  });

  it("is printed, and nothing else, by --print-launch", async () => {
    const { code, out, written } = await vramPlan([...small, "--print-launch"]);
    expect([code, written.size]).toEqual([0, 0]);
    expect(out).toMatch(/^#!\/bin\/sh\n# Written by vram-plan: /);
    expect(out).toContain(`--config ${recipe}`);
    expect(out).toMatch(/"\$\{PYTHON:-python\}" \S*presets\/launcher\/vram_train\.py/);
  });

  it.each([
    ["fitted.launch.sh", "echo mine\n", "did not write it"],
    ["vram_train.py", "print('mine')\n", "another than the one"],
  ])("never overwrites another's %s", async (name, text, words) => {
    const { code, err, written } = await vramPlan([...small, "--out", "fitted.yml"], { files: { [name]: text } });
    expect([code, [...written.keys()]]).toEqual([2, []]);
    expect(err).toContain(name);
    expect(err).toContain(words);
  });

  it("leaves a launcher that is there already, and writes its own script anew", async () => {
    const first = await vramPlan([...small, "--out", "fitted.yml"]);
    const again = await vramPlan([...small, "--out", "fitted.yml"], { files: Object.fromEntries(first.written) });
    expect(again.code).toBe(0);
    expect([...again.written.keys()].sort()).toEqual(["fitted.launch.sh", "fitted.yml"]);
  });
});
