/**
 * @file What the command line prints, in files named by the command line itself. After a wanted change:
 * `npx vitest run test/golden --update`, and read the difference.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { recipe, vramPlan } from "../cli/support.ts";

/** Columns, then the arguments; run in presets/recipes. */
const commands: readonly (readonly [number, string])[] = [
  [80, "--help"],
  [80, "estimate --help"],
  [80, `${recipe} --gpu rtx4070`],
  [120, `${recipe} --gpu rtx4070`],
  [80, `${recipe} --gpu a100-80gb`],
  [80, `${recipe} --gpu 1GiB`],
  [80, `estimate ${recipe} --gpu rtx4070 --precision fp16`],
  [80, `estimate ${recipe} --gpu rtx3090 --gpus 4 --depth 0`],
  [80, `estimate ${recipe} --batch-size 2 --depth 1 --no-do-eval`],
  [80, `check ${recipe} --gpu rtx4070`],
  [120, `check . --gpu rtx4070 --gpu 12GiB`],
  [80, `check . --gpu rtx4070 --format markdown`],
  [80, `check . --gpu rtx4070 --format csv`],
  [100, `diff ${recipe} pp-liteseg-rtx4070.yml`],
  [80, "check --help"],
  [80, "schema"],
  [80, `max ${recipe} --gpu rtx4070`],
  [80, `gpus ${recipe}`],
  [80, `explain ${recipe} --layer backbone.features.2`],
  [80, `curve ${recipe} --gpu rtx4070`],
  [80, `${recipe} --gpu rtx4070 --alternatives 3`],
  [80, "pp-liteseg-rtx4070.yml --gpu rtx4070 --precision fp16 --accumulation 2 --conv-workspace-limit 256MiB"],
  [80, `estimate ${recipe} --gpu rtx4070 --depth 0 --top 1 --chart`],
  [80, `estimate ${recipe} --gpu rtx4070 --format svg --lang en`],
  [80, "calibrate train.log"],
  [80, "calibrate leak.log"],
  [80, "calibrate out-of-memory.log"],
  [80, "list knobs"],
  [80, "estimate nosuch.yml"],
  [80, `${recipe} --gpu rtx4070 --alternatives 3 --lang zh-CN`],
  [80, `${recipe} --gpu 1GiB --lang zh-CN`],
  [80, `estimate ${recipe} --gpu rtx4070 --depth 1 --chart --lang zh-CN`],
  [80, `max ${recipe} --gpu rtx4070 --lang zh-CN`],
  [80, `gpus ${recipe} --lang zh-CN`],
  [80, `explain ${recipe} --layer backbone.features.2 --lang zh-CN`],
  [80, `curve ${recipe} --gpu rtx4070 --lang zh-CN`],
  [80, "list knobs --lang zh-CN"],
  [80, "estimate nosuch.yml --lang zh-CN"],
  [80, "--help --lang zh-CN"],
  [80, "calibrate train.log --lang zh-CN"],
  [80, "calibrate leak.log --lang zh-CN"],
  [80, "calibrate out-of-memory.log --lang zh-CN"],
  [80, "check --help --lang zh-CN"],
  [120, `check . --gpu rtx4070 --gpu 12GiB --lang zh-CN`],
  [80, `check . --gpu rtx4070 --format markdown --lang zh-CN`],
  [100, `diff ${recipe} pp-liteseg-rtx4070.yml --lang zh-CN`],
];

const nameOf = (columns: number, line: string): string => `vram-plan ${line} (${columns} columns).txt`;
const files = join(import.meta.dirname, "files");

/** Logs that lie in the working folder: the fixture as it is, with memory that grows, and one that ended. */
const train = readFileSync(join(import.meta.dirname, "../fixtures/calibrate/train.log"), "utf8");
const growing = [1, 2, 3, 4, 5, 6, 7, 8].map(
  (i) =>
    `[TRAIN] epoch: 1, iter: ${100 * i}/900, max_mem_reserved: ${12310 + 40 * i} MB, max_mem_allocated: ${11847 + 40 * i} MB\n`,
);
const failed =
  "Out of memory error on GPU 0. Cannot allocate 608.000000MB memory on GPU 0, 7.441406GB memory has been allocated and available memory is only 184.000000MB.\n";
const logs = { "train.log": train, "leak.log": train + growing.join(""), "out-of-memory.log": train + failed };

/** Bytes of every `3.50 GiB` in a line. */
function sizes(line: string): readonly number[] {
  const units: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };
  return [...line.matchAll(/(\d[\d.]*) (B|KiB|MiB|GiB)\b/g)].map(([, value, unit]) => Number(value) * units[unit!]!);
}

// A plan is a search; on a busy machine it takes longer than the usual five seconds.
describe("golden", { timeout: 60_000 }, () => {
  it.each(commands)("%d columns: vram-plan %s", async (terminal, line) => {
    const { code, out, err } = await vramPlan(line.split(" "), { terminal, env: { NO_COLOR: "1" }, files: logs });
    expect(err, "a bug is not to be kept as a golden").not.toContain("bug in vram-plan");
    const text = `${out}${err === "" ? "" : `--- stderr\n${err}`}--- exit ${code}\n`;
    await expect(text).toMatchFileSnapshot(join(files, nameOf(terminal, line)));
  });

  it("has a file for each command line and no other", () => {
    const expected = commands.map(([columns, line]) => nameOf(columns, line));
    expect(readdirSync(files).sort()).toEqual([...expected].sort());
  });
});

describe("what is shown adds up", () => {
  it("kinds to the peak, levels in their order, verdict to the card", async () => {
    const { out } = await vramPlan(["estimate", recipe, "--gpu", "rtx4070"], { terminal: 120, env: { NO_COLOR: "1" } });
    const lines = out.split("\n");
    const [training] = lines.filter((line) => /^ {2}training {2}/.test(line));
    const [allocated = 0, reserved = 0, process = 0, high = 0] = sizes(training ?? "");
    expect(allocated).toBeLessThanOrEqual(reserved);
    expect(reserved).toBeLessThan(process);
    expect(process).toBeLessThanOrEqual(high);
    const from = lines.findIndex((line) => line.includes("alive at training peak"));
    const kinds = lines.slice(from + 1).filter((line) => /^ {2}[a-z ]+ {2,}\d[\d.]* [KMG]?i?B +<?\d+ %/.test(line));
    expect(kinds.length).toBeGreaterThan(4);
    const sum = kinds.reduce((total, line) => total + (sizes(line)[0] ?? 0), 0);
    expect(Math.abs(sum - allocated) / allocated).toBeLessThan(0.005); // three digits are shown
    const verdict = lines.find((line) => line.includes("usable   "));
    const [needed = 0, usable = 0, margin = 0] = sizes(verdict ?? "");
    expect(Math.abs(needed - usable - margin)).toBeLessThan(0.1 * 2 ** 30);
  });
});
