/** @file The lean losses against PaddleSeg's with real Paddle on the CPU (test/launcher/lean_checks.py), run by `npm run test:paddle`. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { leanLosses } from "../../src/losses/lean/index.ts";

const root = join(import.meta.dirname, "../..");
const launcher = join(root, "presets/launcher/vram_train.py");
const paddleSeg = process.env.PADDLESEG ?? join(root, "../shared/reference/PaddleSeg");
const python = process.env.PADDLE_PYTHON;
const canRun = python !== undefined && existsSync(join(paddleSeg, "tools/train.py"));
const names = Object.keys(leanLosses);

it("the launcher replaces the losses that are simulated, and no others", () => {
  const text = readFileSync(join(root, "presets/launcher/lean_losses.py"), "utf8");
  const table = text.slice(text.indexOf("\nLOSSES = {"), text.indexOf("}", text.indexOf("\nLOSSES = {")));
  expect([...table.matchAll(/"(\w+)"/g)].map((match) => match[1]).sort()).toEqual([...names].sort());
});

describe.skipIf(!canRun)(
  `lean losses with Paddle (${python ?? "skipped unless run by npm run test:paddle"})`,
  {
    timeout: 900_000,
  },
  () => {
    const found = new Map<string, { readonly ok: boolean; readonly detail: string }>();

    beforeAll(() => {
      const args = [join(import.meta.dirname, "lean_checks.py"), launcher, paddleSeg];
      const env = { ...process.env, PYTHONWARNINGS: "ignore", PYTHONDONTWRITEBYTECODE: "1" };
      const { stdout, stderr } = spawnSync(python ?? "", args, { env, encoding: "utf8", maxBuffer: 1 << 28 });
      for (const line of stdout.split("\n")) {
        if (!line.startsWith("CHECK ")) continue;
        const { name, ...check } = JSON.parse(line.slice("CHECK ".length));
        found.set(name, check);
      }
      expect(found.size, stderr.slice(-3000)).toBeGreaterThan(0);
    }, 900_000);

    it.each([...names, "MixedLoss"])("%s: value and gradient are PaddleSeg's on random and extreme inputs", (name) => {
      const check = found.get(name);
      expect(check?.ok, check?.detail).toBe(true);
    });
  },
);
