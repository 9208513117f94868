/** @file Backward: walks the tape in Paddle's order (paddle/fluid/eager/backward.cc) and settles leaf gradients. */
import { type GradSpec, numel, sizeOf, type TensorMeta } from "../ops/types.ts";
import { current, type Engine } from "./engine.ts";
import { sequence } from "./sequence.ts";
import type { GradNode, GradRule } from "./tape.ts";
import { type Storage, Tensor } from "./tensor.ts";

/** The gradient of a leaf, if it has one. */
export function gradientOf(leaf: Tensor): Tensor | undefined {
  return leaf.gradient;
}

/** Takes a leaf's gradient away from it. */
export function takeGradient(leaf: Tensor): Tensor | undefined {
  const { gradient } = leaf;
  leaf.gradient = undefined;
  return gradient;
}

/** `clear_gradients()`: the buffers stay, filled with zeros. */
export function zeroGradients(leaves: Iterable<Tensor>): void {
  for (const leaf of leaves) leaf.gradientZeroed = true;
}

/** `clear_gradient(set_to_zero=False)`: the buffers are freed. */
export function freeGradients(leaves: Iterable<Tensor>): void {
  for (const leaf of leaves) {
    const gradient = takeGradient(leaf);
    if (gradient) current().end(gradient, "");
  }
}

type Holder = (Tensor | undefined)[];

/** A node on the way: edges that have not been served, and the gradients that came in by slot. */
interface Waiting {
  pending: number;
  holder: Holder;
}

/** Runs backward from `loss` with a gradient of ones. */
export function backward(loss: Tensor): void {
  const e = current();
  if (loss.node === undefined) throw new Error("backward of a tensor without a grad node");
  const leave = e.enter("backward", "backward");
  const seed = e.tensor(loss.shape, loss.dtype, "full");
  backwardFrom(e, [{ node: loss.node, slot: loss.slot, grad: seed }]);
  leave();
}

/** Runs backward from given gradients, which it takes over. A leaf whose last gradient came in is settled at once. */
export function backwardFrom(e: Engine, roots: readonly { node: GradNode; slot: number; grad: Tensor }[]): void {
  const queue = [...new Set(roots.map((root) => root.node))];
  const waiting = countEdges(queue);
  for (const { node, slot, grad } of roots) put(e, waiting.get(node)!.holder, slot, grad, node.name);
  const leaves: GradNode[] = [];
  const inOrder = sequence(e.sequentialNodes.filter((node) => waiting.has(node)));
  for (let head = 0; head < queue.length; head++) {
    run(e, queue[head]!);
    for (let leaf = leaves.pop(); leaf !== undefined; leaf = leaves.pop()) run(e, leaf);
  }
  // A backward inside forward leaves alone what it did not reach.
  e.sequentialNodes = e.sequentialNodes.filter((node) => !waiting.has(node));

  function run(e: Engine, node: GradNode): void {
    const state = waiting.get(node)!;
    const grads = state.holder;
    state.holder = [];
    const produced = runNode(e, node, grads);
    for (let i = 0; i < node.edges.length; i++) {
      const edge = node.edges[i];
      if (edge === undefined) continue;
      const next = waiting.get(edge.node)!;
      const grad = produced[i];
      if (grad) put(e, next.holder, edge.slot, grad, node.name);
      if (--next.pending > 0) continue;
      if (edge.node.leaf) leaves.push(edge.node);
      else queue.push(...inOrder(edge.node));
    }
    for (const grad of grads) if (grad) e.end(grad, node.name);
  }
}

/**
 * The first gradient to reach a slot is moved in; each further one is added in place and freed. A sum takes contiguous
 * tensors: a strided one is copied, the new gradient before the first, whose copy stands in its place. `from` labels the events.
 */
function put(e: Engine, holder: Holder, slot: number, grad: Tensor, from: string): void {
  const first = holder[slot];
  if (first === undefined) {
    holder[slot] = grad;
    return;
  }
  const copy = grad.strides === undefined ? undefined : e.tensor(grad.shape, grad.dtype, from);
  if (first.strides !== undefined) holder[slot] = madeContiguous(e, first, from);
  if (copy) e.end(copy, from);
  e.end(grad, from);
}

function madeContiguous(e: Engine, grad: Tensor, from: string): Tensor {
  const copy = e.tensor(grad.shape, grad.dtype, from);
  e.end(grad, from);
  return copy;
}

/** Every node that can be reached, with the number of edges that lead to it. */
function countEdges(roots: readonly GradNode[]): Map<GradNode, Waiting> {
  const waiting = new Map<GradNode, Waiting>(roots.map((node) => [node, { pending: 0, holder: [] }]));
  const stack = [...roots];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    for (const edge of node.edges) {
      if (edge === undefined) continue;
      const known = waiting.get(edge.node);
      if (known) known.pending++;
      else {
        waiting.set(edge.node, { pending: 1, holder: [] });
        stack.push(edge.node);
      }
    }
  }
  return waiting;
}

/** Runs one node; clears what it saved. The gradients that came in stay the caller's. */
function runNode(e: Engine, node: GradNode, grads: Holder): (Tensor | undefined)[] {
  if (node.leaf) {
    settle(e, node.leaf, grads);
    return [];
  }
  const produced = node.run ? node.run(node, grads) : runRule(e, node, node.rule!, grads);
  for (const storage of node.saved) e.release(storage, node.name);
  node.saved = [];
  return produced;
}

/** A leaf's gradient: moved in if there was none or a zeroed one (which is freed after), else added in place, as `put` does. */
function settle(e: Engine, leaf: Tensor, grads: Holder): void {
  const grad = grads[0];
  // A leaf that only the tape knows (a loss's own number) keeps no gradient.
  if (grad === undefined || !leaf.alive) return;
  const old = leaf.gradient;
  const node = "GradNodeAccumulation";
  if (old === undefined || leaf.gradientZeroed) {
    grads[0] = undefined;
    e.setKind(grad.storage, "gradient");
    grad.references++;
    leaf.gradient = grad;
    leaf.gradientZeroed = false;
    if (old) e.end(old, node);
  } else {
    const copy = grad.strides === undefined ? undefined : e.tensor(grad.shape, grad.dtype, node);
    if (old.strides !== undefined) {
      const contiguous = e.tensor(old.shape, old.dtype, node);
      contiguous.references++;
      leaf.gradient = contiguous;
      old.references--;
      e.end(old, node);
    }
    if (copy) e.end(copy, node);
  }
  e.leafSettled?.(leaf);
}

function runRule(e: Engine, node: GradNode, rule: GradRule, grads: Holder): (Tensor | undefined)[] {
  if (rule.fillsMissing) {
    node.outputs.forEach((out, i) => {
      grads[i] ??= e.tensor(out.shape, out.dtype, "full");
    });
  }
  const specs = rule.specs(grads);
  if (!rule.strided && specs.includes("inplace")) settleStrided(e, node.name, grads);
  const strided = rule.strided ? nothing : stridedCopies(e, node.name, rule, grads);
  const before = rule.temporariesBefore();
  const early = before.length > 0 ? e.takeTemporaries(before, rule.kernel) : nothing;
  const around = rule.temporariesAround();
  const unwanted: Storage[] = [];
  const unused: Tensor[] = [];
  const produced = specs.map((spec, i) => {
    const input = node.inputs[i];
    if (input === undefined) return undefined;
    const scratch = around[i] ? e.takeTemporaries(around[i], rule.kernel) : nothing;
    const wanted = spec !== undefined && node.edges[i] !== undefined;
    if (!wanted && rule.makesAll)
      unwanted.push(...e.takeTemporaries([numel(input.shape) * sizeOf(input.dtype)], rule.kernel));
    const grad = wanted ? makeGrad(e, rule.kernel, spec, input, grads[0], node) : undefined;
    if (!wanted && rule.dropped.has(i)) unused.push(e.tensor(input.shape, input.dtype, rule.kernel));
    if (scratch.length > 0) e.freeTemporaries(scratch, rule.kernel);
    return grad;
  });
  const sizes = rule.temporaries();
  const taken = sizes.length > 0 ? e.takeTemporaries(sizes, rule.kernel) : nothing;
  for (const convolution of rule.convolutions(e.log.length)) e.log.convolutions.push(convolution);
  if (taken.length > 0) e.freeTemporaries(taken, rule.kernel);
  if (early.length > 0) e.freeTemporaries(early, rule.kernel);
  if (unwanted.length > 0) e.freeTemporaries(unwanted, rule.kernel);
  // They die with the gradients that arrived.
  if (unused.length > 0) grads.unshift(...unused);
  for (const storage of strided) e.release(storage, node.name);
  return produced;
}

function makeGrad(
  e: Engine,
  name: string,
  spec: Exclude<GradSpec, undefined>,
  input: TensorMeta,
  dout: Tensor | undefined,
  node: GradNode,
): Tensor {
  if (typeof spec === "object" && dout) return new Tensor(input.shape, input.dtype, dout.storage, spec.strides);
  if (spec === "inplace" && dout && dout.strides === undefined)
    return new Tensor(input.shape, input.dtype, dout.storage);
  const kept = node.saved.at(-1);
  if (spec === "saved" && kept) return new Tensor(input.shape, input.dtype, kept);
  return e.tensor(input.shape, input.dtype, spec === "copy" ? node.name : name);
}

/** A gradient that is to be written in place is made contiguous first, and the strided one let go. */
function settleStrided(e: Engine, name: string, grads: Holder): void {
  const old = grads[0];
  if (old?.strides === undefined) return;
  grads[0] = e.tensor(old.shape, old.dtype, name);
  e.end(old, name);
}

const nothing: readonly never[] = [];

/** Kernels take contiguous tensors: a strided one is copied for the time of the call. */
function stridedCopies(e: Engine, name: string, rule: GradRule, grads: Holder): readonly Storage[] {
  if (rule.savedCopies.length === 0 && grads.every((g) => g?.strides === undefined)) return nothing;
  const strided = grads.flatMap((g) => (g?.strides === undefined ? [] : [g]));
  return [...rule.savedCopies, ...strided].map((x) => {
    const storage = e.allocate(numel(x.shape) * sizeOf(x.dtype), name);
    storage.references++;
    return storage;
  });
}
