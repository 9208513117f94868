/** @file Damage to all that is read beside a config: budget file, baseline, receipts, `--opts`, the other flags of a run. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../tools/lib/cases.ts";
import { type Case, type Result, runCase } from "./case.ts";
import { damage, nasty } from "./mutate.ts";
import { chance } from "./random.ts";

const config = readFileSync(join(projectRoot(), "presets/recipes/pp-liteseg-stdc2-cityscapes-b16.yml"), "utf8");

const budget = `gpu: [rtx4070, 12GiB]
max-increase: 5%
headroom: 500MiB
checks: { tight: off, increase: error, does-not-fit: warn }
ignore: 'old/**'
budgets:
  - configs: ['*.yml', 'a/**/b.yml']
    memory: 11.5GiB
    checks: { tight: error }
`;

const baseline = JSON.stringify(
  { version: 1, findings: [{ code: "does-not-fit", config: "c.yml", gpu: "GeForce RTX 4070", key: null }] },
  undefined,
  2,
);

const level = "{ low: 1000, expected: 2000, high: 3000, measured: 1500 }";
const receipts = `# measured
version: 1
receipts:
  - config: c.yml
    run: batch 16
    gpu: rtx4070
    paddle: 2.6.2
    cudnn: "8.9"
    training: { allocated: ${level}, reserved: ${level} }
    evaluation: { reserved: ${level} }
`;

/** Files that a case may find beside its config. */
export const jobFiles: Readonly<Record<string, string>> = { "budget.yaml": budget, "baseline.json": baseline };

/** The case of a seed. */
export function makeJob(seed: number): Case {
  const luck = chance(seed);
  const spoilt = (text: string): string => damage(text, luck).text;
  const files: Record<string, string> = { "c.yml": config };
  const { kind, args } = luck.pick<() => { kind: string; args: readonly string[] }>([
    () => {
      files["budget.yaml"] = spoilt(budget);
      return { kind: "budget", args: ["check", "c.yml", "--budget", "budget.yaml"] };
    },
    () => {
      files["baseline.json"] = spoilt(baseline);
      return {
        kind: "baseline",
        args: ["check", "c.yml", "--gpu", "rtx4070", "--no-budget", "--baseline", "baseline.json"],
      };
    },
    () => {
      files["vram-plan.receipts.yaml"] = spoilt(receipts);
      return { kind: "receipts", args: ["estimate", "c.yml", "--gpu", "rtx4070"] };
    },
    () => {
      const key = luck.pick(
        "batch_size model.type model.backbone.type loss.types.0.type loss.coef optimizer.momentum model x.y model.0 loss.types.9.a a..b . train_dataset.transforms.1.crop_size".split(
          " ",
        ),
      );
      const value = luck.pick([
        ...nasty,
        "(1,2)",
        "True",
        "[1,",
        "{'a': 1}",
        "1=2",
        "'\\x00'",
        "((((",
        `${"[".repeat(500)}`,
        "lambda: 0",
      ]);
      return { kind: `--opts ${key}`, args: ["estimate", "c.yml", "--opts", `${key}=${value}`] };
    },
    () => {
      const flag = luck.pick(
        "--batch-size --crop-size --eval-size --accumulation --prefetch --recompute --lean --conv-workspace-limit --gpu --runtime --gpu-free --depth --top --format".split(
          " ",
        ),
      );
      return { kind: flag, args: ["estimate", "c.yml", flag, luck.pick(nasty)] };
    },
    () => {
      files["report.json"] = spoilt(
        JSON.stringify({ version: 1, config: "c.yml", training: { allocated: { low: 1 } } }),
      );
      return { kind: "diff", args: ["diff", "c.yml", "report.json"] };
    },
  ])();
  return { args, files, stdin: undefined, told: kind };
}

/** Runs it. */
export async function runJob(job: Case): Promise<Result> {
  return runCase(job);
}
