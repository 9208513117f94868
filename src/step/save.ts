/** @file Saving under O2: `state_dict()` of a decorated network casts every tensor to float32 on the card, once for each layer. */
import { current, type Engine } from "../engine/engine.ts";
import type { EventLog } from "../engine/events.ts";
import type { Storage } from "../engine/tensor.ts";
import { heldBuffers } from "../nn/held.ts";
import type { AnyLayer } from "../nn/layer.ts";
import { isFloat, numel, sizeOf } from "../ops/types.ts";

/** GpuMinChunkSize: what the allocator rounds to (memory/rounding.ts; the layers below memory cannot import it). */
const alignment = 256;

/** One cast, held by dicts and by the hook's locals. The network's own tensors are no copies: undefined. */
interface Copy {
  readonly bytes: number;
  holders: number;
  storage: Storage | undefined;
}

/** A dict of the network's first tensors, in the order in which `state_dict()` meets them. */
type Dict = (Copy | undefined)[];

/** What becomes of copies: made on the card, or only summed up. */
interface Card {
  make(copy: Copy): void;
  free(copy: Copy): void;
}

/**
 * The last call of `state_dict()` in PaddleSeg's loop (`core/train.py`): training's state under O2. Its events are logged where they rise
 * above all that went before; below that, the blocks that training left free serve it (reserved grew in none of 99 measured cases).
 */
export function save(model: AnyLayer): void {
  const e = current();
  const { now, peak } = allocated(e.log);
  // The walk takes time with the square of the layers: only where it may matter.
  if (now + savingBound(model) <= peak || now + savingPeak(model) <= peak) return;
  const leave = e.enter("other", "save");
  e.log.mark("save");
  stateDict(model, onCard(e));
  e.log.mark("save-end");
  leave();
}

function rounded(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

/** Bytes of the copies that are alive at most. */
export function savingPeak(model: AnyLayer): number {
  let [live, peak] = [0, 0];
  stateDict(model, {
    make: (copy) => {
      live += rounded(copy.bytes);
      if (live > peak) peak = live;
    },
    free: (copy) => {
      live -= rounded(copy.bytes);
    },
  });
  return peak;
}

/**
 * No less than `savingPeak`, in one pass. A copy is alive while a dict or the hook's `param` holds it. A dict has one copy of each tensor at
 * most, and each layer from the root to the one at work has two dicts: what it was given and what it hands back (a sublayer's copy is
 * what that one is given). `param` adds one copy, the one just made another.
 */
export function savingBound(model: AnyLayer): number {
  let [total, largest, deepest] = [0, 0, 0];
  const visit = (layer: AnyLayer, depth: number): void => {
    if (depth > deepest) deepest = depth;
    for (const bytes of tensors(layer)) {
      total += rounded(bytes);
      if (bytes > largest) largest = bytes;
    }
    for (const [, child] of layer.children()) visit(child, depth + 1);
  };
  visit(model, 1);
  return 2 * deepest * total + 2 * rounded(largest);
}

function onCard(e: Engine): Card {
  return {
    make: (copy) => {
      // Layers times tensors: bounded by the network, which is bounded itself.
      e.beginPart();
      copy.storage = e.allocate(copy.bytes, "cast", "temporary");
      copy.storage.references++;
    },
    free: ({ storage }) => {
      if (storage) e.release(storage, "");
    },
  };
}

/** Allocated bytes at the end of the log, and the most that were. */
function allocated(log: EventLog): { now: number; peak: number } {
  let [now, peak] = [0, 0];
  const { storage, sign, bytes } = log;
  for (let i = 0; i < storage.length; i++) {
    now += sign[i]! * rounded(bytes[storage[i]!]!);
    if (now > peak) peak = now;
  }
  return { now, peak };
}

function stateDict(model: AnyLayer, card: Card): void {
  for (const copy of new Walk(card).layer(model, [])) if (copy) release(copy, card);
}

function release(copy: Copy, card: Card): void {
  if (--copy.holders === 0) card.free(copy);
}

/** `Layer._state_dict_impl` with the hook that `amp.decorate(save_dtype="float32")` registers with every layer. */
class Walk {
  private readonly card: Card;
  /** float32 bytes of the tensors met so far; 0: not cast. */
  private readonly sizes: number[] = [];

  constructor(card: Card) {
    this.card = card;
  }

  /**
   * Adds a layer's tensors to `given`, which the caller holds; hands back the dict in the end, its copies held by it. Each sublayer gets
   * a copy of the dict, so what the dict held before lives until the sublayer's has taken its place.
   */
  layer(layer: AnyLayer, given: Dict): Dict {
    let dict = given;
    for (const bytes of tensors(layer)) {
      this.sizes.push(bytes);
      dict.push(undefined);
    }
    /** `destination_temp`: a name of its own, rebound at the next sublayer. */
    let temporary: Dict | undefined;
    for (const [, child] of layer.children()) {
      const copy = [...dict];
      for (const item of copy) if (item) item.holders++;
      // The dict that the name held before is `destination` too, so nothing goes yet.
      temporary = copy;
      const result = this.layer(child, copy);
      if (result !== copy) this.update(copy, result);
      if (dict !== given) this.drop(dict);
      dict = temporary;
    }
    this.hook(dict);
    return dict;
  }

  /** `dict.update(result)`; then nobody holds `result`. */
  private update(dict: Dict, result: Dict): void {
    for (const [i, copy] of result.entries()) {
      if (copy) copy.holders++;
      const old = dict[i];
      dict[i] = copy;
      if (old) release(old, this.card);
    }
    this.drop(result);
  }

  private drop(dict: Dict): void {
    for (const copy of dict) if (copy) release(copy, this.card);
  }

  /** `StateDictHook`: `param` keeps the old value until the next one, both names the last until it returns. */
  private hook(dict: Dict): void {
    let param: Copy | undefined;
    for (const [i, bytes] of this.sizes.entries()) {
      const old = dict[i];
      if (old) old.holders++;
      if (param) release(param, this.card);
      param = old;
      if (bytes === 0) continue;
      const made: Copy = { bytes, holders: 1, storage: undefined };
      this.card.make(made);
      dict[i] = made;
      if (old) release(old, this.card);
    }
    if (param) release(param, this.card);
  }
}

/** float32 bytes of a layer's own parameters and buffers, in the order of its dicts; 0 for what is not of a float type. */
function* tensors(layer: AnyLayer): Iterable<number> {
  const bytes = (x: Parameters<typeof isFloat>[0], shape: readonly number[]) =>
    isFloat(x) ? numel(shape) * sizeOf("float32") : 0;
  for (const [, p] of layer.ownParameters()) yield bytes(p.dtype, p.shape);
  for (const buffer of heldBuffers(layer)) yield bytes(buffer.dtype, buffer.shape);
}
