/** @file The launcher without Paddle: it compiles, says what it would do, refuses, counts steps. Stand-ins are in test/launcher/stub. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";

const launcher = join(import.meta.dirname, "../../presets/launcher/vram_train.py");
const stub = join(import.meta.dirname, "stub");
/** Compiled files go here, and not beside the sources. */
const cache = mkdtempSync(join(tmpdir(), "vram-train-"));
afterAll(() => rmSync(cache, { recursive: true, force: true }));

function python(args: readonly string[], cwd = stub) {
  const env = { ...process.env, PYTHONPATH: "", PYTHONPYCACHEPREFIX: cache };
  const { status, stdout, stderr } = spawnSync("python3", args, { cwd, env, encoding: "utf8" });
  return { status, stdout, stderr };
}

const runs = (...args: string[]) => python([launcher, "--config", "train.yml", ...args]);
const hasPython = python(["-c", "import sys; sys.exit(sys.version_info < (3, 8))"]).status === 0;

describe.skipIf(!hasPython)(
  "vram_train.py (skipped where there is no python3 from 3.8 on)",
  { timeout: 60_000 },
  () => {
    it("compiles", () => {
      expect(python(["-m", "py_compile", launcher])).toEqual({ status: 0, stdout: "", stderr: "" });
    });

    it("says what it would do and does not train, with --dry-run", () => {
      const { status, stdout } = runs(
        "--accumulate",
        "2",
        "--recompute",
        "backbone.first,backbone.second",
        "--dry-run",
      );
      expect(status).toBe(0);
      const lines = stdout.trimEnd().split("\n");
      expect(lines[0]).toBe(`vram_train: ${join(stub, "tools/train.py")} --config train.yml`);
      expect(lines.slice(1)).toEqual([
        "vram_train: 100 optimizer steps of 2 x 8 = 16 images",
        "vram_train: recompute backbone.first (Block, 1 batch norms)",
        "vram_train: recompute backbone.second (Block, 0 batch norms)",
      ]);
    });

    it("passes every other option on", () => {
      const { status, stdout } = runs("--iters", "7");
      expect(status).toBe(0);
      expect(stdout).toContain("7 optimizer steps of 1 x 8 = 8 images");
      expect(stdout).toContain("TRAINED");
    });

    it.each([
      [["--acumulate", "2"], "unrecognized arguments: --acumulate 2"],
      [["--accumulate", "0"], "a whole number from 1 on"],
      [["--recompute", "a,a"], "named twice"],
      [["--recompute", "backbone.frist"], "the model has no layer backbone.frist; near: backbone.first"],
      [["--recompute", "backbone,backbone.first"], "backbone.first lies inside backbone"],
      [["--recompute", "heads"], "heads is a LayerList and has no forward"],
      [["--accumulate", "2", "--to_static_training"], "do not go with to_static_training"],
      [["--paddleseg", "/no/such/folder"], "no tools/train.py of PaddleSeg in /no/such/folder"],
    ])("refuses %j", (args, words) => {
      const { status, stdout, stderr } = runs(...args);
      expect(status).toBe(2);
      expect(stderr).toContain(words);
      expect(stderr).not.toContain("Traceback");
      expect(stdout).not.toContain("TRAINED");
    });

    it("counts optimizer steps where PaddleSeg counts iterations, over epochs that end within a step", () => {
      const [size, start, iters, interval, epoch] = [3, 4, 8, 2, 5];
      const script = join(import.meta.dirname, "step_count.py");
      const { stdout, stderr } = python([script, launcher, ...[size, start, iters, interval, epoch].map(String)]);
      expect(stderr).toBe("");
      const { rows, steps, began, plain } = JSON.parse(stdout);
      const wanted = Array.from({ length: (iters - start) * size }, (_, i) => {
        const step = start + Math.floor(i / size) + 1;
        const isLast = i % size === size - 1;
        const epochNumber = Math.floor((start * size + i) / epoch) + 1;
        return [
          step,
          isLast && step % interval === 0,
          isLast && step === iters,
          epochNumber,
          iters - step,
          `iter_${step}`,
        ];
      });
      expect(rows).toEqual(wanted);
      expect([steps, began, plain]).toEqual([iters - start, 1, true]);
    });
  },
);
