/** @file The engine's state: the event log, the open layers, gradient and AMP mode; it makes and frees storages. */
import { bytesOf, type Device, type DType, type Shape, SizeError } from "../ops/types.ts";
import type { Phrase } from "../words/phrase.ts";
import type { AmpState } from "./amp.ts";
import { EventLog, type Phase, type Stage, type StorageKind, storageKinds } from "./events.ts";
import type { GradNode } from "./tape.ts";
import { Storage, Tensor } from "./tensor.ts";

const kindIndex = new Map<StorageKind, number>(storageKinds.map((k, i) => [k, i]));

/** The index of a kind in the log. */
export function kindOf(kind: StorageKind): number {
  return kindIndex.get(kind) ?? 0;
}

const activation = kindOf("activation");
const temporary = kindOf("temporary");

/** The card of the measurements: 28 multiprocessors of 1,536 threads, as an RTX 3060 (compute capability 8.6). */
export const measuredDevice: Device = { multiprocessors: 28, threadsPerMultiprocessor: 1536 };

/** Tensors of one part of an iteration: a hundred times those of the largest network; more would take minutes and all memory. */
const mostTensors = 300_000;

/** One run of a training program on shapes. Only one is current at a time (see `withEngine`). */
export class Engine {
  readonly log = new EventLog();
  readonly device: Device;
  /** False inside `no_grad`. */
  gradEnabled = true;
  /** Undefined outside `auto_cast`. */
  amp: AmpState | undefined = undefined;
  /** Floating point operations of all ops so far, and those of them that recompute added. */
  flops = 0;
  recomputedFlops = 0;
  /** What each layer did when it was first called in training: what a choice of blocks to recompute needs to know. */
  readonly calls = new Map<string, LayerCall>();
  /** What was taken for granted on the way, by its English words: worst cases of branches that depend on values. */
  readonly assumptions = new Map<string, Phrase>();
  /** Nodes of `sequential` ops since the last backward, in the order in which they were made. */
  sequentialNodes: GradNode[] = [];
  /** Told after each leaf's gradient has come in (a reducer averages it over the cards). */
  leafSettled: ((leaf: Tensor) => void) | undefined = undefined;
  /** Height and width of the image while a network runs whose upsampled logits are to be made again (lean training). */
  upsampledSize: readonly number[] | undefined = undefined;
  private readonly upsampled = new Map<Tensor, Upsampled>();
  /** Tensors made before the program's present part. */
  private entered = 0;
  private phase: Phase = "other";
  private stage: Stage = "build";
  private layer = "";
  private readonly layers: Place[] = [];
  private readonly placesByStage = new Map<string, Map<string, Place>>();
  private places = new Map<string, Place>();
  private place: Place;

  constructor(device: Device = measuredDevice) {
    this.device = device;
    this.select();
    this.place = this.placeOf("");
  }

  /** Sets what the program is doing; returns a function that sets it back. */
  enter(phase: Phase, stage: Stage): () => void {
    const before = [this.phase, this.stage] as const;
    [this.phase, this.stage] = [phase, stage];
    this.beginPart();
    this.select();
    return () => {
      [this.phase, this.stage] = before;
      this.select();
    };
  }

  /** The limit on the tensors of one part counts from here. */
  beginPart(): void {
    this.entered = this.log.bytes.length;
  }

  get currentPhase(): Phase {
    return this.phase;
  }

  get currentLayer(): string {
    return this.layer;
  }

  pushLayer(name: string): void {
    this.layers.push(this.place);
    this.layer = name;
    this.place = this.placeOf(name);
  }

  popLayer(): void {
    const before = this.layers.pop();
    if (before === undefined) throw new Error("a layer was left that was not entered");
    this.layer = before.layer;
    this.place = before;
  }

  private select(): void {
    const key = `${this.phase} ${this.stage}`;
    let places = this.placesByStage.get(key);
    if (places === undefined) {
      places = new Map();
      this.placesByStage.set(key, places);
    }
    this.places = places;
    this.place = this.placeOf(this.layer);
  }

  private placeOf(layer: string): Place {
    let place = this.places.get(layer);
    if (place === undefined) {
      place = { layer, sites: new Map() };
      this.places.set(layer, place);
    }
    return place;
  }

  private site(op: string): number {
    let id = this.place.sites.get(op);
    if (id === undefined) {
      id = this.log.sites.length;
      this.log.sites.push({ phase: this.phase, stage: this.stage, layer: this.layer, op });
      this.place.sites.set(op, id);
    }
    return id;
  }

  /** A new storage of `bytes`, with its event; 0 bytes take nothing. */
  allocate(bytes: number, op: string, kind?: StorageKind): Storage {
    if (bytes === 0) return new Storage(-1);
    const log = this.log;
    const id = log.bytes.length;
    if (id - this.entered > mostTensors) {
      throw new SizeError(op, `one pass makes more than ${mostTensors} tensors`);
    }
    log.bytes.push(bytes);
    log.kind.push(kind === undefined ? (this.phase === "forward" ? activation : temporary) : kindOf(kind));
    log.kernel.push(0);
    log.storage.push(id);
    log.sign.push(1);
    log.site.push(this.site(op));
    return new Storage(id);
  }

  /** Drops one reference to a storage; `op` labels the release. */
  release(storage: Storage, op: string): void {
    if (--storage.references > 0 || storage.id < 0) return;
    if (storage.references < 0) throw new Error("a storage was released once too often");
    this.log.storage.push(storage.id);
    this.log.sign.push(-1);
    this.log.site.push(this.site(op));
  }

  /** Memory that a kernel takes and frees inside itself. */
  kernelTemporaries(sizes: readonly number[], op: string): void {
    if (sizes.length > 0) this.freeTemporaries(this.takeTemporaries(sizes, op), op);
  }

  /** The first half of `kernelTemporaries`: nothing of 0 bytes is taken. */
  takeTemporaries(sizes: readonly number[], op: string): Storage[] {
    const taken = sizes.filter((bytes) => bytes > 0).map((bytes) => this.allocate(bytes, op, "temporary"));
    for (const storage of taken) {
      this.log.kernel[storage.id] = 1;
      storage.references++;
    }
    return taken;
  }

  /** The second half: freed in the reverse order. */
  freeTemporaries(taken: readonly Storage[], op: string): void {
    for (const storage of taken.toReversed()) this.release(storage, op);
  }

  /** Memory that a library takes past Paddle's allocator while a kernel runs. */
  libraryScratch(bytes: number, op: string): void {
    if (bytes > 0) this.log.scratch.push({ at: this.log.length, bytes, site: this.site(op) });
  }

  setKind(storage: Storage, kind: StorageKind): void {
    if (storage.id >= 0) this.log.kind[storage.id] = kindOf(kind);
  }

  /** The tape keeps this storage: a temporary becomes an activation. */
  save(storage: Storage): void {
    storage.references++;
    if (storage.id < 0) return;
    const { kind, keeper } = this.log;
    if (kind[storage.id] === temporary) kind[storage.id] = activation;
    const before = keeper[storage.id];
    if (before !== this.layer) keeper[storage.id] = before === undefined ? this.layer : commonLayer(before, this.layer);
  }

  /** A fresh contiguous tensor. */
  tensor(shape: Shape, dtype: DType, op: string, kind?: StorageKind): Tensor {
    return new Tensor(shape, dtype, this.allocate(bytesOf(shape, dtype, op), op, kind));
  }

  /** A tensor in host memory (`paddle.shape`, Python numbers made tensors): nothing on the card. */
  hostTensor(shape: Shape, dtype: DType): Tensor {
    return new Tensor(shape, dtype, new Storage(-1));
  }

  /** Drops a reference to a grad node; a node that nobody refers to lets go of what it saved, and of the nodes behind it. */
  releaseNode(node: GradNode, op: string): void {
    if (--node.references > 0) return;
    const dead = [node];
    for (let n = dead.pop(); n !== undefined; n = dead.pop()) {
      for (const storage of n.saved) this.release(storage, op);
      n.saved = [];
      n.dispose?.();
      for (const edge of n.edges) if (edge && --edge.node.references === 0) dead.push(edge.node);
    }
  }

  /** Notes what a tensor was upsampled from, which lives as long as the tensor does. */
  noteUpsampled(tensor: Tensor, note: Upsampled): void {
    this.upsampled.set(tensor, note);
  }

  /** The note of a tensor, taken away from it: what it was made from is the expression's at hand. */
  takeUpsampled(tensor: Tensor): Upsampled | undefined {
    const note = this.upsampled.get(tensor);
    if (note === undefined) return undefined;
    this.upsampled.delete(tensor);
    note.from.references--;
    return note;
  }

  /** Ends a tensor that nobody holds. */
  end(tensor: Tensor, op: string): void {
    if (!tensor.alive) throw new Error("a tensor was dropped twice");
    tensor.alive = false;
    if (this.upsampled.size > 0) {
      const note = this.takeUpsampled(tensor);
      if (note?.from.references === 0) this.end(note.from, "");
    }
    this.release(tensor.storage, op);
    if (tensor.node) this.releaseNode(tensor.node, op);
  }
}

/** What a tensor was upsampled from, and how to do it again. */
export interface Upsampled {
  readonly from: Tensor;
  readonly again: (leaf: Tensor) => Tensor;
}

/** A layer in a phase, with the sites of the ops that ran in it. */
interface Place {
  readonly layer: string;
  readonly sites: Map<string, number>;
}

/** A layer's first call in training. */
export interface LayerCall {
  /** Whether a tensor it was given needs a gradient: without one, recompute would leave its parameters without any. */
  readonly needsGradient: boolean;
  readonly flops: number;
}

/** The innermost layer that contains both; "" where that is the whole network. */
function commonLayer(a: string, b: string): string {
  const [x, y] = [a.split("."), b.split(".")];
  let same = 0;
  while (same < x.length && x[same] === y[same]) same++;
  return x.slice(0, same).join(".");
}

let engine: Engine | undefined;

/** The engine at work. Throws outside `withEngine`: a bug, never a user's mistake. */
export function current(): Engine {
  if (engine === undefined) throw new Error("no engine is running");
  return engine;
}

/** Makes `next` current while `body` runs. */
export function withEngine<R>(next: Engine, body: () => R): R {
  const before = engine;
  engine = next;
  try {
    return body();
  } finally {
    engine = before;
  }
}

/** Notes an assumption for the report. */
export function assume(what: Phrase): void {
  current().assumptions.set(what.text, what);
}

/** Ends a tensor between ops: what CPython does when the last name goes. */
export function releaseTensor(tensor: Tensor): void {
  current().end(tensor, "");
}

/** Runs `body` without a tape (`paddle.no_grad`). */
export function noGrad<R>(body: () => R): R {
  return withGradMode(false, body);
}

/** Runs `body` with a tape (`paddle.enable_grad`). */
export function withGrad<R>(body: () => R): R {
  return withGradMode(true, body);
}

function withGradMode<R>(enabled: boolean, body: () => R): R {
  const e = current();
  const before = e.gradEnabled;
  e.gradEnabled = enabled;
  try {
    return body();
  } finally {
    e.gradEnabled = before;
  }
}

/** Runs `body` under these lists; without auto-cast where there are none. */
export function withAmp<R>(amp: AmpState | undefined, body: () => R): R {
  const e = current();
  const before = e.amp;
  e.amp = amp;
  try {
    return body();
  } finally {
    e.amp = before;
  }
}
