/** @file Data-parallel training: `paddle.DataParallel`'s reducer, which averages gradients over the cards while backward runs (reducer.cc). */
import { gradientOf } from "../engine/backward.ts";
import { current, type Engine } from "../engine/engine.ts";
import { PyList } from "../engine/references.ts";
import type { GradNode } from "../engine/tape.ts";
import { type Storage, Tensor } from "../engine/tensor.ts";
import { UserError } from "../errors.ts";
import type { Parameter } from "../nn/layer.ts";
import { type DType, numel, sizeOf } from "../ops/types.ts";
import { MiB } from "../units.ts";
import { type Phrase, phrase } from "../words/phrase.ts";

/** Sizes at which a group of gradients is closed: the first one, then all others (fleet's strategy: 1 and 32 MB). */
const groupLimits = [1 * MiB, 32 * MiB] as const;

/** Gradients of one type that are added up together, in the parameters' order. */
export interface Group {
  readonly dtype: DType;
  readonly parameters: readonly Parameter[];
}

/**
 * `eager_assign_group_by_size`: in the order of the parameters, a group for each type, closed when it holds its limit; then sorted by
 * the first of their parameters. Each type has its own small group first.
 */
export function assignGroups(parameters: readonly Parameter[]): readonly Group[] {
  const closed: Group[] = [];
  const open = new Map<DType, { parameters: Parameter[]; bytes: number; limit: number }>();
  for (const p of parameters) {
    const group = open.get(p.dtype) ?? { parameters: [], bytes: 0, limit: groupLimits[0] };
    open.set(p.dtype, group);
    group.parameters.push(p);
    group.bytes += numel(p.shape) * sizeOf(p.dtype);
    if (group.bytes < group.limit) continue;
    closed.push({ dtype: p.dtype, parameters: group.parameters });
    open.set(p.dtype, { parameters: [], bytes: 0, limit: groupLimits[1] });
  }
  for (const [dtype, group] of open)
    if (group.parameters.length > 0) closed.push({ dtype, parameters: group.parameters });
  const place = new Map(parameters.map((p, i) => [p, i]));
  const first = ({ parameters: [p] }: Group) => (p === undefined ? 0 : (place.get(p) ?? 0));
  return closed.sort((a, b) => first(a) - first(b));
}

/**
 * The reducer of one process. Groups are sent in the reverse of the parameters' order, each when all its gradients are there and the
 * ones before it were sent: a new buffer takes them all, is added up by NCCL, copied back, and let go. The communicating stream has
 * used the buffer, so the block returns when the card has got that far. A parameter that the first forward pass does not lead to
 * takes part with zeros of its own, made with the first gradient and kept.
 */
export class Reducer {
  readonly groups: readonly Group[];
  private readonly parameters: readonly Parameter[];
  private readonly groupOf = new Map<Tensor, number>();
  private unused: readonly Parameter[] | undefined;
  private ready = new Set<Tensor>();
  private pending: number[] = [];
  private next = 0;
  /** Gradients as they were last taken, by parameter. */
  private readonly held = new Map<Tensor, Storage>();
  /** Unused parameters that have zeros. */
  private readonly zeros = new Set<Tensor>();

  constructor(parameters: readonly Parameter[]) {
    this.parameters = parameters.filter((p) => p.trainable);
    this.groups = assignGroups(this.parameters).toReversed();
    for (const [i, group] of this.groups.entries()) for (const p of group.parameters) this.groupOf.set(p, i);
  }

  /** After a forward pass whose gradients are to be averaged. Throws UserError where the last ones were not all there. */
  prepare(outputs: Iterable<unknown>): void {
    if (this.pending.length > 0 && this.next < this.groups.length) throw stops(phrase("no-gradient", {}));
    if (this.unused === undefined) {
      const reached = leavesBehind(outputs);
      this.unused = this.parameters.filter((p) => !reached.has(p));
    }
    this.pending = this.groups.map((group) => group.parameters.length);
    this.ready = new Set();
    this.next = 0;
  }

  /** Runs the backward pass of what was prepared. Throws UserError where a gradient comes in twice. */
  during(body: () => void): void {
    this.watching(body, (e, leaf) => this.arrived(e, leaf));
  }

  /** Runs a backward pass under `no_sync`: gradients are summed on the card. */
  withoutExchange(body: () => void): void {
    this.watching(body, (e, leaf) => this.hold(e, leaf));
  }

  private watching(body: () => void, settled: (e: Engine, leaf: Tensor) => void): void {
    const e = current();
    e.leafSettled = (leaf) => settled(e, leaf);
    try {
      body();
    } finally {
      e.leafSettled = undefined;
    }
  }

  private arrived(e: Engine, leaf: Tensor): void {
    if (this.ready.size === 0) for (const p of this.unused ?? []) this.mark(e, p, true);
    this.mark(e, leaf, false);
  }

  private mark(e: Engine, leaf: Tensor, isUnused: boolean): void {
    const index = this.groupOf.get(leaf);
    if (index === undefined) return;
    if (this.ready.has(leaf)) throw stops(phrase("gradient-twice", {}));
    this.ready.add(leaf);
    if (isUnused) this.fillZeros(e, leaf);
    else this.hold(e, leaf);
    this.pending[index]!--;
    for (; this.pending[this.next] === 0; this.next++) this.send(e, this.groups[this.next]!);
  }

  /** The reducer keeps what it took of a gradient until the next one: freeing a gradient between steps frees nothing. */
  private hold(e: Engine, leaf: Tensor): void {
    const storage = gradientOf(leaf)?.storage;
    const before = this.held.get(leaf);
    if (storage === undefined || storage === before || !this.groupOf.has(leaf)) return;
    storage.references++;
    this.held.set(leaf, storage);
    if (before) e.release(before, accumulation);
  }

  private fillZeros(e: Engine, leaf: Tensor): void {
    if (this.zeros.has(leaf)) return;
    this.zeros.add(leaf);
    e.allocate(numel(leaf.shape) * sizeOf(leaf.dtype), accumulation, "gradient").references++;
  }

  private send(e: Engine, { dtype, parameters }: Group): void {
    const lengths = parameters.map((p) => numel(p.shape));
    const total = lengths.reduce((sum, n) => sum + n, 0);
    const buffer = e.allocate(total * sizeOf(dtype), "empty");
    buffer.references++;
    e.log.lent.add(buffer.id);
    passingTables(e, concatTables(lengths), false);
    passingTables(e, splitTables(lengths), true);
    e.release(buffer, accumulation);
  }
}

const accumulation = "GradNodeAccumulation";

function stops(reason: Phrase): UserError {
  return new UserError("data-parallel-stops", { reason });
}

/** The leaves that backward would reach from these results: tensors, in lists or not. */
function leavesBehind(outputs: Iterable<unknown>): ReadonlySet<Tensor> {
  const leaves = new Set<Tensor>();
  const seen = new Set<GradNode>();
  const stack: GradNode[] = [];
  const visit = (node: GradNode | undefined): void => {
    if (node === undefined || seen.has(node)) return;
    seen.add(node);
    stack.push(node);
  };
  const open = (value: unknown): void => {
    if (value instanceof Tensor) visit(value.node);
    else if (Array.isArray(value) || value instanceof PyList) for (const item of value) open(item);
  };
  for (const value of outputs) open(value);
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node.leaf) leaves.add(node.leaf);
    for (const edge of node.edges) visit(edge?.node);
  }
  return leaves;
}

/** Tables of pointers and of ends, for kernels that take more tensors than fit into their arguments. In the order they are taken. */
const pointers = (count: number): number => 8 * count;
const ends = (count: number): number => 4 * (count + 1);

/** Tensors that the kernels take without tables (seen in Paddle 2.6.2 with 8 to 200 gradients of one and of many sizes). */
const mostConcatenated = 127;
const mostConcatenatedEqual = 128;
const mostSplit = 63;

function concatTables(lengths: readonly number[]): readonly number[] {
  const count = lengths.length;
  const equal = lengths.every((n) => n === lengths[0]);
  if (equal) return count > mostConcatenatedEqual ? [pointers(count)] : [];
  return count > mostConcatenated ? [ends(count), pointers(count)] : [];
}

function splitTables({ length }: readonly number[]): readonly number[] {
  return length > mostSplit ? [pointers(length), ends(length)] : [];
}

/** Taken and given back in the same order; the copying back runs on the communicating stream, which has a pool of its own. */
function passingTables(e: Engine, sizes: readonly number[], communicating: boolean): void {
  const taken: Storage[] = sizes.map((bytes) => e.allocate(bytes, accumulation, "temporary"));
  for (const storage of taken) {
    storage.references++;
    if (communicating) e.log.aside.add(storage.id);
  }
  for (const storage of taken) e.release(storage, accumulation);
}
