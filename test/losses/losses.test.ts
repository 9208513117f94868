/** @file Each loss alone: its peak and what it keeps for backward, against raw traces of Paddle 2.6.2 (logits [2, C, 128, 256]). */
import { describe, expect, it } from "vitest";
import { backward, gradientOf } from "../../src/engine/backward.ts";
import { Engine, withEngine } from "../../src/engine/engine.ts";
import { PyList } from "../../src/engine/references.ts";
import { Tensor } from "../../src/engine/tensor.ts";
import { buildLoss, losses } from "../../src/losses/index.ts";
import { Args, ArgumentError, type Plain } from "../../src/nn/args.ts";
import { NotModelled } from "../../src/nn/not-modelled.ts";
import * as t from "../../src/nn/tensor.ts";

type Arguments = Readonly<Record<string, Plain>>;

const [images, height, width] = [2, 128, 256];
/** Paddle's allocator gives blocks of 256 bytes. */
const rounded = (bytes: number) => Math.ceil(bytes / 256) * 256;

/** Live bytes after each event from `start` on, counted from there. */
function levels({ log }: Engine, start: number): number[] {
  let live = 0;
  const out = [0];
  for (let i = start; i < log.length; i++) {
    live += log.sign[i]! * rounded(log.bytes[log.storage[i]!]!);
    out.push(live);
  }
  return out;
}

/** Runs a loss on fresh logits of `classes` channels and, unless told not to, backward. */
function measure(type: string, args: Arguments, classes: number) {
  const engine = new Engine();
  return withEngine(engine, () => {
    const logits = t.full([images, classes, height, width]);
    logits.stopGradient = false;
    logits.references++;
    const labels = t.full([images, height, width], "int64");
    labels.references++;
    const loss = buildLoss(new Args(type, args));
    const leave = engine.enter("loss", "loss");
    const start = engine.log.length;
    const result = loss.call(logits, labels);
    const during = levels(engine, start);
    leave();
    return { engine, loss, logits, result, start, peak: Math.max(...during), kept: during.at(-1) };
  });
}

describe("peak and kept bytes", () => {
  it.each<[string, Arguments, number, number, number]>([
    ["LovaszSoftmaxLoss", {}, 3, 7_865_088, 4_456_704],
    ["DiceLoss", {}, 3, 3_148_544, 1_837_568],
    ["LovaszHingeLoss", {}, 2, 6_816_000, 3_408_128],
    ["LovaszHingeLoss", {}, 1, 4_980_992, 1_835_264],
    ["BCELoss", {}, 3, 4_980_992, 1_049_344],
    ["BCELoss", {}, 1, 1_835_264, 525_056],
    ["BCELoss", { weight: "dynamic", pos_weight: "dynamic" }, 3, 6_948_608, 2_622_208],
    ["RMILoss", { num_classes: 3 }, 3, 9_903_616, 7_897_344],
    ["BootstrappedCrossEntropyLoss", { min_K: 4096, loss_th: 0.3 }, 3, 2_359_552, 1_835_264],
    ["MultiClassFocalLoss", {}, 3, 3_211_264, 2_622_208],
    ["FocalLoss", {}, 2, 6_029_824, 4_457_216],
    ["DualTaskLoss", {}, 3, 13_300_224, 9_302_528],
    ["RelaxBoundaryLoss", {}, 3, 9_569_280, 5_506_816],
    ["SemanticConnectivityLoss", {}, 3, 1_312_512, 768],
    ["CrossEntropyLoss", { weight: [1, 2, 3] }, 3, 4_194_304, 1_835_776],
    ["CrossEntropyLoss", { top_k_percent_pixels: 0.2 }, 3, 3_146_240, 1_940_736],
    ["OhemCrossEntropyLoss", { weight: [1, 2, 3], min_kept: 5000 }, 3, 6_291_712, 1_835_776],
  ])("%s %o of %i classes: %i, %i", (type, args, classes, peak, kept) => {
    const found = measure(type, args, classes);
    expect([found.peak, found.kept]).toEqual([peak, kept]);
  });
});

describe("backward", () => {
  it.each<[string, Arguments, number]>([
    ["LovaszSoftmaxLoss", {}, 3],
    ["DiceLoss", {}, 3],
    ["LovaszHingeLoss", {}, 2],
    ["BCELoss", { weight: "dynamic", pos_weight: "dynamic" }, 3],
    ["RMILoss", { num_classes: 3 }, 3],
    ["FocalLoss", {}, 2],
    ["DualTaskLoss", {}, 3],
    ["RelaxBoundaryLoss", {}, 3],
  ])("%s leaves the logits' gradient and nothing else", (type, args, classes) => {
    const { engine, logits, result, start } = measure(type, args, classes);
    withEngine(engine, () => {
      if (!(result instanceof Tensor)) throw new TypeError("a scalar");
      backward(result);
      engine.end(result, "");
    });
    expect(gradientOf(logits)?.shape).toEqual(logits.shape);
    expect(levels(engine, start).at(-1)).toBe(4 * images * classes * height * width);
  });
});

describe("MixedLoss", () => {
  const mixed: Arguments = { losses: [{ type: "CrossEntropyLoss" }, { type: "DiceLoss" }], coef: [0.8, 0.2] };

  it("hands back one scalar for each of its losses, which keep their own names", () => {
    const { loss, result } = measure("MixedLoss", mixed, 3);
    expect(result).toBeInstanceOf(PyList);
    expect(result instanceof PyList && [...result].map((x) => x.shape)).toEqual([[], []]);
    expect([...loss.children()].map(([, child]) => child.name)).toEqual(["loss:CrossEntropyLoss", "loss:DiceLoss"]);
  });

  it("keeps what both of its losses keep, and a scalar for each", () => {
    const alone = ["CrossEntropyLoss", "DiceLoss"].map((type) => measure(type, {}, 3).kept ?? 0);
    const { kept } = measure("MixedLoss", mixed, 3);
    // The plain scalars of both losses die once they are scaled, but for those that backward takes (CrossEntropyLoss's quotient).
    expect(kept).toBe(alone[0]! + alone[1]! + 256);
  });

  it("needs as many factors as losses", () => {
    expect(() => measure("MixedLoss", { ...mixed, coef: [1] }, 3)).toThrow(ArgumentError);
  });
});

describe("arguments", () => {
  it("BCELoss asks for edges where the config says so", () => {
    expect(measure("BCELoss", { edge_label: true }, 3).loss.usesEdges).toBe(true);
    expect(measure("BCELoss", {}, 3).loss.usesEdges).toBe(false);
  });

  it.each<[string, Arguments]>([
    ["BCELoss", { weight: "static" }],
    ["BCELoss", { pos_weight: true }],
    ["DiceLoss", { weight: [1] }],
    ["RMILoss", { rmi_pool_way: 3 }],
    ["RMILoss", { rmi_pool_stride: 2 }],
    ["RelaxBoundaryLoss", { calculate_weights: true }],
    ["BootstrappedCrossEntropyLoss", {}],
    ["LovaszSoftmaxLoss", { classes: "some" }],
    ["LovaszHingeLoss", { margin: 1 }],
    ["MSELoss", {}],
    ["L1Loss", {}],
  ])("%s refuses %o", (type, args) => {
    expect(() => measure(type, args, 3)).toThrow(ArgumentError);
  });

  it("what is not modelled is refused by name", () => {
    expect(() => measure("NoSuchLoss", {}, 3)).toThrow(NotModelled);
    expect(Object.keys(losses)).toContain("KLLoss");
  });

  it("worst cases that a run may not reach are said", () => {
    const { engine } = measure("BootstrappedCrossEntropyLoss", { min_K: 10, loss_th: 0.3 }, 3);
    expect([...engine.assumptions.keys()]).toEqual([
      "BootstrappedCrossEntropyLoss: every pixel's loss is above loss_th",
    ]);
  });
});
