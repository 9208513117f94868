/** @file What must hold for every run: what a step leaves, the same input the same bytes, recompute and gradients. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { type EventLog, storageKinds } from "../../src/engine/events.ts";
import { estimateMemory } from "../../src/memory/estimate.ts";
import { findRuntime } from "../../src/presets.ts";
import { stepRuntime } from "../../src/step/runtime.ts";
import { defaultSettings, type Settings } from "../../src/step/settings.ts";
import { simulate } from "../../src/step/simulate.ts";

const runtime = stepRuntime(findRuntime());

const models = {
  PPLiteSeg: { type: "PPLiteSeg", backbone: { type: "STDC1" } },
  PPHumanSegLite: { type: "PPHumanSegLite" },
  BiSeNetV2: { type: "BiSeNetV2" },
} as const;
const losses: Readonly<Record<keyof typeof models, number>> = { PPLiteSeg: 3, PPHumanSegLite: 1, BiSeNetV2: 5 };

function run(model: keyof typeof models, settings: Partial<Settings>, optimizer = "SGD") {
  const text = JSON.stringify({
    batch_size: 2,
    iters: 10,
    train_dataset: {
      type: "Dataset",
      num_classes: 4,
      transforms: [{ type: "RandomPaddingCrop", crop_size: [96, 64] }],
    },
    val_dataset: { type: "Dataset", num_classes: 4, transforms: [{ type: "Normalize" }] },
    optimizer: optimizer === "SGD" ? { type: "SGD", momentum: 0.9 } : { type: optimizer },
    lr_scheduler: { type: "PolynomialDecay", learning_rate: 0.01 },
    loss: { types: [{ type: "OhemCrossEntropyLoss", min_kept: 100 }], coef: new Array(losses[model]).fill(1) },
    model: models[model],
  });
  const config = loadConfig("test.yml", { readText: () => text });
  return simulate(config, { ...defaultSettings, prefetch: 0, ...settings }, runtime);
}

/** Bytes alive at a mark, by kind. */
function aliveAt(log: EventLog, at: number): Map<string, { bytes: number; sites: Set<string> }> {
  const alive = new Map<number, number>();
  for (let i = 0; i < at; i++) {
    if (log.sign[i]! > 0) alive.set(log.storage[i]!, i);
    else alive.delete(log.storage[i]!);
  }
  const kinds = new Map<string, { bytes: number; sites: Set<string> }>();
  for (const [id, event] of alive) {
    const kind = storageKinds[log.kind[id]!]!;
    const entry = kinds.get(kind) ?? { bytes: 0, sites: new Set() };
    const site = log.sites[log.site[event]!]!;
    entry.bytes += log.bytes[id]!;
    entry.sites.add(`${site.layer}:${site.op}`);
    kinds.set(kind, entry);
  }
  return kinds;
}

const settings = fc.record({
  batchSize: fc.integer({ min: 1, max: 3 }),
  cropSize: fc.record({
    width: fc.integer({ min: 2, max: 5 }).map((n) => n * 32),
    height: fc.constantFrom(64, 96, 128),
  }),
  precision: fc.constantFrom("fp32" as const, "fp16" as const),
  ampLevel: fc.constantFrom("O1" as const, "O2" as const),
});
const anyModel = fc.constantFrom(...(Object.keys(models) as (keyof typeof models)[]));

describe("a step", () => {
  test("leaves parameters, buffers, gradients, optimizer state and what the loop still names, nothing else", () => {
    fc.assert(
      fc.property(anyModel, settings, (model, given) => {
        const { log, parameters } = run(model, given);
        const kinds = aliveAt(log, log.at("step", 3));
        const width = given.precision === "fp16" && given.ampLevel === "O2" ? 2 : 4;
        expect(kinds.get("gradient")!.bytes).toBeLessThanOrEqual(parameters.trainableCount * 4);
        expect(kinds.get("parameter")!.bytes).toBeGreaterThanOrEqual(parameters.trainableCount * width);
        const pixels = given.batchSize * given.cropSize.width * given.cropSize.height;
        expect(kinds.get("input")!.bytes).toBe(pixels * (3 * 4 + 1));
        // `labels`, the losses and their sum, GradScaler's scalars; the logits of `logits_list`.
        const scalars = 4 * 30;
        expect(kinds.get("temporary")!.bytes).toBeLessThanOrEqual(pixels * 8 + scalars);
        const logits = losses[model] * pixels * 4 * 4;
        expect(kinds.get("activation")?.bytes ?? 0).toBeLessThanOrEqual(logits + scalars);
      }),
      { numRuns: 12 },
    );
  });

  test("the third iteration leaves what the second left", () => {
    for (const model of Object.keys(models) as (keyof typeof models)[]) {
      const { log } = run(model, {});
      const bytes = (step: number) =>
        [...aliveAt(log, log.at("step", step)).values()].reduce((sum, kind) => sum + kind.bytes, 0);
      expect(bytes(3)).toBe(bytes(2));
    }
  });
});

describe("a run", () => {
  test("gives the same events for the same input", () => {
    const [a, b] = [run("PPLiteSeg", { precision: "fp16" }), run("PPLiteSeg", { precision: "fp16" })];
    expect(b.log.storage).toEqual(a.log.storage);
    expect(b.log.bytes).toEqual(a.log.bytes);
    expect(b.log.site).toEqual(a.log.site);
  });

  test("by kind, the bytes at the peak sum up to it, and allocated ≤ reserved ≤ process", () => {
    fc.assert(
      fc.property(anyModel, settings, (model, given) => {
        const doEval = { doEval: true, evaluation: { size: { width: 160, height: 96 } } };
        const { training, evaluation } = estimateMemory(run(model, { ...given, ...doEval }).log);
        for (const part of [training, evaluation!]) {
          expect(Object.values(part.byKind).reduce((a, b) => a + b, 0)).toBe(part.allocated.lowBytes);
          for (const level of ["lowBytes", "expectedBytes", "highBytes"] as const) {
            expect(part.allocated[level]).toBeLessThanOrEqual(part.reserved[level]);
            expect(part.reserved[level]).toBeLessThanOrEqual(part.process[level]);
          }
        }
      }),
      { numRuns: 12 },
    );
  });

  test("more images never lower the allocated peak", () => {
    for (const model of Object.keys(models) as (keyof typeof models)[]) {
      const peaks = [1, 2, 3, 4].map(
        (batchSize) => estimateMemory(run(model, { batchSize }).log).training.allocated.lowBytes,
      );
      expect(peaks).toEqual(peaks.toSorted((a, b) => a - b));
    }
  });
});

describe("recompute", () => {
  const blocks = ["backbone.features.2", "backbone.features.3", "ppseg_head.arm_list.0", "seg_heads.1"];

  test("never changes the gradients that a step leaves", () => {
    const plain = aliveAt(run("PPLiteSeg", {}).log, run("PPLiteSeg", {}).log.at("step", 3)).get("gradient")!.bytes;
    fc.assert(
      fc.property(fc.subarray(blocks), (recompute) => {
        const { log } = run("PPLiteSeg", { recompute });
        expect(aliveAt(log, log.at("step", 3)).get("gradient")!.bytes).toBe(plain);
      }),
      { numRuns: 8 },
    );
  });

  test("a block that gets the image alone leaves its parameters without gradients, as in Paddle", () => {
    const { log } = run("PPLiteSeg", { recompute: ["backbone.features.0"] });
    const plain = run("PPLiteSeg", {}).log;
    const gradients = (of: EventLog) => aliveAt(of, of.at("step", 3)).get("gradient")!.bytes;
    // 32 filters of 3×3×3 and the scale and bias of 32 channels.
    expect(gradients(plain) - gradients(log)).toBe((32 * 27 + 64) * 4);
  });
});
