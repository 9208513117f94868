/**
 * @file README.md holds true: every command in it is run, the output and the accuracy table are what the program gives today.
 * After a wanted change: `UPDATE_README=1 npx vitest run test/readme.test.ts`.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { PlanSettings, Report } from "../src/report/report.ts";
import { numberFormat, worstProcess } from "../src/report/words.ts";
import { formatBytes } from "../src/units.ts";
import { recipe, recipes, vramPlan } from "./cli/support.ts";
import { type Line, readLine, type State } from "./tools/lib/line.ts";

const root = join(import.meta.dirname, "..");
const file = join(root, "README.md");
const isUpdating = process.env.UPDATE_README === "1";
const readReadme = (): string => readFileSync(file, "utf8");

/** Lines of the ```sh blocks. */
function commands(): readonly string[] {
  const blocks = [...readReadme().matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text]) => text ?? "");
  return blocks.flatMap((text) => text.trim().split("\n"));
}

/** What stands after a marker, up to the next empty line or end of its block, and the text it should be. */
async function holds(pattern: RegExp, wanted: string): Promise<void> {
  const text = readReadme();
  const found = pattern.exec(text);
  expect(found, String(pattern)).not.toBeNull();
  const [all = "", before = "", now = "", after = ""] = found ?? [];
  if (isUpdating)
    writeFileSync(
      file,
      text.replace(all, () => `${before}${wanted}${after}`),
    );
  else expect(now, "UPDATE_README=1 npx vitest run test/readme.test.ts rewrites it").toBe(wanted);
}

describe("README.md", { timeout: 60_000 }, () => {
  it("shows what its first command prints at 80 columns", async () => {
    const args = ["presets/recipes/pp-liteseg-stdc2-cityscapes-b16.yml", "--gpu", "rtx4070"];
    const { code, out } = await vramPlan(args, { cwd: root, terminal: 80, env: { NO_COLOR: "1" } });
    expect(code).toBe(0);
    await holds(/(<!-- output: presets\S* --gpu rtx4070 -->\n```text\n)([\s\S]*?)(```)/, out);
  });

  it("has the accuracy that is kept in test/truth/line.json", async () => {
    await holds(/(<!-- accuracy -->\n)([\s\S]*?)(\nMeasured on)/, `\n${accuracyTable(readLine())}\n`);
  });

  it("shows the recommended recipe beside the plan that the search finds for the same card", async () => {
    const report = async (args: readonly string[]) =>
      JSON.parse((await vramPlan([...args, "--gpu", "rtx4070", "--json"])).out);
    const flags = ["--precision", "fp16", "--accumulation", "2", "--conv-workspace-limit", "256MiB"];
    const kept = await report(["pp-liteseg-rtx4070.yml", ...flags]);
    const found = await report([recipe]);
    await holds(/(<!-- side by side -->\n)([\s\S]*?)(\nBoth are checked)/, `\n${sideBySide(kept, found)}\n`);
  });

  it("has two commands that set up a fresh machine", () => {
    const setUp = commands().filter((line) => line.startsWith("npm ci"));
    expect(setUp).toHaveLength(2);
    expect(setUp[0]).toMatch(/^npm ci && npx vram-plan presets\/recipes\/\S+ --gpu \S+$/);
    expect(setUp[1]).toBe("npm ci && npm test");
    expect(existsSync(join(root, /presets\S+/.exec(setUp[0] ?? "")?.[0] ?? ""))).toBe(true);
  });

  it("names only npm scripts that exist", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const named = [...readReadme().matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name);
    expect(named.length).toBeGreaterThan(1);
    for (const name of [...named, "test"]) expect(scripts).toHaveProperty(name ?? "");
  });

  it("has commands that all run", async () => {
    const lines = commands().filter((line) => !line.startsWith("npm ci"));
    expect(lines.length).toBeGreaterThan(10);
    // Files that a command writes are there for the next one.
    const files: Record<string, string> = {
      "train.yml": readFileSync(join(recipes, recipe), "utf8"),
      "train.log": readFileSync(join(root, "test/fixtures/calibrate/train.log"), "utf8"),
    };
    for (const line of lines) {
      const [program, ...args] = line.split(" ");
      expect(program, line).toBe("vram-plan");
      const { code, out, err, written } = await vramPlan(args, { files });
      expect(code, `${line}\n${err}`).toBeLessThan(2);
      expect(out, line).not.toBe("");
      for (const [name, text] of written) files[name] = text;
      if (args[0] === "fitted.yml") expect(out).toContain("fits as it is");
    }
    expect(Object.keys(files).sort()).toEqual([
      "fitted.launch.sh",
      "fitted.yml",
      "lean_losses.py",
      "report.html",
      "report.svg",
      "report.trace.json",
      "train.log",
      "train.yml",
      "vram-plan.receipts.yaml",
      "vram.md",
      "vram_train.py",
    ]);
  });

  it("links to files that exist", () => {
    const links = [...readReadme().matchAll(/\]\((?!http)([^)#]+)\)/g)].map(([, link]) => link ?? "");
    for (const link of links) expect(existsSync(join(root, link)), link).toBe(true);
  });
});

/** Largest error of these figures in percent, over the states of some cases. */
function worst(states: readonly State[], figures: readonly string[]): string {
  const ppm = states.flatMap((state) =>
    typeof state === "string" ? [] : figures.map((name) => Math.abs(state.ppm[name] ?? 0)),
  );
  const percent = Math.max(0, ...ppm) / 1e4;
  return percent === 0 ? "none" : `${percent < 0.01 ? percent.toFixed(4) : percent.toFixed(2)} %`;
}

/** One row for the networks of the example, one for all that were measured. */
function accuracyTable(line: Line): string {
  const row = (title: string, names: RegExp): string => {
    const all = Object.entries(line).filter(([id]) => names.test(id));
    const run = all.map(([, state]) => state).filter((state) => state !== "refused");
    const exact = run.filter((state) => state === "exact").length;
    const allocated = worst(run, ["parameters", "training", "evaluation", "afterStep"]);
    const reserved = worst(run, ["reservedTraining", "reservedEvaluation"]);
    return `| ${title} | ${all.length} | ${all.length - run.length} | ${exact} | ${allocated} | ${reserved} |`;
  };
  return [
    "| networks | cases | refused by name | every figure exact to the byte | worst error, allocated | worst error, reserved |",
    "| --- | --: | --: | --: | --: | --: |",
    row("PP-LiteSeg, PP-HumanSeg-Lite", /pp_liteseg|pp_humanseg_lite/),
    row("all of PaddleSeg's configs", /./),
    "",
  ].join("\n");
}

interface Planned {
  plan: {
    settings: PlanSettings;
    changes: { knob: string }[];
    estimate: Pick<Report, "training" | "evaluation">;
    headroomBytes: number;
    time: { expected: number };
  };
}

/** One column a plan: what a step sees, and what the card has left. */
function sideBySide(...reports: readonly Planned[]): string {
  const plans = reports.map(({ plan }) => plan);
  const row = (title: string, cell: (plan: Planned["plan"]) => string): string =>
    `| ${title} | ${plans.map(cell).join(" | ")} |`;
  return [
    "| | recommended | found |",
    "| --- | --- | --- |",
    row("images of an optimizer step", ({ settings }) => String(settings.batchSize * settings.accumulation)),
    row("images that batch norm sees", ({ settings }) => String(settings.batchSize)),
    row("crop", ({ settings }) => settings.cropSize.join("x")),
    row("number format", ({ settings }) => numberFormat(settings)),
    row("changes for the card", ({ changes }) => changes.map(({ knob }) => knob).join(", ") || "none"),
    row("process, high end", ({ estimate }) => formatBytes(worstProcess(estimate).high)),
    row("spare", ({ headroomBytes }) => formatBytes(headroomBytes)),
    "",
  ].join("\n");
}
