/** @file The launcher with real Paddle and real PaddleSeg on the CPU (test/launcher/checks.py); `npm run test:paddle` makes what it needs. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

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
    const args = [join(import.meta.dirname, "checks.py"), launcher, paddleSeg, folder];
    const env = { ...process.env, PYTHONWARNINGS: "ignore", PYTHONDONTWRITEBYTECODE: "1" };
    const { stdout, stderr } = spawnSync(python ?? "", args, { env, encoding: "utf8", maxBuffer: 1 << 28 });
    for (const line of stdout.split("\n")) {
      if (!line.startsWith("CHECK ")) continue;
      const check: Check = JSON.parse(line.slice("CHECK ".length));
      found.set(check.name, check);
    }
    expect([...found.keys()].sort(), stderr.slice(-3000)).toEqual([...checks].sort());
  }, 900_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(checks)("%s", (name) => {
    const check = found.get(name);
    expect(check?.ok, check?.detail).toBe(true);
  });
});
