/** @file Runs an op on shapes, as a Paddle `xxx_ad_func` does: AMP casts, contiguous copies, kernel, grad node, release. */
import { castOp } from "../ops/cast.ts";
import { type DType, isFloat, numel, type Op, type OutSpec, sizeOf } from "../ops/types.ts";
import { ampDType } from "./amp.ts";
import { forwardConvolution } from "./convolutions.ts";
import { current, type Engine } from "./engine.ts";
import { accumulationNode, type Edge, GradNode, OpRule } from "./tape.ts";
import { type Storage, Tensor } from "./tensor.ts";

const none: readonly number[] = [];
const nothing: readonly never[] = [];

/**
 * Runs `op`; returns its outputs, held by nobody yet. Inputs that only the expression at hand held die when the op returns.
 * `undefined` stands for an optional input that is not given.
 */
export function run<A>(op: Op<A>, inputs: readonly Tensor[], attrs: A): Tensor[] {
  const e = current();
  for (const x of inputs) {
    if (!x.alive)
      throw new Error(`${op.name}: an input was used after its last reference was dropped: bind it to the frame`);
  }
  const outputs =
    e.amp === undefined || op.amp === undefined ? promote(e, op, inputs, attrs) : autocast(e, op, inputs, attrs);
  for (const x of inputs) if (x.references === 0 && x.alive && !outputs.includes(x)) e.end(x, "");
  return outputs;
}

/** The first output of `op`: what most ops are called for. */
export function run1<A>(op: Op<A>, inputs: readonly Tensor[], attrs: A): Tensor {
  const [out, ...rest] = run(op, inputs, attrs);
  for (const hidden of rest) current().end(hidden, "");
  return out!;
}

/** A last input in host memory makes it float32 (`GetDtypeWithPlace` in amp_utils.h). */
function autocast<A>(e: Engine, op: Op<A>, inputs: readonly Tensor[], attrs: A): Tensor[] {
  const amp = e.amp!;
  const looked = op.ampInputs === "first" ? inputs.slice(0, 1) : inputs;
  const dtypes = looked.map((x) => x.dtype);
  const last = looked.at(-1);
  const full = op.floatOnly || (last !== undefined && inHostMemory(last));
  const target = full ? "float32" : ampDType(amp, op.amp!, dtypes);
  e.amp = undefined;
  const casted = inputs.map((x, i) =>
    i < looked.length && castable(x) && x.dtype !== target ? cast(e, x, target) : x,
  );
  const outputs = promote(e, op, casted, attrs);
  endCopies(e, op.name, casted, inputs);
  e.amp = amp;
  return outputs;
}

/** Two float operands of different widths meet: the narrower is cast up. */
function promote<A>(e: Engine, op: Op<A>, inputs: readonly Tensor[], attrs: A): Tensor[] {
  const [x, y] = inputs;
  if (!op.promotes || !x || !y || x.dtype === y.dtype || !isFloat(x.dtype) || !isFloat(y.dtype)) {
    return compute(e, op, inputs, attrs);
  }
  const target = sizeOf(x.dtype) > sizeOf(y.dtype) ? x.dtype : y.dtype;
  const casted = inputs.map((t) => (isFloat(t.dtype) && t.dtype !== target ? cast(e, t, target) : t));
  const outputs = compute(e, op, casted, attrs);
  endCopies(e, op.name, casted, inputs);
  return outputs;
}

function endCopies(e: Engine, op: string, copies: readonly Tensor[], originals: readonly Tensor[]): void {
  copies.forEach((x, i) => {
    if (x !== originals[i]) e.end(x, op);
  });
}

function castable(x: Tensor): boolean {
  return isFloat(x.dtype) && x.dtype !== "float64" && x.storage.id >= 0;
}

/** A cast that Paddle inserts itself: an op with its own node. */
function cast(e: Engine, x: Tensor, dtype: DType): Tensor {
  return compute(e, castOp, [x], { dtype })[0]!;
}

function compute<A>(e: Engine, op: Op<A>, inputs: readonly Tensor[], attrs: A): Tensor[] {
  const needs = e.gradEnabled && op.gradNode !== undefined && inputs.some((x) => !x.stopGradient);
  // Nearly all inputs are contiguous and on the card: nothing has to be copied.
  const plain = inputs.every((x) => x.strides === undefined && x.storage.id >= 0);
  const ready = plain ? inputs : contiguous(e, op, inputs, needs);
  const inHost = !plain && ready.every(inHostMemory);
  const inKernel = plain || op.strided ? nothing : kernelCopies(e, op.name, ready, inHost);
  const specs = op.infer(ready, attrs);
  let early = op.temporariesBefore ? e.takeTemporaries(op.temporariesBefore(ready, attrs), op.name) : nothing;
  const outputs = specs.map((spec, i) => {
    const out = make(e, op.name, inHost ? { ...spec, host: true } : spec, ready);
    if (i === 0 && op.temporariesAmid) early = e.takeTemporaries(op.temporariesAmid(ready, attrs), op.name);
    return out;
  });
  if (op.libraryScratch) e.libraryScratch(op.libraryScratch(ready), op.name);
  const sizes = op.temporaries?.(ready, specs, attrs, e.device) ?? none;
  if (op.temporariesInTurn) for (const bytes of sizes) e.kernelTemporaries([bytes], op.name);
  else {
    const taken = sizes.length > 0 ? e.takeTemporaries(sizes, op.name) : nothing;
    if (op.conv) {
      const [x, w] = ready;
      e.log.convolutions.push(forwardConvolution(op.conv(attrs), [x!, w!, outputs[0]!], e.log.length));
    }
    if (taken.length > 0) e.freeTemporaries(taken, op.name);
  }
  if (early.length > 0) e.freeTemporaries(early, op.name);
  e.flops += op.flops ? op.flops(ready, specs, attrs) : numel(specs[0]?.shape ?? []);
  for (const storage of inKernel) e.release(storage, op.name);
  if (needs) attach(e, op, ready, inputs, outputs, attrs, plain);
  if (!plain) endCopies(e, op.name, ready, inputs);
  return outputs;
}

/** Strided inputs that the grad node takes are made contiguous before the kernel; it keeps the copies. */
function contiguous<A>(e: Engine, op: Op<A>, inputs: readonly Tensor[], needs: boolean): readonly Tensor[] {
  if (op.strided || op.copyInKernel || !needs) return inputs;
  return inputs.map((x, i) => (x.strides === undefined || !taken(op, i) ? x : contiguousCopy(e, x, op.name)));
}

/** Other strided inputs, and those in host memory, are copied for the time of the kernel. */
function kernelCopies(e: Engine, op: string, inputs: readonly Tensor[], inHost: boolean): Storage[] {
  return inputs
    .filter((x) => x.strides !== undefined || (!inHost && inHostMemory(x)))
    .map((x) => held(e.allocate(numel(x.shape) * sizeOf(x.dtype), op)));
}

/** A kernel whose inputs are all in host memory runs there; one that has others on the card gets copies. */
function inHostMemory(x: Tensor): boolean {
  return x.storage.id < 0 && numel(x.shape) > 0;
}

function held(storage: Storage): Storage {
  storage.references++;
  return storage;
}

function taken<A>(op: Op<A>, input: number): boolean {
  return (op.saves ?? none).includes(input) || (op.meta ?? none).includes(input);
}

function contiguousCopy(e: Engine, x: Tensor, op: string): Tensor {
  const copy = e.tensor(x.shape, x.dtype, op);
  copy.stopGradient = x.stopGradient;
  return copy;
}

function make(e: Engine, name: string, spec: OutSpec, inputs: readonly Tensor[]): Tensor {
  if (spec.view !== undefined) return new Tensor(spec.shape, spec.dtype, inputs[spec.view]!.storage, spec.strides);
  if (spec.host) return e.hostTensor(spec.shape, spec.dtype);
  return e.tensor(spec.shape, spec.dtype, name);
}

/** Makes the grad node: edges to what made the inputs, and the tensors that backward takes. */
function attach<A>(
  e: Engine,
  op: Op<A>,
  ready: readonly Tensor[],
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  attrs: A,
  plain: boolean,
): void {
  const edges: (Edge | undefined)[] = inputs.map((x) => {
    if (x.stopGradient) return undefined;
    const node = x.node ?? accumulationNode(x);
    node.references++;
    return { node, slot: x.slot };
  });
  const needs = edges.map((edge) => edge !== undefined);
  const kept = keptInputs(op, needs);
  const copied = plain ? nothing : kept.map((i) => ready[i]!).filter((x) => x.strides !== undefined || inHostMemory(x));
  const rule = new OpRule(op, attrs, ready, outputs, needs, copied, e.device);
  if (op.listed) rule.dropped = new Set(inputs.flatMap((x, i) => (x.unmarked && isFloat(x.dtype) ? [i] : [])));
  const node = new GradNode(op.gradNode!, rule, ready, outputs, edges, e.currentLayer);
  if (op.sequential) e.sequentialNodes.push(node);
  for (const i of kept) keep(e, node, ready[i]!.storage);
  for (const i of op.savesOut ?? none) {
    const out = outputs[i];
    if (out !== undefined) keep(e, node, out.storage);
  }
  outputs.forEach((out, slot) => {
    if (!isFloat(out.dtype)) return;
    out.stopGradient = false;
    out.node = node;
    out.slot = slot;
    node.references++;
  });
}

/** Which inputs the tape keeps. */
function keptInputs<A>(op: Op<A>, needs: readonly boolean[]): readonly number[] {
  const saves = op.saves ?? none;
  const { savesIf } = op;
  if (savesIf === undefined && saves.every((i) => i < needs.length)) return saves;
  return saves.filter((i) => {
    const other = savesIf?.[i];
    return i < needs.length && (other === undefined || needs[other]);
  });
}

function keep(e: Engine, node: GradNode, storage: Storage): void {
  e.save(storage);
  node.saved.push(storage);
}
