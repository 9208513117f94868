/** @file The one pure function: a config, settings and a runtime in; the events of a training run out. */

import type { Component, ConfigMap, ConfigValue, TrainConfig } from "../config/types.ts";
import { Engine, type LayerCall, withEngine } from "../engine/engine.ts";
import type { EventLog } from "../engine/events.ts";
import { IndexError } from "../engine/references.ts";
import { suggest, UserError } from "../errors.ts";
import { buildLoss } from "../losses/index.ts";
import { buildNetwork } from "../models/index.ts";
import { Args, ArgumentError } from "../nn/args.ts";
import { type AnyLayer, layersOf, nameLayers, type Parameter } from "../nn/layer.ts";
import { NotModelled } from "../nn/not-modelled.ts";
import { PaddleRefusal } from "../nn/refusal.ts";
import { DTypeError, numel, ShapeError, SizeError, sizeOf } from "../ops/types.ts";
import { asIs, type Phrase, phrase } from "../words/phrase.ts";
import type { Cast } from "./autocast.ts";
import type { EvaluationPlan } from "./evaluate.ts";
import { FlopsPassError } from "./flops-pass.ts";
import { Optimizer, readOptimizer } from "./optimizer.ts";
import type { StepRuntime } from "./runtime.ts";
import { type Settings, saveInterval } from "./settings.ts";
import { convertSyncBatchNorm } from "./sync-batch-norm.ts";
import { train, wholeRun } from "./train.ts";

export type { StepRuntime } from "./runtime.ts";

/** Parameters of one layer, by its name. */
export interface LayerParameters {
  readonly name: string;
  readonly type: string;
  readonly count: number;
  readonly bytes: number;
}

export interface Simulation {
  readonly log: EventLog;
  readonly parameters: { readonly count: number; readonly bytes: number; readonly trainableCount: number };
  readonly layers: readonly LayerParameters[];
  /** Floating point operations of all forward passes, and those that recompute added. */
  readonly flops: number;
  readonly recomputedFlops: number;
  /** Layers that were called in training, by name. */
  readonly calls: ReadonlyMap<string, LayerCall>;
  readonly assumptions: readonly Phrase[];
}

/**
 * Runs the config on shapes; `iterations` fewer than the whole run's give a lower bound of the peaks. Throws UserError where the config names what is not modelled or what Paddle refuses.
 */
export function simulate(
  config: TrainConfig,
  settings: Settings,
  runtime: StepRuntime,
  iterations = wholeRun,
): Simulation {
  const engine = new Engine();
  try {
    return withEngine(engine, () => run(engine, config, settings, runtime, iterations));
  } catch (error) {
    throw explained(error, engine, config);
  }
}

function run(
  engine: Engine,
  config: TrainConfig,
  settings: Settings,
  runtime: StepRuntime,
  iterations: number,
): Simulation {
  const model = buildNetwork(argsOf(config.model));
  nameLayers(model);
  if (settings.gpus > 1) convertSyncBatchNorm(model);
  const built = layersOf(model);
  markRecomputed(
    built.map(({ layer }) => layer),
    settings.recompute,
  );
  const all = [...new Set(built.flatMap((layer) => layer.parameters))];
  const optimizer = new Optimizer(readOptimizer(argsOf(config.optimizer)), all);
  const losses = config.losses.map(({ component, coefficient }) => ({
    loss: buildLoss(argsOf(component), settings.lean.includes("losses")),
    coefficient,
  }));
  const crop = settings.cropSize ?? config.cropSize;
  if (!crop) throw new UserError("crop-not-known", { config: config.file });
  const cast = settings.precision === "fp16" ? runtime.cast(settings.ampLevel) : undefined;
  const channels = inChannels(config);
  const facts = describe(all);
  const layers = built.map(({ layer, parameters }) => ({
    name: layer.name,
    type: layer.constructor.name,
    ...countOf(parameters),
  }));
  engine.log.mark("built");
  train({
    model,
    parameters: all,
    losses,
    optimizer,
    batch: settings.batchSize ?? config.batchSize,
    channels,
    crop,
    edge: hasEdges(config),
    instances: instanceClasses(config),
    ahead: settings.prefetch,
    dataLeft: settings.dataLeft,
    accumulation: settings.accumulation,
    lean: settings.lean,
    iterations,
    cast,
    useEma: settings.useEma,
    gpus: settings.gpus,
    evaluation: settings.doEval ? evaluationPlan(config, settings, channels, cast) : undefined,
    resumes:
      settings.dataLeft && iterations >= wholeRun && config.iters > (settings.doEval ? saveInterval : iterations),
  });
  engine.log.mark("end");
  return {
    log: engine.log,
    parameters: facts,
    layers,
    flops: engine.flops,
    recomputedFlops: engine.recomputedFlops,
    calls: engine.calls,
    assumptions: [...engine.assumptions.values()],
  };
}

/** Throws `recompute-not-known` with the nearest names. */
function markRecomputed(layers: readonly AnyLayer[], names: readonly string[]): void {
  for (const name of names) {
    const layer = layers.find((l) => l.name === name);
    if (!layer) {
      const near = suggest(
        name,
        layers.map((l) => l.name),
      );
      throw new UserError("recompute-not-known", { layer: name, near });
    }
    layer.recomputed = true;
  }
}

function countOf(all: readonly Parameter[]): { count: number; bytes: number } {
  let [count, bytes] = [0, 0];
  for (const p of all) {
    count += numel(p.shape);
    bytes += numel(p.shape) * sizeOf(p.dtype);
  }
  return { count, bytes };
}

function describe(all: readonly Parameter[]): Simulation["parameters"] {
  return { ...countOf(all), trainableCount: countOf(all.filter((p) => p.trainable)).count };
}

/** A component of the config as arguments. */
export function argsOf(component: Component): Args {
  return new Args(component.type, component.args);
}

/** Channels of the image: `in_channels` of the network or of its backbone; 3 where neither says. */
function inChannels(config: TrainConfig): number {
  const { args } = config.model;
  const backbone = args.backbone;
  const value = args.in_channels ?? (isMap(backbone) ? backbone.in_channels : undefined);
  return typeof value === "number" ? value : 3;
}

function isMap(value: ConfigValue | undefined): value is ConfigMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether the data set makes edge maps: its own flag, a transform, or a loss that wants them. */
function hasEdges(config: TrainConfig): boolean {
  const { args } = config.trainDataset;
  if (args.edge) return true;
  const transforms = Array.isArray(args.transforms) ? args.transforms : [];
  if (transforms.some((item: ConfigValue) => isMap(item) && item.type === "AddEdgeLabel")) return true;
  return config.losses.some((term) => term.component.args.edge_label === true);
}

/** `num_classes` of the transform GenerateInstanceTargets, where train_dataset has it. */
function instanceClasses(config: TrainConfig): number | undefined {
  const { transforms } = config.trainDataset.args;
  for (const item of Array.isArray(transforms) ? transforms : []) {
    if (isMap(item) && item.type === "GenerateInstanceTargets") return Number(item.num_classes);
  }
  return undefined;
}

function evaluationPlan(
  config: TrainConfig,
  settings: Settings,
  channels: number,
  cast: Cast | undefined,
): EvaluationPlan {
  const test = config.testConfig;
  const network = settings.evaluation.size;
  if (!network) throw new UserError("eval-size-not-known", { dataset: config.valDataset?.type ?? "val_dataset" });
  const flips = (test.flip_horizontal ? 2 : 1) * (test.flip_vertical ? 2 : 1);
  const scales = Array.isArray(test.scales) ? test.scales : [test.scales ?? 1];
  return {
    classes: config.numClasses,
    channels,
    network,
    original: settings.evaluation.original ?? network,
    augment: test.aug_eval ? { scales: scales.map(Number), flips } : undefined,
    slide: settings.evaluation.slide ?? slideOf(config),
    multilabel: test.use_multilabel === true,
    aucRoc: test.auc_roc === true,
    cast,
    ahead: settings.prefetch,
    gpus: settings.gpus,
    dataLeft: settings.dataLeft,
  };
}

/** Sliding windows: `crop_size` and `stride` are one number or [width, height]; core/infer.py fails on anything else. */
function slideOf(config: TrainConfig): EvaluationPlan["slide"] {
  const { testConfig: test } = config;
  if (!test.is_slide) return undefined;
  const size = (key: "crop_size" | "stride") => {
    const value = test[key];
    const [width, height] = Array.isArray(value) ? value : [value, value];
    if (isSide(width) && isSide(height)) return { width, height };
    const found = (JSON.stringify(value) ?? "missing").slice(0, 60);
    const data = { key: `test_config.${key}`, wanted: phrase("pair-of-sizes", {}), found: asIs(found) };
    throw new UserError("value-wrong", data, config.locate(["test_config", key]));
  };
  return { crop: size("crop_size"), stride: size("stride") };
}

function isSide(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}

/** What the models throw, as the user's own mistake where it is one. */
function explained(error: unknown, engine: Engine, config: TrainConfig): unknown {
  if (error instanceof NotModelled) {
    const data = {
      kind: error.kind,
      name: error.wanted,
      near: suggest(error.wanted, error.known),
      folder: error.folder,
    };
    return new UserError("not-modelled", data, placeOf(config, error.kind));
  }
  if (error instanceof ArgumentError) {
    const { component, argument, reason, known } = error;
    return new UserError(
      "argument-wrong",
      { component, argument, reason, near: suggest(argument, known) },
      placeOf(config, "model"),
    );
  }
  if (error instanceof PaddleRefusal) {
    const { kind, component, reason } = error;
    return new UserError("paddle-refuses", { kind, component, reason }, placeOf(config, kind));
  }
  if (error instanceof DTypeError) {
    const isAfter = error instanceof FlopsPassError;
    const layer = isAfter ? error.layer : engine.currentLayer;
    const when = phrase(isAfter ? "in-flops-pass" : "in-training-step", {});
    const reason = phrase("one-dtype", { op: error.op, dtypes: error.dtypes });
    return new UserError("dtype-refused", { layer, reason, when }, placeOf(config, "model"));
  }
  if (error instanceof SizeError) {
    const data = { layer: engine.currentLayer, op: error.op, shape: error.shape?.join(", ") };
    return new UserError("tensor-impossible", data, placeOf(config, "model"));
  }
  if (error instanceof IndexError) {
    const data = { layer: engine.currentLayer, index: error.index, length: error.length };
    return new UserError("list-too-short", data, placeOf(config, "model"));
  }
  if (error instanceof ShapeError) {
    const shapes = error.shapes.map((s) => `[${s.join(", ")}]`);
    const part = engine.log.at("evaluation") >= 0 ? "val_dataset" : "train_dataset";
    const data = { layer: engine.currentLayer, op: error.op, reason: error.reason, shapes };
    return new UserError("shape-refused", data, config.locate([part, "transforms"]));
  }
  return error;
}

function placeOf(config: TrainConfig, kind: string) {
  const paths: Readonly<Record<string, readonly string[]>> = {
    model: ["model", "type"],
    backbone: ["model", "backbone", "type"],
    loss: ["loss", "types"],
    optimizer: ["optimizer", "type"],
  };
  return config.locate(paths[kind] ?? ["model"]);
}
