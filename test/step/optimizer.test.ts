/** @file Optimizers alone: what the first step makes and what a step takes, against raw traces of Paddle 2.6.2. */
import { describe, expect, it } from "vitest";
import { backwardFrom } from "../../src/engine/backward.ts";
import { Engine, withEngine } from "../../src/engine/engine.ts";
import { accumulationNode } from "../../src/engine/tape.ts";
import { Args, ArgumentError, type Plain } from "../../src/nn/args.ts";
import { Parameter } from "../../src/nn/layer.ts";
import { NotModelled } from "../../src/nn/not-modelled.ts";
import type { DType } from "../../src/ops/types.ts";
import { Optimizer, readOptimizer } from "../../src/step/optimizer.ts";

type Arguments = Readonly<Record<string, Plain>>;

interface Made {
  readonly name: string;
  readonly size: number;
  readonly dtype?: DType;
  readonly options?: ConstructorParameters<typeof Parameter>[1];
}

const pair: readonly Made[] = [
  { name: "backbone.conv.weight", size: 1000 },
  { name: "head.bias", size: 10 },
];

/** Each event of `steps` steps as `op ±bytes`, exact; `k` marks what a kernel takes and frees inside itself. */
function run(type: string, args: Arguments, made: readonly Made[] = pair, steps = 1): string[] {
  const engine = new Engine();
  return withEngine(engine, () => {
    const parameters = made.map(({ name, size, dtype = "float32", options }) => {
      const p = new Parameter([size], { ...options, dtype });
      p.name = name;
      return p;
    });
    const optimizer = new Optimizer(readOptimizer(new Args(type, args)), parameters);
    for (const p of parameters) {
      if (!p.trainable) continue;
      const grad = engine.tensor(p.shape, p.dtype, "");
      backwardFrom(engine, [{ node: p.node ?? accumulationNode(p), slot: 0, grad }]);
    }
    for (let i = 1; i < steps; i++) optimizer.step();
    const { log } = engine;
    const start = log.length;
    optimizer.step();
    return log.sign.slice(start).map((sign, i) => {
      const storage = log.storage[start + i]!;
      const op = log.sites[log.site[start + i]!]!.op;
      return `${op} ${sign < 0 ? "-" : "+"}${log.bytes[storage]}${log.kernel[storage] ? "k" : ""}`.trim();
    });
  });
}

describe("states", () => {
  it.each<[string, Arguments, string[]]>([
    ["SGD", {}, ["full_ +4"]],
    ["SGD", { momentum: 0.9, weight_decay: 0.1 }, ["full_ +4", "full_ +4000", "full_ +40"]],
    ["AdamW", {}, ["full_ +4", "full_ +4000", "full_ +4000", "full_ +40", "full_ +40"]],
    ["Adam", {}, ["full_ +4", "full_ +4000", "full_ +4000", "full_ +40", "full_ +40"]],
  ])("%s %o", (type, args, events) => {
    expect(run(type, args)).toEqual(events);
    expect(run(type, args, pair, 2)).toEqual([]);
  });

  it("master weights come before a float16 parameter's states", () => {
    const half: Made[] = [
      { name: "a", size: 1000, dtype: "float16" },
      { name: "b", size: 10 },
    ];
    const first = run("Momentum", {}, half);
    expect(first).toEqual(["full_ +4", "cast +4000", "full_ +4000", "full_ +40"]);
    expect(run("SGD", {}, half, 2)).toEqual(["sgd_ +2", "sgd_ +2", "sgd_ -2", "sgd_ -2"]);
  });

  it("parameters that are not trained have none", () => {
    const frozen: Made[] = [...pair, { name: "c", size: 7, options: { trainable: false } }];
    expect(run("Momentum", {}, frozen)).toEqual(run("Momentum", {}));
  });
});

describe("a step", () => {
  it("regularised gradients live beside the raw ones until it ends, the last made freed first", () => {
    const l2 = ["scale +4000", "add_n +4000", "-4000", "scale +40", "add_n +40", "-40", "-40", "-4000"];
    expect(run("Adam", { weight_decay: 0.1 }, pair, 2)).toEqual(l2);
    expect(run("SGD", { weight_decay: 0.1 }, pair, 2)).toEqual(l2);
    expect(run("Momentum", { weight_decay: 0.1 }, pair, 2)).toEqual([]);
    expect(run("AdamW", { weight_decay: 0.1 }, pair, 2)).toEqual([]);
  });

  it("a parameter's own regularizer counts for every optimizer but Momentum", () => {
    const own: Made[] = [{ name: "bn.weight", size: 10, options: { regularized: true } }];
    expect(run("AdamW", {}, own, 2)).toEqual(["scale +40", "add_n +40", "-40", "-40"]);
    expect(run("Momentum", {}, own, 2)).toEqual([]);
  });

  it("a factor on the learning rate is one number at a time; groups set it for all their parameters", () => {
    const custom = [{ name: "backbone", lr_mult: 10 }];
    expect(run("AdamW", { custom_cfg: custom }, pair, 2)).toEqual(["scale +4", "-4"]);
    const own: Made[] = [{ name: "head.weight", size: 10, options: { learningRate: 2 } }];
    expect(run("AdamW", {}, own, 2)).toEqual(["scale +4", "-4"]);
    expect(run("AdamW", { custom_cfg: custom }, own, 2)).toEqual([]);
  });

  it("groups regularise one after the other", () => {
    const custom = [{ name: "backbone", weight_decay_mult: 0 }];
    const events = run("Adam", { weight_decay: 0.1, custom_cfg: custom }, pair, 2);
    // The first group's list dies when the second group's takes its name.
    expect(events).toEqual(["scale +4000", "add_n +4000", "-4000", "-4000", "scale +40", "add_n +40", "-40", "-40"]);
  });

  it("clipping by value and by norm make new gradients", () => {
    const clip = (name: string) => run("AdamW", { grad_clip_cfg: { name, max: 1 } }, pair, 2);
    expect(clip("ClipGradByValue")).toEqual(["clip +4000", "clip +40", "-40", "-4000"]);
    expect(clip("ClipGradByNorm").filter((event) => !event.endsWith("k"))).toEqual([
      "clip_by_norm +4000",
      "clip_by_norm +40",
      "-40",
      "-4000",
    ]);
  });

  it("clipping by the global norm frees its numbers, then what it made", () => {
    const events = run("AdamW", { grad_clip_cfg: { name: "ClipGradByGlobalNorm", clip_norm: 1 } }, pair, 2);
    const made = events.filter((event) => event.startsWith("multiply"));
    expect(made).toEqual(["multiply +4000", "multiply +40"]);
    const sum = events.map((event) => Number(/[+-]\d+/.exec(event)?.[0])).reduce((a, b) => a + b, 0);
    expect(sum).toBe(0);
    expect(events.slice(-2)).toEqual(["-40", "-4000"]);
  });

  it("clipped gradients go when the regularised ones are there", () => {
    const args = { weight_decay: 0.1, grad_clip_cfg: { name: "ClipGradByValue", max: 1 } };
    expect(run("SGD", args, pair, 2)).toEqual([
      ...["clip +4000", "clip +40", "scale +4000", "add_n +4000", "-4000", "scale +40", "add_n +40", "-40"],
      ...["-40", "-4000", "-40", "-4000"],
    ]);
  });

  it("a norm over many elements keeps Eigen's scratch pad", () => {
    const big: Made[] = [{ name: "w", size: 256 * 128 + 1 }];
    const clip = { grad_clip_cfg: { name: "ClipGradByNorm", clip_norm: 1 } };
    expect(run("AdamW", clip, big)).toContain("clip_by_norm +1028");
    expect(run("AdamW", clip, big, 2)).not.toContain("clip_by_norm +1028");
  });

  it("layer-wise decay scales the rate of blocks and embeddings", () => {
    const vit: Made[] = [
      { name: "backbone.blocks.0.norm.weight", size: 4 },
      { name: "backbone.pos_embed", size: 4 },
      { name: "head.weight", size: 4 },
    ];
    expect(run("AdamWDL_CAE", {}, vit, 2)).toEqual(["scale +4", "-4", "scale +4", "-4"]);
    expect(run("AdamWDL_CAE", { layerwise_decay: 1 }, vit, 2)).toEqual([]);
  });
});

describe("refused", () => {
  it.each<[string, Arguments]>([
    ["AdamWDL", {}],
    ["SGD", { custom_cfg: { name: "backbone" } }],
    ["SGD", { custom_cfg: [{ lr_mult: 10 }] }],
    ["SGD", { grad_clip_cfg: { name: "ClipByMagic" } }],
    ["Adam", { momentum: 0.9 }],
  ])("%s %o", (type, args) => {
    expect(() => readOptimizer(new Args(type, args))).toThrow(ArgumentError);
  });

  it("an optimizer that PaddleSeg does not have", () => {
    expect(() => readOptimizer(new Args("Lion", {}))).toThrow(NotModelled);
  });
});
