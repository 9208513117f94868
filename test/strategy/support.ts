/** @file Runs for the tests of the search: small crops of real networks, and small networks made at random. */
import { loadConfig } from "../../src/config/load.ts";
import type { ConfigMap } from "../../src/config/types.ts";
import { Engine, withEngine } from "../../src/engine/engine.ts";
import type { Tensor } from "../../src/engine/tensor.ts";
import { buildLoss } from "../../src/losses/index.ts";
import { contextBytes } from "../../src/memory/context.ts";
import { defaultMemoryRuntime, estimateMemory, verdict } from "../../src/memory/estimate.ts";
import { replay } from "../../src/memory/replay.ts";
import { Args } from "../../src/nn/args.ts";
import * as F from "../../src/nn/functional.ts";
import { Layer, nameLayers, parameters, sublayers } from "../../src/nn/layer.ts";
import { BatchNorm2D, Conv2D } from "../../src/nn/layers.ts";
import { findRuntime } from "../../src/presets.ts";
import type { GpuBudget } from "../../src/report/report.ts";
import { Optimizer } from "../../src/step/optimizer.ts";
import { stepRuntime } from "../../src/step/runtime.ts";
import { defaultSettings } from "../../src/step/settings.ts";
import type { Simulation } from "../../src/step/simulate.ts";
import { train } from "../../src/step/train.ts";
import { blockOf, boundingMoments, chooseBlocks } from "../../src/strategy/blocks.ts";
import { loadOf } from "../../src/strategy/cost.ts";
import type { Point } from "../../src/strategy/point.ts";
import type { Candidate, Outline, Runs, SearchContext } from "../../src/strategy/space.ts";

const runtime = findRuntime();

/** Bytes as a card. */
export function budgetOf(usableBytes: number): GpuBudget {
  return { name: "test", totalBytes: usableBytes, usableBytes };
}

/** A search over a config of one network at a small crop. */
export function contextOf(model: ConfigMap, usableBytes: number, batch = 4): SearchContext {
  const text = JSON.stringify({
    batch_size: batch,
    iters: 10,
    train_dataset: {
      type: "Dataset",
      num_classes: 5,
      transforms: [{ type: "RandomPaddingCrop", crop_size: [128, 128] }],
    },
    val_dataset: { type: "Dataset", num_classes: 5, transforms: [{ type: "Normalize" }] },
    optimizer: { type: "SGD", momentum: 0.9 },
    lr_scheduler: { type: "PolynomialDecay", learning_rate: 0.01 },
    loss: { types: [{ type: "CrossEntropyLoss" }], coef: [1] },
    model,
  });
  return {
    config: loadConfig("test.yml", { readText: () => text }),
    settings: { ...defaultSettings, prefetch: 0 },
    step: stepRuntime(runtime),
    memory: runtime,
    gpu: undefined,
    budget: budgetOf(usableBytes),
    mostBlocks: 4,
  };
}

/** One block of a random network: convolution, batch norm, ReLU. */
class Block extends Layer {
  readonly conv: Conv2D;
  readonly bn: BatchNorm2D;

  constructor(from: number, to: number, stride: number) {
    super();
    this.conv = new Conv2D(from, to, 3, { stride, padding: 1, bias: false });
    this.bn = new BatchNorm2D(to);
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = this.conv.call(x);
    f.x = F.relu(this.bn.call(f.x));
    return f.x;
  }
}

/** A chain of blocks under names of their own, and a classifier brought back to the image's size. */
class RandomNetwork extends Layer<readonly [Tensor], readonly Tensor[]> {
  readonly stem: Block;
  readonly head: Conv2D;
  private readonly blocks: readonly Block[];

  constructor(shape: NetworkShape) {
    super();
    this.stem = new Block(3, shape[0]!.channels, 1);
    this.blocks = shape.slice(1).map(({ channels, stride }, i) => new Block(shape[i]!.channels, channels, stride));
    this.head = new Conv2D(shape.at(-1)!.channels, 3, 1);
  }

  override *children(): Iterable<readonly [string, Layer]> {
    yield ["stem", this.stem];
    for (const [i, block] of this.blocks.entries()) yield [`block${i}`, block];
    yield ["head", this.head];
  }

  forward(f: { x: Tensor }, x: Tensor): readonly Tensor[] {
    f.x = this.stem.call(x);
    for (const block of this.blocks) f.x = block.call(f.x);
    f.x = this.head.call(f.x);
    f.x = F.interpolate(f.x, x.hw, { mode: "bilinear" });
    return [f.x];
  }
}

export type NetworkShape = readonly { readonly channels: number; readonly stride: 1 | 2 }[];

/** Runs points of a random network: recompute and micro-batch only. */
export class RandomRuns implements Runs {
  readonly budget: GpuBudget;
  readonly contextHighBytes = contextBytes(defaultMemoryRuntime, undefined).highBytes;
  private readonly shape: NetworkShape;
  private names: readonly (readonly string[])[] | undefined;

  constructor(shape: NetworkShape, usableBytes: number) {
    this.shape = shape;
    this.budget = budgetOf(usableBytes);
  }

  private simulate(point: Point, iterations = 3): Simulation {
    const engine = new Engine();
    return withEngine(engine, () => {
      const model = new RandomNetwork(this.shape);
      nameLayers(model);
      for (const layer of sublayers(model)) layer.recomputed = point.recompute.includes(layer.name);
      const all = parameters(model);
      const loss = buildLoss(new Args("CrossEntropyLoss", {}), point.lean?.includes("losses"));
      engine.log.mark("built");
      train({
        model,
        parameters: all,
        losses: [{ loss, coefficient: 1 }],
        optimizer: new Optimizer({ type: "SGD", states: 0, decay: "none", clip: "none" } as never, all),
        batch: point.microBatch,
        channels: 3,
        crop: point.crop,
        edge: false,
        ahead: 0,
        dataLeft: false,
        accumulation: point.accumulation,
        lean: point.lean ?? [],
        iterations,
        cast: undefined,
        useEma: false,
        gpus: 1,
        evaluation: undefined,
        resumes: false,
      });
      engine.log.mark("end");
      const layers = [...sublayers(model)].map(({ name }) => ({ name, type: "", count: 0, bytes: 0 }));
      return {
        log: engine.log,
        parameters: { count: 0, bytes: 0, trainableCount: 0 },
        layers,
        flops: engine.flops,
        recomputedFlops: 0,
        calls: engine.calls,
        assumptions: [],
      };
    });
  }

  run(point: Point): Candidate {
    const simulation = this.simulate(point);
    const memory = estimateMemory(simulation.log);
    return { point, simulation, memory, fit: verdict(memory, this.budget) };
  }

  outline(point: Point): Outline {
    const simulation = this.simulate({ ...point, recompute: [] }, 2);
    // As in Space: chosen once, so that the bounds of different batches speak of the same sets.
    this.names ??= chooseBlocks(simulation, 3).map(({ layers }) => layers);
    const blocks = this.names.map((layers) => blockOf(layers, simulation));
    return { point, simulation, blocks, moments: boundingMoments(simulation, blocks), load: loadOf(simulation) };
  }

  reservedAtLeast(point: Point): number {
    return replay(this.simulate(point, 2).log).training.reservedBytes;
  }
}
