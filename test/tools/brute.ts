/**
 * @file Plans against brute force: `node dist/tools/brute.js [--only TEXT] [--cards 4,6,8] [--sets 2] [--out FILE] [--part 0/2]`. For each distinct
 * config of PP-LiteSeg, BiSeNetV2, STDCSeg, DeepLabV3P, OCRNet and SegFormer and each card: the plan is feasible where the grid has a feasible
 * point, of no later rank, and runs no more operations again at the same crop, micro-batch and precision. Done lines of FILE are not done again.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { findDataset, findRuntime } from "../../src/presets.ts";
import { prepareRun } from "../../src/run-settings.ts";
import { stepRuntime } from "../../src/step/runtime.ts";
import type { Simulation } from "../../src/step/simulate.ts";
import { startOf } from "../../src/strategy/plan.ts";
import { search } from "../../src/strategy/search.ts";
import { Space } from "../../src/strategy/space.ts";
import { GiB } from "../../src/units.ts";
import { Grid } from "./lib/brute.ts";
import { readPackedCases, readPackedConfigs } from "./lib/packed.ts";
import { configFromResolved } from "./program.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    cards: { type: "string", default: "24,16,12,8,6,4" },
    sets: { type: "string", default: "2" },
    out: { type: "string" },
    part: { type: "string", default: "0/1" },
  },
});
const families = ["PPLiteSeg", "BiSeNetV2", "STDCSeg", "DeepLabV3P", "OCRNet", "SegFormer"];
const runtime = findRuntime();
const step = stepRuntime(runtime);
const configs = readPackedConfigs();
const { out } = values;
const done = new Set<string>();
if (out !== undefined && existsSync(out)) {
  for (const line of readFileSync(out, "utf8").split("\n")) done.add(line.split("\t").slice(0, 2).join("\t"));
}

/** Configs that differ in a way that a plan can see, by the first of their names. */
function distinct(): Map<string, string> {
  const found = new Map<string, string>();
  for (const { id, resolved: key } of readPackedCases()) {
    const resolved = configs.get(key)!;
    const model = resolved.model as { readonly type?: string };
    if (!families.includes(model.type ?? "") || !id.includes(values.only)) continue;
    const { iters: _, ...seen } = resolved;
    const text = JSON.stringify(seen);
    if (!found.has(text)) found.set(text, `${id}\t${key}`);
  }
  return found;
}

const [part = 0, parts = 1] = values.part.split("/").map(Number);
const counts: Record<string, number> = {};
for (const [i, line] of [...distinct().values()].entries()) {
  if (i % parts !== part) continue;
  const [id, key] = line.split("\t") as [string, string];
  const cards = values.cards.split(",").filter((card) => !done.has(`${id}\t${card}`));
  if (cards.length === 0) continue;
  const { config, settings } = prepareRun(configFromResolved(configs.get(key)!), {}, findDataset);
  const context = { config, settings, memory: runtime, step };
  const grid = new Grid(context, Number(values.sets));
  const memo = new Map<string, Simulation>();
  for (const card of cards) {
    const budget = { name: card, totalBytes: Number(card) * GiB, usableBytes: Number(card) * GiB };
    const runs = new Space({ ...context, gpu: undefined, budget, memo });
    const start = startOf(context);
    const found = search(runs, start, {}, { ...context, card: undefined });
    const { point } = found.best;
    const asItIs = point.lean === start.lean && found.time(point).expected === 1 && point.recompute.length === 0;
    const rank = found.feasible ? grid.rankOf(point) : grid.order.length - 1;
    const brute = grid.best(budget.usableBytes, rank);
    const cost = grid.costOf(point);
    const verdict = !found.feasible
      ? brute === undefined
        ? "none"
        : "MISSED"
      : brute === undefined
        ? "better"
        : brute.rank >= 0 && brute.rank < rank
          ? "LATER"
          : brute.rank === rank && cost > brute.cost + 1e-9
            ? "SLOWER"
            : brute.rank === rank && cost < brute.cost - 1e-9
              ? "better"
              : brute.rank < 0 && !asItIs
                ? "LATER"
                : "equal";
    counts[verdict] = (counts[verdict] ?? 0) + 1;
    const shown = verdict === verdict.toUpperCase() ? JSON.stringify({ plan: point, brute }) : "";
    const row = [id, card, verdict, rank, cost.toFixed(4), brute?.cost.toFixed(4) ?? "-", grid.simulated, shown];
    console.log(row.join("\t"));
    if (out !== undefined) appendFileSync(out, `${row.join("\t")}\n`);
  }
}
console.log(JSON.stringify(counts));
