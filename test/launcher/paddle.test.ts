/** @file The launcher with real Paddle and real PaddleSeg on the CPU (test/launcher/checks.py); `npm run test:paddle` makes what it needs. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { estimateMemory } from "../../src/memory/estimate.ts";
import { findRuntime } from "../../src/presets.ts";
import { stepRuntime } from "../../src/step/runtime.ts";
import { defaultSettings } from "../../src/step/settings.ts";
import { simulate } from "../../src/step/simulate.ts";

const root = join(import.meta.dirname, "../..");
const launcher = join(root, "presets/launcher/vram_train.py");
const paddleSeg = process.env.PADDLESEG ?? join(root, "../shared/reference/PaddleSeg");
/** A Python that has Paddle; set by `npm run test:paddle`. */
const python = process.env.PADDLE_PYTHON;

const reason = !existsSync(join(paddleSeg, "tools/train.py"))
  ? "skipped: no PaddleSeg in ../shared/reference"
  : "skipped unless run by npm run test:paddle";
const canRun = python !== undefined && existsSync(join(paddleSeg, "tools/train.py"));

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

const checks = [
  "kill",
  "scaler",
  "window",
  "bytes",
  "accumulation",
  "resume",
  "lean",
  "lean_curve",
  "lean_networks",
  "lean_scaled",
  "recompute",
  "structures",
  "refusals",
  "command",
  "dry_run",
];

describe.skipIf(!canRun)(`vram_train.py with Paddle (${canRun ? python : reason})`, { timeout: 900_000 }, () => {
  const found = new Map<string, Check>();
  const folder = mkdtempSync(join(tmpdir(), "vram-train-paddle-"));

  beforeAll(() => {
    const env = { ...process.env, PYTHONWARNINGS: "ignore", PYTHONDONTWRITEBYTECODE: "1" };
    let errors = "";
    for (const file of ["checks.py", "run_checks.py"]) {
      const args = [join(import.meta.dirname, file), launcher, paddleSeg, folder];
      const { stdout, stderr } = spawnSync(python ?? "", args, { env, encoding: "utf8", maxBuffer: 1 << 28 });
      for (const line of stdout.split("\n")) {
        if (!line.startsWith("CHECK ")) continue;
        const check: Check = JSON.parse(line.slice("CHECK ".length));
        found.set(check.name, check);
      }
      errors += stderr.slice(-3000);
    }
    expect([...found.keys()].sort(), errors).toEqual([...checks].sort());
  }, 900_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(checks)("%s", (name) => {
    const check = found.get(name);
    expect(check?.ok, check?.detail).toBe(true);
  });

  it("the peak drops by recompute as predicted, within 1 %", () => {
    const measured: Record<"plain" | "recompute", number> = JSON.parse(found.get("bytes")?.detail ?? "");
    const config = loadConfig(join(folder, "b4_large.yml"), { readText: (path) => readFileSync(path, "utf8") });
    const predicted = (recompute: readonly string[]): number => {
      const settings = { ...defaultSettings, batchSize: 4, doEval: false, recompute };
      return estimateMemory(simulate(config, settings, stepRuntime(findRuntime())).log).training.allocated.lowBytes;
    };
    const drop = predicted([]) - predicted(["backbone.features.2", "backbone.features.3"]);
    expect(Math.abs((measured.plain - measured.recompute) / drop - 1)).toBeLessThan(0.01);
  });
});
