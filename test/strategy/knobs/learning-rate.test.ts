/** @file The linear rule: where a step sees fewer images the rate follows, and where it sees as many it stays. */
import { describe, expect, test } from "vitest";
import { editConfig } from "../../../src/config/edit.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { leanMeans } from "../../../src/step/settings.ts";
import { harmOf, meansAtNoCost } from "../../../src/strategy/harm.ts";
import { planOf, startOf } from "../../../src/strategy/plan.ts";
import { search } from "../../../src/strategy/search.ts";
import { Space } from "../../../src/strategy/space.ts";
import { contextOf } from "../support.ts";

const lite = { type: "FCN", backbone: { type: "HRNet_W18" }, backbone_indices: [-1] };
const others = ["recompute", "precision", "crop", "lean", "evaluation", "conv-workspace"];

function planned(keep: readonly string[]) {
  const probe = new Space(contextOf(lite, 0));
  const start = startOf(probe.context);
  const need = (microBatch: number, accumulation: number) =>
    probe.run({ ...start, microBatch, accumulation }).memory.training.process.highBytes;
  const runs = new Space(contextOf(lite, Math.max(need(2, 2), need(2, 1))));
  const found = search(runs, start, { keep: new Set(keep) }, { ...runs.context, card: undefined });
  expect(found.feasible).toBe(true);
  return { start, plan: planOf(runs, start, found), best: found.best.point };
}

describe("learning rate", { timeout: 60_000 }, () => {
  test("stays where accumulation keeps the images of a step", () => {
    const { start, plan, best } = planned(others);
    expect([best.microBatch, best.accumulation]).toEqual([2, 2]);
    expect(harmOf(start, best, false)).toBe(2);
    expect(plan.changes.map(({ knob }) => knob)).toEqual(["micro-batch"]);
    expect(plan.edits).toEqual([{ path: ["batch_size"], value: 2 }]);
  });

  test("halves with the images where accumulation is not wanted", () => {
    const { start, plan, best } = planned([...others, "accumulation"]);
    expect([best.microBatch, best.accumulation]).toEqual([2, 1]);
    expect(harmOf(start, best, false)).toBe(4);
    const [batch, rate] = plan.changes;
    expect(batch).toMatchObject({ knob: "micro-batch", to: "2", harm: 4 });
    expect(batch!.via).toMatchObject([{ kind: "yaml", key: "batch_size" }]);
    expect(rate).toMatchObject({ knob: "learning-rate", from: "0.01", to: "0.005", harm: 4, savedBytes: 0 });
    expect(rate!.cost).toContain("linear rule");
    expect(plan.launch).not.toContain("--accumulate");
    const text = JSON.stringify({
      batch_size: 4,
      iters: 10,
      model: lite,
      train_dataset: { type: "Dataset", num_classes: 5, transforms: [{ type: "Normalize" }] },
      optimizer: { type: "SGD" },
      lr_scheduler: { type: "PolynomialDecay", learning_rate: 0.01 },
      loss: { types: [{ type: "CrossEntropyLoss" }], coef: [1] },
    });
    const edited = editConfig({ file: "test.yml" }, text, plan.edits, { readText: () => text });
    const read = loadConfig("test.yml", { readText: () => edited });
    expect([read.batchSize, read.learningRate?.args.learning_rate]).toEqual([2, 0.005]);
  });
});

test("lean training is of class 1, alone and beside nothing else, but for its heads, which take time", () => {
  const start = startOf(contextOf(lite, 0));
  expect(harmOf(start, { ...start, lean: meansAtNoCost }, true)).toBe(1);
  expect(harmOf(start, { ...start, lean: leanMeans }, true)).toBe(2);
  expect(harmOf(start, { ...start, lean: ["losses"] }, true)).toBe(1);
  expect(harmOf(start, { ...start, lean: meansAtNoCost, recompute: ["head"] }, true)).toBe(2);
});
