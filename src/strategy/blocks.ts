/** @file Which blocks may be recomputed, and a proved lower bound of the peak for any choice of them. */
import { storageKinds } from "../engine/events.ts";
import { roundRequest } from "../memory/rounding.ts";
import type { Simulation } from "../step/simulate.ts";

/** Blocks that a search weighs: 2^12 subsets are ordered in a millisecond or two. */
const defaultMostBlocks = 12;
/** A block that holds less of the activations than this is not worth a choice of its own. */
const leastShare = 0.005;

/** A moment of the run: bytes alive, and how many of them each block's own activations are. */
export interface Moment {
  readonly bytes: number;
  /** Bytes that do not depend on the batch: parameters, buffers, gradients, optimizer state. */
  readonly constantBytes: number;
  readonly count: number;
  readonly byBlock: readonly number[];
  /** Whether it lies where recompute may change the order of ops: in backward, after its first op. */
  readonly isReordered: boolean;
}

/** One choice of a search: neighbouring layers, each recomputed by itself. */
export interface Block {
  readonly layers: readonly string[];
  readonly flops: number;
}

export interface Blocks {
  readonly blocks: readonly Block[];
  readonly moments: readonly Moment[];
}

const constantKinds = new Set(["parameter", "buffer", "gradient", "optimizer-state"]);

/** The events of iteration 2: all state is there, and the third iteration allocates the same. */
function steadyState({ log }: Simulation): readonly [number, number] {
  const to = log.at("step", 2);
  return to < 0 ? [0, log.length] : [log.at("step", 1), to];
}

/** Bytes of activations that each layer's own ops made and that were alive when backward began, in iteration 2. */
function savedByLayer(simulation: Simulation): Map<string, number> {
  const { log } = simulation;
  const [from, to] = steadyState(simulation);
  const owners = new Map<number, string>();
  for (let i = from; i < to; i++) {
    const site = log.sites[log.site[i]!]!;
    if (site.phase === "backward") break;
    const id = log.storage[i]!;
    if (log.sign[i]! > 0 && site.phase === "forward") owners.set(id, site.layer);
    else owners.delete(id);
  }
  const saved = new Map<string, number>();
  for (const [id, layer] of owners) saved.set(layer, (saved.get(layer) ?? 0) + roundRequest(log.bytes[id]!));
  return saved;
}

/**
 * Disjoint layers to choose from. Starting from the root's parts, the layer that holds most is opened as long as there is room. A
 * layer whose first call got no tensor that needs a gradient is left out: recompute would leave its parameters without gradients.
 */
export function chooseBlocks(simulation: Simulation, mostBlocks = defaultMostBlocks): Block[] {
  const saved = savedByLayer(simulation);
  const children = new Map<string, string[]>();
  const held = new Map<string, number>();
  // A layer that several attributes share (SETR's heads) is listed for each of them, under the name of the first.
  for (const name of new Set(simulation.layers.map((layer) => layer.name))) {
    const parent = name === "model" ? undefined : name.includes(".") ? name.slice(0, name.lastIndexOf(".")) : "model";
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), name]);
  }
  const weigh = (name: string): number => {
    const total = (children.get(name) ?? []).reduce((sum, child) => sum + weigh(child), saved.get(name) ?? 0);
    held.set(name, total);
    return total;
  };
  const all = weigh("model");
  const usable = (name: string) => simulation.calls.get(name)?.needsGradient === true;
  const worth = (name: string) => (held.get(name) ?? 0) >= all * leastShare;
  let open = (children.get("model") ?? []).filter(worth);
  for (;;) {
    const largest = open
      .filter((name) => (children.get(name) ?? []).some(worth))
      .sort((a, b) => Number(usable(a)) - Number(usable(b)) || held.get(b)! - held.get(a)!)[0];
    if (largest === undefined) break;
    const parts = children.get(largest)!.filter(worth);
    if (usable(largest) && open.length - 1 + parts.length > mostBlocks) break;
    open = open.flatMap((name) => (name === largest ? parts : [name]));
  }
  const order = new Map(simulation.layers.map((layer, i) => [layer.name, i]));
  const layers = open.filter(usable).sort((a, b) => order.get(a)! - order.get(b)!);
  const weight = (names: readonly string[]) => names.reduce((sum, name) => sum + held.get(name)!, 0);
  return group(layers, mostBlocks, weight).map((names) => blockOf(names, simulation));
}

/** The block of these layers, with what recomputing them takes. */
export function blockOf(layers: readonly string[], { calls }: Simulation): Block {
  return { layers, flops: layers.reduce((sum, name) => sum + (calls.get(name)?.flops ?? 0), 0) };
}

/** Layers in at most `most` groups: the two neighbours that hold least together are put together until there are few enough. */
function group(
  layers: readonly string[],
  most: number,
  weight: (names: readonly string[]) => number,
): readonly (readonly string[])[] {
  const groups: (readonly string[])[] = layers.map((name) => [name]);
  while (groups.length > most) {
    let least = 0;
    const sum = (i: number) => weight(groups[i]!) + weight(groups[i + 1]!);
    for (let i = 1; i < groups.length - 1; i++) if (sum(i) < sum(least)) least = i;
    groups.splice(least, 2, [...groups[least]!, ...groups[least + 1]!]);
  }
  return groups;
}

/**
 * The moments that bound the peak from below: the highest of each phase, and the highest of each part of backward.
 *
 * Why it is a bound. At an op of the plain run, let A be what is alive. In the run with the blocks S recomputed the same op runs
 * in the same iteration, and everything in A is alive there but what recompute let go of early: storages that ops inside a block
 * of S made, and that no op outside that block keeps (a block's inputs are kept also where it is recomputed). So
 * alive(S) ≥ A − Σ those, whatever else recompute adds. Reserved is never below allocated.
 * What the proof needs is that ops run in the same order, and that holds in the data phase, in forward, in the losses, up to the first op
 * of backward, and in the optimizer step. In backward a recomputed layer's nodes run one after another, where those of other
 * branches may come between them in the plain run, so there the order may differ and the bound is likely (a test holds it on networks
 * with branches) but not proved: such moments guide the search, and prove something of runs without recompute only.
 * For a smaller batch b of B: a tensor's bytes are at least b/B of what they were (sizes are sums and products with non-negative
 * coefficients of the batch), and rounding added less than 256 B to each; parameters and their like stay. So
 * alive(b) ≥ constant + (A − constant − 256·count)·b/B, as long as the same ops run: OHEM's choice does not change, since its
 * min_kept is scaled with the batch.
 */
export function boundingMoments(simulation: Simulation, blocks: readonly Block[]): Moment[] {
  const { log } = simulation;
  const [from, to] = steadyState(simulation);
  // Each layer of a block is recomputed by itself, so what one hands to the next is an input, and stays.
  const unitOf = unitFinder(blocks.flatMap(({ layers }) => layers));
  const blockOfUnit = blocks.flatMap(({ layers }, i) => layers.map(() => i));
  const siteUnit = log.sites.map((site) => (site.phase === "forward" ? unitOf(site.layer) : -1));
  const constant = storageKinds.map((kind) => constantKinds.has(kind));
  const by = new Array<number>(blocks.length).fill(0);
  const owner = new Map<number, number>();
  let [bytes, constantBytes, count] = [0, 0, 0];
  const best = new Map<string, Moment>();
  let wasBackward = false;
  for (let i = 0; i < to; i++) {
    const id = log.storage[i]!;
    const size = roundRequest(log.bytes[id]!) * log.sign[i]!;
    bytes += size;
    count += log.sign[i]!;
    if (constant[log.kind[id]!]) constantBytes += size;
    let block = owner.get(id) ?? -1;
    if (size > 0) {
      const unit = siteUnit[log.site[i]!]!;
      const keeper = log.keeper[id];
      block = unit < 0 || (keeper !== undefined && unitOf(keeper) !== unit) ? -1 : blockOfUnit[unit]!;
    }
    if (block >= 0) {
      by[block]! += size;
      if (size > 0) owner.set(id, block);
      else owner.delete(id);
    }
    if (i < from || size < 0) continue;
    const site = log.sites[log.site[i]!]!;
    const inBackward = site.phase === "backward";
    const isReordered = inBackward && wasBackward;
    wasBackward = inBackward;
    // In backward one moment for each sixteenth of the iteration: other blocks still hold their activations there.
    const part = isReordered ? Math.floor(((i - from) * 16) / (to - from)) : "";
    const key = `${site.phase} ${part}`;
    const old = best.get(key);
    if (old === undefined || bytes > old.bytes)
      best.set(key, { bytes, constantBytes, count, byBlock: [...by], isReordered });
  }
  return [...best.values()];
}

/** Which of the recomputed layers a layer lies in, or -1. */
function unitFinder(names: readonly string[]): (layer: string) => number {
  const cache = new Map<string, number>();
  return (layer) => {
    let found = cache.get(layer);
    if (found === undefined) {
      found = names.findIndex((name) => layer === name || layer.startsWith(`${name}.`));
      cache.set(layer, found);
    }
    return found;
  };
}

/** Lower bound of the allocated peak with these blocks recomputed, and with `share` of the batch. See `boundingMoments`. */
export function lowerBound(moments: readonly Moment[], chosen: readonly boolean[], share = 1): number {
  let bound = 0;
  for (const { bytes, constantBytes, count, byBlock } of moments) {
    let alive = bytes;
    byBlock.forEach((size, i) => {
      if (chosen[i]) alive -= size;
    });
    if (share < 1) alive = constantBytes + Math.max(0, alive - constantBytes - 256 * count) * share;
    if (alive > bound) bound = alive;
  }
  return bound;
}

/** The same, proved: moments whose order recompute may change count only where nothing is recomputed. */
export function provedBound(moments: readonly Moment[], chosen: readonly boolean[], share = 1): number {
  const isPlain = !chosen.includes(true);
  return lowerBound(isPlain ? moments : moments.filter(({ isReordered }) => !isReordered), chosen, share);
}
