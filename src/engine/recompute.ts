/** @file Recompute (checkpointing) as `paddle.distributed.fleet.utils.recompute` does it: a PyLayer around a forward. */
import { numel, sizeOf } from "../ops/types.ts";
import { backwardFrom, takeGradient } from "./backward.ts";
import { current, type Engine, noGrad } from "./engine.ts";
import { pyLayer } from "./py-layer.ts";
import { drop, release, retain } from "./references.ts";
import { Tensor } from "./tensor.ts";

/**
 * Runs `body` without a tape, keeps its tensor inputs, and runs it again in backward. If no tensor input needs a
 * gradient the outputs get none, and neither do the parameters inside: Paddle's own trap (facts/paddle-memory.md, part 6 no. 6).
 * The AMP state is captured and set again in backward.
 */
export function recompute<A extends readonly unknown[], R>(inputs: A, body: (inputs: readonly unknown[]) => R): R {
  const e = current();
  const result = noGrad(() => body(inputs));
  const tensors = tensorsOf(inputs);
  if (tensors.every((x) => x.stopGradient)) return result;
  const outputs = tensorsOf(result);
  retain(inputs);
  const amp = e.amp;
  const node = pyLayer(tensors, outputs, (self, grads) => {
    const produced = again(e, inputs, body, amp, grads);
    self.dispose?.();
    return produced;
  });
  node.dispose = () => {
    node.dispose = undefined;
    release(inputs);
  };
  return result;
}

/** The tensors in a value, in order. */
function tensorsOf(value: unknown): Tensor[] {
  if (value instanceof Tensor) return [value];
  if (typeof value === "object" && value !== null && Symbol.iterator in value) return iterate(value).flatMap(tensorsOf);
  return [];
}

function iterate(value: object): unknown[] {
  return Array.isArray(value) ? value : Object.values(value);
}

function again<R>(
  e: Engine,
  inputs: readonly unknown[],
  body: (inputs: readonly unknown[]) => R,
  amp: Engine["amp"],
  grads: readonly (Tensor | undefined)[],
): (Tensor | undefined)[] {
  const [oldAmp, oldGrad] = [e.amp, e.gradEnabled];
  e.amp = amp;
  e.gradEnabled = true;
  const leaves: Tensor[] = [];
  const detached = inputs.map((x) => detach(x, leaves));
  retain(detached);
  const before = e.flops;
  const result = body(detached);
  e.recomputedFlops += e.flops - before;
  e.amp = oldAmp;
  retain(result);
  const roots = tensorsOf(result).flatMap((out, i) => {
    const grad = grads[i];
    return grad && out.node ? [{ node: out.node, slot: out.slot, grad: copyOfGradient(e, grad) }] : [];
  });
  backwardFrom(e, roots);
  e.gradEnabled = oldGrad;
  release(result);
  const produced = leaves.map(takeGradient);
  release(detached);
  drop(detached);
  return produced;
}

/** An input as the block sees it the second time: a leaf that shares the storage. */
function detach(value: unknown, leaves: Tensor[]): unknown {
  if (Array.isArray(value)) return value.map((item) => detach(item, leaves));
  if (!(value instanceof Tensor)) return value;
  const leaf = new Tensor(value.shape, value.dtype, value.storage, value.strides);
  leaf.stopGradient = value.stopGradient;
  leaves.push(leaf);
  return leaf;
}

/** The incoming gradient is copied once (facts/paddle-memory.md, part 6 no. 4); a strided one is made contiguous for it first. */
export function copyOfGradient(e: Engine, grad: Tensor): Tensor {
  const bytes = numel(grad.shape) * sizeOf(grad.dtype);
  const contiguous = grad.strides === undefined ? undefined : e.allocate(bytes, "");
  const made = new Tensor(grad.shape, grad.dtype, e.allocate(bytes, ""));
  if (contiguous) {
    contiguous.references++;
    e.release(contiguous, "");
  }
  return made;
}
