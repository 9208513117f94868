/**
 * @file What a point costs in time, as a factor on the run as it is asked for; never seconds. Each end of the range is one side of a
 * roofline: work bound by arithmetic scales with operations, work bound by memory with bytes, and small kernels with their number.
 */
import type { Simulation } from "../step/simulate.ts";
import type { Point } from "./point.ts";

/** Time relative to the run as it is asked for. `expected` is the geometric middle of the two ends. */
export interface Factor {
  readonly low: number;
  readonly expected: number;
  readonly high: number;
}

/** One forward pass of a micro-batch: what a card has to compute, move and start. */
export interface Load {
  readonly flops: number;
  readonly bytes: number;
  readonly launches: number;
  readonly flopsOf: (layer: string) => number;
  readonly bytesOf: (layer: string) => number;
}

/** What of the card the factor depends on; undefined where only a number of bytes is known. */
export interface CardSpeed {
  readonly hasTensorCores: boolean;
  readonly bandwidthGBPerSecond: number;
}

/** Backward takes about two forwards' operations (one for each of a product's two gradients), so a step is three. */
const forwardsPerStep = 3;
/** An op reads about what it writes. */
const movesPerByte = 2;
/** An eager framework starts an op in 5 to 20 µs on the host; the middle (inferred; it sets the high end only). */
const launchSeconds = 10e-6;
/** Where no card is named: a fast card is the first to wait for launches (RTX 4090: 1008 GB/s, presets/gpus). */
const fastBandwidth = 1008;
/** PaddleSeg's V100 table of fp16 against fp32: 1.69 times the speed (SFNet) down to 0.91 (OCRNet HRNet-W18). */
const ampWithTensorCores = { low: 1 / 1.69, high: 1 / 0.91 };
/** Half precision on plain units is no faster (Pascal, GTX 16); casts cost the same as in the slow end of the table. */
const ampWithout = { low: 1, high: 1 / 0.91 };

/** The load of a run: operations by layer, and the activations that each layer's forward made in iteration 2. */
export function loadOf({ log, calls }: Simulation): Load {
  const made = new Map<string, number>();
  let [bytes, launches] = [0, 0];
  const to = log.at("step", 2);
  for (let i = Math.max(0, log.at("step", 1)); i < (to < 0 ? log.length : to); i++) {
    const site = log.sites[log.site[i]!]!;
    if (log.sign[i]! < 0 || (site.phase !== "forward" && site.phase !== "loss")) continue;
    const size = log.bytes[log.storage[i]!]!;
    bytes += size;
    launches++;
    made.set(site.layer, (made.get(site.layer) ?? 0) + size);
  }
  return {
    flops: calls.get("model")?.flops ?? 0,
    bytes,
    launches,
    flopsOf: (layer) => calls.get(layer)?.flops ?? 0,
    bytesOf: (layer) => {
      let sum = 0;
      for (const [name, size] of made) if (name === layer || name.startsWith(`${layer}.`)) sum += size;
      return sum;
    },
  };
}

function share(part: number, whole: number): number {
  return whole <= 0 ? 0 : part / whole;
}

/** What recompute adds to a step: a share of its operations, or of its bytes; lower first. */
export function recomputeShares(
  blocks: readonly string[],
  load: Load,
): { readonly low: number; readonly high: number } {
  const flops = share(
    blocks.reduce((sum, block) => sum + load.flopsOf(block), 0),
    forwardsPerStep * load.flops,
  );
  const bytes = share(
    blocks.reduce((sum, block) => sum + load.bytesOf(block), 0),
    forwardsPerStep * load.bytes,
  );
  return { low: Math.min(flops, bytes), high: Math.max(flops, bytes) };
}

function precisionRange(from: Point, to: Point, card: CardSpeed | undefined): { low: number; high: number } {
  if ((from.format === "fp32") === (to.format === "fp32")) return { low: 1, high: 1 };
  return card?.hasTensorCores === false ? ampWithout : ampWithTensorCores;
}

/** Both ends and their middle. */
export function factor(low: number, high: number): Factor {
  return { low, expected: Math.sqrt(low * high), high };
}

/**
 * Time of an optimizer step at `to` relative to `from`, whose load is `load`. `changed` is the load of the network that takes its
 * place at the same micro-batch and crop, if one does. Low: the card is busy in both, so only the work counts. High: the bytes of the
 * run move at full bandwidth, and each micro-batch has to start its kernels besides. cuDNN's slower algorithms under a smaller
 * workspace limit are not counted: their size is not known.
 */
export function timeFactor(from: Point, to: Point, load: Load, card: CardSpeed | undefined, changed = load): Factor {
  const images = (to.microBatch * to.accumulation) / (from.microBatch * from.accumulation);
  const pixels = (to.crop.width * to.crop.height) / (from.crop.width * from.crop.height);
  const amp = precisionRange(from, to, card);
  const [before, after] = [recomputeShares(from.recompute, load), recomputeShares(to.recompute, changed)];
  const work = [share(changed.flops, load.flops), share(changed.bytes, load.bytes)];
  const low = (Math.min(...work) * images * pixels * amp.low * (1 + after.low)) / (1 + before.low);
  const busy = (Math.max(...work) * images * pixels * amp.high * (1 + after.high)) / (1 + before.high);
  const bandwidth = (card?.bandwidthGBPerSecond ?? fastBandwidth) * 1e9;
  const perPass = (launchSeconds * bandwidth) / Math.max(1, movesPerByte * load.bytes);
  // Where starting kernels takes longer than what they move, recompute and accumulation add to the starts.
  const waits = (l: Load, again: number) => l.launches * perPass * (1 + again);
  const started = waits(changed, after.high) * (to.accumulation / from.accumulation);
  const high = Math.max(busy, started) / Math.max(1, waits(load, before.high));
  return factor(Math.min(low, high), Math.max(low, high));
}
