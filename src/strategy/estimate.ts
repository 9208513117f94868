/** @file One run as an Estimate: simulate, then the memory model, then the two put together layer by layer. */
import type { TrainConfig } from "../config/types.ts";
import type { Gpu, MemoryRuntime } from "../memory/card.ts";
import { estimateMemory, type MemoryEstimate } from "../memory/estimate.ts";
import { timeline } from "../memory/timeline.ts";
import type { ReplayOn } from "../memory/verdict.ts";
import type { Estimate, LayerRow } from "../report/report.ts";
import type { Timeline } from "../report/timeline.ts";
import type { StepRuntime } from "../step/runtime.ts";
import type { Settings } from "../step/settings.ts";
import { type LayerParameters, type Simulation, simulate } from "../step/simulate.ts";

/** What an estimate depends on besides config and settings. */
export interface EstimateContext {
  readonly memory: MemoryRuntime;
  readonly step: StepRuntime;
  /** The card decides the size of the CUDA context; undefined for a plain number of bytes. */
  readonly gpu: Gpu | undefined;
}

/** An estimate that can still be replayed on a card: not part of any JSON. */
export interface ReplayableEstimate extends Estimate {
  readonly replayOn: ReplayOn;
  /** Live bytes over an iteration and an image: worked out when asked for. */
  readonly timeline: () => Timeline;
}

/** The estimate of one run. Throws UserError where the config names what is not modelled or what Paddle refuses. */
export function estimateRun(config: TrainConfig, settings: Settings, context: EstimateContext): ReplayableEstimate {
  const run = simulate(config, settings, context.step);
  const { convWorkspaceLimitBytes, gpus } = settings;
  const memory = estimateMemory(run.log, { gpu: context.gpu, runtime: context.memory, convWorkspaceLimitBytes, gpus });
  return toEstimate(run, memory);
}

/** A run and its memory as an Estimate. */
export function toEstimate(run: Simulation, memory: MemoryEstimate): ReplayableEstimate {
  return {
    parameters: run.parameters,
    training: memory.training,
    evaluation: memory.evaluation,
    ...(memory.saving === undefined ? {} : { saving: memory.saving }),
    layers: layerRows(run.layers, memory),
    ...(memory.nccl === undefined ? {} : { nccl: memory.nccl }),
    assumptions: [...run.assumptions, ...memory.assumptions],
    replayOn: memory.replayOn,
    timeline: () => timeline(run.log),
  };
}

/** `a.b.c`, `a.b`, `a`, `model`: a layer and all that it is part of. */
function* selfAndAbove(layer: string): Generator<string> {
  if (layer !== "model")
    for (let end = layer.length; end > 0; end = layer.lastIndexOf(".", end - 1)) yield layer.slice(0, end);
  yield "model";
}

function add(sums: Map<string, number>, layer: string, value: number): void {
  if (value === 0) return;
  for (const name of selfAndAbove(layer)) sums.set(name, (sums.get(name) ?? 0) + value);
}

/** Rows in the order of the network's own layers. */
function layerRows(layers: readonly LayerParameters[], memory: MemoryEstimate): readonly LayerRow[] {
  const [saved, counts, bytes] = [new Map<string, number>(), new Map<string, number>(), new Map<string, number>()];
  const known = new Set(layers.map((layer) => layer.name));
  for (const holder of memory.training.holders) {
    if (holder.kind === "activation" && known.has(holder.layer)) add(saved, holder.layer, holder.bytes);
  }
  for (const layer of layers) {
    add(counts, layer.name, layer.count);
    add(bytes, layer.name, layer.bytes);
  }
  return layers.map(({ name, type }) => ({
    layer: name,
    type,
    savedBytes: saved.get(name) ?? 0,
    parameterCount: counts.get(name) ?? 0,
    parameterBytes: bytes.get(name) ?? 0,
    peakBytes: memory.layerPeaks.get(name) ?? 0,
  }));
}
