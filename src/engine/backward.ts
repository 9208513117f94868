/** @file Backward: walks the tape in Paddle's order (paddle/fluid/eager/backward.cc) and settles leaf gradients. */
import { type GradSpec, numel, sizeOf, type TensorMeta } from "../ops/types.ts";
import { current, type Engine } from "./engine.ts";
import type { Edge, GradNode, GradRule } from "./tape.ts";
import { type Storage, Tensor } from "./tensor.ts";

/** A leaf that collects gradients. `zeroed`: `clear_gradients` set it to zero and kept the buffer. */
export interface LeafGradient {
  tensor: Tensor;
  zeroed: boolean;
}

const leafGradients = new WeakMap<Tensor, LeafGradient>();

/** The gradient of a leaf, if it has one. */
export function gradientOf(leaf: Tensor): Tensor | undefined {
  return leafGradients.get(leaf)?.tensor;
}

/** Takes a leaf's gradient away from it. */
export function takeGradient(leaf: Tensor): Tensor | undefined {
  const gradient = leafGradients.get(leaf)?.tensor;
  leafGradients.delete(leaf);
  return gradient;
}

/** `clear_gradients()`: the buffers stay, filled with zeros. */
export function zeroGradients(leaves: Iterable<Tensor>): void {
  for (const leaf of leaves) {
    const gradient = leafGradients.get(leaf);
    if (gradient) gradient.zeroed = true;
  }
}

/** `clear_gradient(set_to_zero=False)`: the buffers are freed. */
export function freeGradients(leaves: Iterable<Tensor>): void {
  for (const leaf of leaves) {
    const gradient = leafGradients.get(leaf);
    if (!gradient) continue;
    leafGradients.delete(leaf);
    current().end(gradient.tensor, "");
  }
}

type Holder = (Tensor | undefined)[];

/** Runs backward from `loss` with a gradient of ones. */
export function backward(loss: Tensor): void {
  const e = current();
  if (loss.node === undefined) throw new Error("backward of a tensor without a grad node");
  const leave = e.enter("backward", "backward");
  const seed = e.tensor(loss.shape, loss.dtype, "full");
  backwardFrom(e, [{ node: loss.node, slot: loss.slot, grad: seed }]);
  leave();
}

/** Runs backward from given gradients, which it takes over. */
export function backwardFrom(e: Engine, roots: readonly { node: GradNode; slot: number; grad: Tensor }[]): void {
  const holders = new Map<GradNode, Holder>();
  const queue: GradNode[] = [];
  for (const { node, slot, grad } of roots) {
    if (!holders.has(node)) queue.push(node);
    put(e, holders, { node, slot }, grad, node.name);
  }
  const pending = inDegrees(queue);
  for (let node = queue.shift(); node !== undefined; node = queue.shift()) {
    const from = node.name;
    const grads = holders.get(node) ?? [];
    holders.delete(node);
    const produced = runNode(e, node, grads);
    node.edges.forEach((edge, i) => {
      if (edge === undefined) return;
      const grad = produced[i];
      if (grad) put(e, holders, edge, grad, from);
      const left = (pending.get(edge.node) ?? 1) - 1;
      pending.set(edge.node, left);
      if (left > 0) return;
      if (edge.node.leaf) queue.unshift(edge.node);
      else queue.push(edge.node);
    });
    for (const grad of grads) if (grad) e.end(grad, from);
  }
}

/**
 * The first gradient to reach a slot is moved in; each further one is added in place and freed. A sum takes contiguous
 * tensors: a strided one is copied, the new gradient before the first, whose copy stands in its place. `from` labels the events.
 */
function put(e: Engine, holders: Map<GradNode, Holder>, { node, slot }: Edge, grad: Tensor, from: string): void {
  let holder = holders.get(node);
  if (holder === undefined) {
    holder = [];
    holders.set(node, holder);
  }
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

function inDegrees(roots: readonly GradNode[]): Map<GradNode, number> {
  const degrees = new Map<GradNode, number>();
  const seen = new Set<GradNode>(roots);
  const stack = [...roots];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    for (const edge of node.edges) {
      if (edge === undefined) continue;
      degrees.set(edge.node, (degrees.get(edge.node) ?? 0) + 1);
      if (seen.has(edge.node)) continue;
      seen.add(edge.node);
      stack.push(edge.node);
    }
  }
  return degrees;
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

/** A leaf's gradient: moved in if there was none or a zeroed one (which is freed after), else added in place. */
function settle(e: Engine, leaf: Tensor, grads: Holder): void {
  const grad = grads[0];
  if (grad === undefined) return;
  const old = leafGradients.get(leaf);
  if (old && !old.zeroed) return;
  grads[0] = undefined;
  e.setKind(grad.storage, "gradient");
  leafGradients.set(leaf, { tensor: grad, zeroed: false });
  if (old) e.end(old.tensor, "GradNodeAccumulation");
}

function runRule(e: Engine, node: GradNode, rule: GradRule, grads: Holder): (Tensor | undefined)[] {
  if (rule.fillsMissing) {
    node.outputs.forEach((out, i) => {
      grads[i] ??= e.tensor(out.shape, out.dtype, "full");
    });
  }
  const specs = rule.specs(grads);
  if (!rule.strided && specs.includes("inplace")) settleStrided(e, node.name, grads);
  const strided = rule.strided
    ? []
    : contiguousCopies(e, node.name, [...rule.savedCopies, ...grads.filter((g) => g?.strides)]);
  const early = e.takeTemporaries(rule.temporariesBefore(grads), rule.kernel);
  const produced = specs.map((spec, i) => {
    const input = node.inputs[i];
    if (spec === undefined || input === undefined || node.edges[i] === undefined) return undefined;
    return makeGrad(e, rule.kernel, spec, input, grads[0], node);
  });
  e.kernelTemporaries(rule.temporaries(grads), rule.kernel);
  e.freeTemporaries(early, rule.kernel);
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

/** Kernels take contiguous tensors: a strided one is copied for the time of the call. */
function contiguousCopies(e: Engine, name: string, tensors: readonly (TensorMeta | undefined)[]): Storage[] {
  return tensors.flatMap((x) => {
    if (x === undefined) return [];
    const storage = e.allocate(numel(x.shape) * sizeOf(x.dtype), name);
    storage.references++;
    return [storage];
  });
}
