/** @file Functions on tensors, as `paddle.*` and Python's operators on them. Each result is held by nobody until it is bound. */

import { run, run1 } from "../engine/dispatch.ts";
import { current } from "../engine/engine.ts";
import { scope } from "../engine/frame.ts";
import { drop, PyList } from "../engine/references.ts";
import { Tensor } from "../engine/tensor.ts";
import { type Pointwise, pointwiseOp, scaleOp } from "../ops/activation.ts";
import {
  arangeOp,
  assignOp,
  castOp,
  emptyOp,
  eyeOp,
  fullLikeOp,
  fullOp,
  gaussianOp,
  linspaceOp,
  randpermOp,
  uniformOp,
} from "../ops/cast.ts";
import { msDeformAttnOp } from "../ops/deform.ts";
import { einsumOp } from "../ops/einsum.ts";
import * as elementwise from "../ops/elementwise.ts";
import * as indexing from "../ops/index-ops.ts";
import * as join from "../ops/join.ts";
import * as linalg from "../ops/linalg.ts";
import { bmmOp, matmulOp } from "../ops/matmul.ts";
import { pNormOp } from "../ops/norm.ts";
import * as reduce from "../ops/reduce.ts";
import { flipOp, rollOp, trilOp } from "../ops/resize.ts";
import { type DType, isFloat, numel, type Op, type Shape, sameShape, sizeOf } from "../ops/types.ts";
import * as view from "../ops/view.ts";

export type Operand = Tensor | number;

/** A pointwise function of one tensor by its kernel name. */
export function pointwise(name: Pointwise): (x: Tensor) => Tensor {
  const op = pointwiseOp(name);
  return (x) => run1(op, [x], undefined);
}

export const abs = pointwise("abs");
export const ceil = pointwise("ceil");
export const clip = pointwise("clip");
export const exp = pointwise("exp");
export const floor = pointwise("floor");
export const log = pointwise("log");
/** `x ** number`. */
export const pow = pointwise("pow");
export const rsqrt = pointwise("rsqrt");
export const sqrt = pointwise("sqrt");
export const sign = pointwise("sign");
export const softplus = pointwise("softplus");
export const square = pointwise("square");
export const tanh = pointwise("tanh");

/** `x * a + b` with Python numbers. */
export function scale(x: Tensor): Tensor {
  return run1(scaleOp, [x], undefined);
}

/** A tensor op with Python's operator rules: a right operand of another kind (int against float) is cast to the left's dtype. */
function operator(op: Op, x: Tensor, y: Tensor): Tensor {
  if (x.dtype === y.dtype || (isFloat(x.dtype) && isFloat(y.dtype))) return run1(op, [x, y], undefined);
  return holding(y, () => run1(op, [x, cast(y, x.dtype)], undefined));
}

/** The expression at hand holds an operand until the whole operator has run, its cast included. */
function holding(x: Tensor, body: () => Tensor): Tensor {
  x.references++;
  const result = body();
  x.references--;
  drop(x);
  return result;
}

/** A number against a tensor, where Paddle fills a whole tensor of the other's shape and dtype with it. */
function filled(x: Tensor): Tensor {
  return run1(fullOp, [], { shape: x.shape, dtype: x.dtype });
}

/** Arithmetic with a float on an integer tensor casts the tensor to float32 first; then one `scale`. */
function withNumber(x: Tensor, number: number): Tensor {
  if (isFloat(x.dtype) || Number.isInteger(number)) return scale(x);
  return holding(x, () => scale(cast(x, "float32")));
}

export function add(x: Tensor, y: Operand): Tensor {
  return typeof y === "number" ? withNumber(x, y) : operator(elementwise.addOp, x, y);
}

/** `x - y`; for `number - x` see `rsub`. */
export function subtract(x: Tensor, y: Operand): Tensor {
  return typeof y === "number" ? withNumber(x, y) : operator(elementwise.subtractOp, x, y);
}

/** `number - x`. */
export function rsub(number: number, x: Tensor): Tensor {
  return withNumber(x, number);
}

export function multiply(x: Tensor, y: Operand): Tensor {
  return typeof y === "number" ? withNumber(x, y) : operator(elementwise.multiplyOp, x, y);
}

export function divide(x: Tensor, y: Operand): Tensor {
  if (typeof y === "number") return isFloat(x.dtype) ? scale(x) : holding(x, () => scale(cast(x, "float32")));
  // `x / y` has no promotion: a right operand of another dtype is cast to the left's, be it the wider one (eager_math_op_patch.cc).
  if (x.dtype === y.dtype) return run1(elementwise.divideOp, [x, y], undefined);
  return holding(y, () => run1(elementwise.divideOp, [x, cast(y, x.dtype)], undefined));
}

/** `number / x`: a full tensor, then a division. */
export function rdivide(x: Tensor): Tensor {
  const number = filled(x);
  return run1(elementwise.divideOp, [number, x], undefined);
}

function comparison(op: Op): (x: Tensor, y: Operand) => Tensor {
  return (x, y) => (typeof y === "number" ? run1(op, [x, filled(x)], undefined) : operator(op, x, y));
}

export const equal = comparison(elementwise.equalOp);
export const notEqual = comparison(elementwise.notEqualOp);
export const lessThan = comparison(elementwise.lessThanOp);
export const lessEqual = comparison(elementwise.lessEqualOp);
export const greaterThan = comparison(elementwise.greaterThanOp);
export const greaterEqual = comparison(elementwise.greaterEqualOp);
export const floorDivide = comparison(elementwise.floorDivideOp);
export const remainder = comparison(elementwise.remainderOp);
export const maximum = (x: Tensor, y: Tensor): Tensor => run1(elementwise.maximumOp, [x, y], undefined);
export const minimum = (x: Tensor, y: Tensor): Tensor => run1(elementwise.minimumOp, [x, y], undefined);
export const logicalAnd = (x: Tensor, y: Tensor): Tensor => run1(elementwise.logicalAndOp, [x, y], undefined);
export const logicalOr = (x: Tensor, y: Tensor): Tensor => run1(elementwise.logicalOrOp, [x, y], undefined);
export const logicalNot = (x: Tensor): Tensor => run1(elementwise.logicalNotOp, [x], undefined);

/** `paddle.where(condition, x, y)` of equal shapes. */
export function where(condition: Tensor, x: Tensor, y: Tensor): Tensor {
  return run1(elementwise.whereOp, [condition, x, y], undefined);
}

export function cast(x: Tensor, dtype: DType): Tensor {
  return run1(castOp, [x], { dtype });
}

export function assign(x: Tensor): Tensor {
  return run1(assignOp, [x], undefined);
}

export function full(shape: Shape, dtype: DType = "float32"): Tensor {
  return run1(fullOp, [], { shape, dtype });
}

export const zeros = full;
export const ones = full;

export function fullLike(x: Tensor, dtype?: DType): Tensor {
  const out = run1(fullLikeOp, [x], { dtype });
  out.unmarked = true;
  return out;
}

export function uniform(shape: Shape, dtype: DType = "float32"): Tensor {
  return run1(uniformOp, [], { shape, dtype });
}

export function arange(count: number, dtype: DType = "int64"): Tensor {
  return run1(arangeOp, [], { shape: [count], dtype });
}

/** A tensor copied from host memory: what `paddle.to_tensor` leaves on the card. */
export function toTensor(shape: Shape, dtype: DType): Tensor {
  return current().tensor(shape, dtype, "");
}

/** Shares the storage, without a grad node. */
export function detach(x: Tensor): Tensor {
  const out = new Tensor(x.shape, x.dtype, x.storage, x.strides);
  if (x.references === 0) current().end(x, "");
  return out;
}

/** `paddle.reshape`: x itself where the shape given is its own, number by number. */
export function reshape(x: Tensor, shape: readonly number[]): Tensor {
  if (sameShape(shape, x.shape)) return x;
  return run1(view.reshapeOp, [x], { shape });
}

export function flatten(x: Tensor, start = 0, stop = -1): Tensor {
  const last = stop < 0 ? stop + x.shape.length : stop;
  const shape = [...x.shape.slice(0, start), numel(x.shape.slice(start, last + 1)), ...x.shape.slice(last + 1)];
  return run1(view.flattenOp, [x], { shape });
}

export function transpose(x: Tensor, perm: readonly number[]): Tensor {
  return run1(view.transposeOp, [x], { perm });
}

export function squeeze(x: Tensor, axis: number | readonly number[]): Tensor {
  const axes = (typeof axis === "number" ? [axis] : axis).map((a) => (a < 0 ? a + x.shape.length : a));
  return run1(view.squeezeOp, [x], { shape: x.shape.filter((d, i) => !axes.includes(i) || d !== 1) });
}

export function unsqueeze(x: Tensor, axis: number | readonly number[]): Tensor {
  const shape = [...x.shape];
  for (const a of typeof axis === "number" ? [axis] : axis) shape.splice(a < 0 ? a + shape.length + 1 : a, 0, 1);
  return run1(view.unsqueezeOp, [x], { shape });
}

/** `x[:, a:b]` on one axis. */
export function slice(x: Tensor, axis: number, start: number, end: number): Tensor {
  return run1(view.sliceOp, [x], { axes: [axis], starts: [start], ends: [end] });
}

/** `x[..., index, ...]`: the axis goes away. */
export function select(x: Tensor, axis: number, index: number): Tensor {
  const at = index < 0 ? index + x.dim(axis) : index;
  return run1(view.sliceOp, [x], { axes: [axis], starts: [at], ends: [at + 1], squeezed: [axis] });
}

/** Basic indexing on several axes at once. */
export function sliceAxes(x: Tensor, attrs: view.SliceAttrs): Tensor {
  return attrs.steps === undefined ? run1(view.sliceOp, [x], attrs) : run1(view.stridedSliceOp, [x], attrs);
}

/** `paddle.concat`. A list that only this call holds dies with it. */
export function concat(items: Iterable<Tensor>, axis = 0): Tensor {
  return listed(items, (tensors) => run1(join.concatOp, tensors, { axis }));
}

export function stack(items: Iterable<Tensor>, axis = 0): Tensor {
  return listed(items, (tensors) => run1(join.stackOp, tensors, { axis }));
}

function listed(items: Iterable<Tensor>, op: (tensors: Tensor[]) => Tensor): Tensor {
  const out = op([...items]);
  if (items instanceof PyList && items.references === 0) items.drop();
  return out;
}

/** `paddle.split` into given sections. */
export function split(x: Tensor, sections: readonly number[], axis = 0): Tensor[] {
  return run(join.splitOp, [x], { axis, sections });
}

/** `paddle.split(x, n)`, `paddle.chunk`. */
export function splitEvenly(x: Tensor, count: number, axis = 0): Tensor[] {
  return run(join.splitWithNumOp, [x], { axis, sections: new Array<number>(count).fill(x.dim(axis) / count) });
}

/** `paddle.unbind`: views of the parts. */
export function unbind(x: Tensor, axis = 0): Tensor[] {
  return run(join.unbindOp, [x], { axis });
}

export function expand(x: Tensor, shape: readonly number[]): Tensor {
  return run1(join.expandOp, [x], { shape });
}

export function tile(x: Tensor, times: readonly number[]): Tensor {
  return run1(join.tileOp, [x], { shape: times });
}

export function matmul(x: Tensor, y: Tensor, transposeX = false, transposeY = false): Tensor {
  return run1(matmulOp, [x, y], { transposeX, transposeY });
}

export function bmm(x: Tensor, y: Tensor): Tensor {
  return run1(bmmOp, [x, y], undefined);
}

type Axes = number | readonly number[] | undefined;

function reducer(op: Op<reduce.ReduceAttrs>): (x: Tensor, axis?: Axes, keepDim?: boolean) => Tensor {
  return (x, axis, keepDim = false) =>
    run1(op, [x], { axes: axis === undefined ? [] : typeof axis === "number" ? [axis] : axis, keepDim });
}

export const mean = reducer(reduce.meanOp);
export const sum = reducer(reduce.sumOp);
export const max = reducer(reduce.maxOp);
export const min = reducer(reduce.minOp);
export const any = reducer(reduce.anyOp);

export function meanAll(x: Tensor): Tensor {
  return run1(reduce.meanAllOp, [x], undefined);
}

export function cumsum(x: Tensor): Tensor {
  return run1(reduce.cumsumOp, [x], undefined);
}

export function argmax(x: Tensor, axis: number, keepDim = false, dtype: DType = "int64"): Tensor {
  return run1(reduce.argmaxOp, [x], { axis, keepDim, dtype });
}

export function pNorm(x: Tensor, axis: number, keepDim = false): Tensor {
  return run1(pNormOp, [x], { axis, keepDim });
}

/** Sorted values and places, both on the card. */
export function argsort(x: Tensor, axis = -1): [Tensor, Tensor] {
  const [values, indices] = run(indexing.argsortOp, [x], { axis });
  return [values!, indices!];
}

export function topk(x: Tensor, k: number, axis = -1): [Tensor, Tensor] {
  const [values, indices] = run(indexing.topkOp, [x], { k, axis });
  return [values!, indices!];
}

export function oneHot(x: Tensor, classes: number): Tensor {
  return run1(indexing.oneHotOp, [x], { classes });
}

/** Worst case: every element is nonzero. */
export function nonzero(x: Tensor, count?: number): Tensor {
  return run1(indexing.nonzeroOp, [x], count === undefined ? {} : { count });
}

/** Worst case: every element is selected. */
export function maskedSelect(x: Tensor, mask: Tensor, count?: number): Tensor {
  return run1(indexing.maskedSelectOp, [x, mask], count === undefined ? {} : { count });
}

export function gather(x: Tensor, index: Tensor, axis = 0): Tensor {
  return run1(indexing.gatherOp, [x, index], { axis });
}

export function gatherNd(x: Tensor, index: Tensor): Tensor {
  return run1(indexing.gatherNdOp, [x, index], undefined);
}

export function indexSelect(x: Tensor, index: Tensor, axis = 0): Tensor {
  return run1(indexing.indexSelectOp, [x, index], { axis });
}

export function takeAlongAxis(x: Tensor, index: Tensor): Tensor {
  return run1(indexing.takeAlongAxisOp, [x, index], undefined);
}

export function roll(x: Tensor): Tensor {
  return run1(rollOp, [x], undefined);
}

export function flip(x: Tensor): Tensor {
  return run1(flipOp, [x], undefined);
}

export function tril(x: Tensor): Tensor {
  return run1(trilOp, [x], undefined);
}

/** `paddle._legacy_C_ops.argsort`: sorted values, which carry the gradient, and their places. */
export function legacyArgsort(x: Tensor): [Tensor, Tensor] {
  const [values, indices] = run(indexing.legacyArgsortOp, [x], { axis: 0 });
  return [values!, indices!];
}

/** `x[…] = value` on a part of `x` of the given shape; a value of another dtype is cast first. */
export function setValue(x: Tensor, value: Tensor, part: Shape = value.shape): void {
  scope({ value }, (f: { value: Tensor }) => {
    const same = f.value.dtype === x.dtype ? f.value : cast(f.value, x.dtype);
    if (x.strides !== undefined) setStrided(x, part);
    else inPlace(x, same, part);
  });
}

/** A strided tensor is made contiguous, set in a copy of that, and copied back. */
function setStrided(x: Tensor, part: Shape): void {
  const e = current();
  const kernel = indexing.setValueOp.name;
  const bytes = numel(part) * sizeOf(x.dtype);
  const contiguous = e.tensor(x.shape, x.dtype, `${kernel}_`);
  e.kernelTemporaries([bytes], kernel);
  const second = e.takeTemporaries([bytes], kernel);
  const copy = e.tensor(x.shape, x.dtype, kernel);
  e.freeTemporaries(second, kernel);
  e.end(copy, `${kernel}_`);
  e.end(contiguous, `${kernel}_`);
}

/** `x.numel()`: an int64 scalar on the card. */
export function numelOf(x: Tensor): Tensor {
  return run1(indexing.numelOp, [x], { shape: [], dtype: "int64" });
}

/** `x @ y`: a right operand of another dtype is cast to the left's first (eager_math_op_patch.cc, no promotion). */
export function matrixProduct(x: Tensor, y: Tensor): Tensor {
  const right = x.dtype === y.dtype ? y : cast(y, x.dtype);
  return matmul(x, right);
}

/** `x[mask] = number`, in place: the number is spread to x's shape, and `where_` takes it where the mask is true. */
export function fillWhere(x: Tensor, mask: Tensor): void {
  const value = expand(full([1], x.dtype), x.shape);
  const keep = logicalNot(mask);
  current().end(run1(elementwise.whereInPlaceOp, [keep, x, value], undefined), "");
}

/** `paddle.eye(n)`: [n, n]. */
export function eye(n: number): Tensor {
  return run1(eyeOp, [], { shape: [n, n], dtype: "float32" });
}

export const inverse = (x: Tensor): Tensor => run1(linalg.inverseOp, [x], undefined);
export const cholesky = (x: Tensor): Tensor => run1(linalg.choleskyOp, [x], undefined);
/** `paddle.diagonal` of the last two axes: a view. */
export const diagonal = (x: Tensor): Tensor => run1(linalg.diagonalOp, [x], undefined);

/** `paddle.meshgrid([x, y])` of two vectors. Each result is made from a copy of its vector. */
export function meshgrid(x: Tensor, y: Tensor): [Tensor, Tensor] {
  const shape = [x.dim(0), y.dim(0)];
  for (const vector of [x, y]) vector.references++;
  const grids: [Tensor, Tensor] = [run1(join.meshgridOp, [x], { shape }), run1(join.meshgridOp, [y], { shape })];
  for (const vector of [x, y]) {
    vector.references--;
    drop(vector);
  }
  return grids;
}

/** `x[…] = number` on a part of `x` of the given shape. */
export function setNumber(x: Tensor, part: Shape): void {
  current().end(run1(indexing.setNumberOp, [x], { part }), "");
}

/** `x[i, j, …] = value` with index tensors of one shape, in place. */
export function indexPut(x: Tensor, indices: readonly Tensor[], value: Tensor): void {
  current().end(run1(indexing.indexPutOp, [x, value, ...indices], undefined), "");
}

/** `x[i, j]` with two index tensors of one shape: spread to one shape, stacked, gathered. */
export function gatherPairs(x: Tensor, i: Tensor, j: Tensor): Tensor {
  return scope({ x, i, j }, (f: { x: Tensor; i: Tensor; j: Tensor }) => {
    [f.i, f.j] = [run1(join.broadcastTensorsOp, [f.i], undefined), run1(join.broadcastTensorsOp, [f.j], undefined)];
    return gatherNd(f.x, stack([f.i, f.j], -1));
  });
}

/** `paddle.einsum` of two operands: `ab,bc->ac`. */
export function einsum(equation: string, a: Tensor, b: Tensor): Tensor {
  const [left, right, out] = run(einsumOp, [a, b], { equation });
  for (const operand of [left!, right!]) drop(operand);
  return out!;
}

/** `number ** x`: a full tensor, then a power. */
export function powNumber(x: Tensor): Tensor {
  const number = filled(x);
  return run1(elementwise.elementwisePowOp, [number, x], undefined);
}

/** `~x`. */
export function bitwiseNot(x: Tensor): Tensor {
  return run1(elementwise.bitwiseNotOp, [x], undefined);
}

export const cos = pointwise("cos");
export const sin = pointwise("sin");

/** `paddle.diag` of a vector. */
export const diag = (x: Tensor): Tensor => run1(linalg.diagOp, [x], undefined);

/** `paddle.sort`: the values of `argsort`. */
export function sort(x: Tensor, axis = -1): Tensor {
  return run1(indexing.argsortOp, [x], { axis });
}

/** `paddle.randn`. */
export function gaussian(shape: Shape, dtype: DType = "float32"): Tensor {
  return run1(gaussianOp, [], { shape, dtype });
}

interface WhereLocals {
  condition: Tensor;
  x: Tensor;
  y: Tensor;
  zerosX: Tensor;
  zerosY: Tensor;
  zerosCondition: Tensor;
  castCondition: Tensor;
  zeros: Tensor;
  spreadX: Tensor;
  spreadY: Tensor;
  spreadCondition: Tensor;
}

/** `paddle.where(condition, x, number)`: all three are brought to one shape by adding zeros. */
export function whereElse(condition: Tensor, x: Tensor): Tensor {
  return scope({ condition, x }, (f: WhereLocals) => {
    f.y = full([1], f.x.dtype);
    f.zerosX = fullLike(f.x);
    f.zerosY = fullLike(f.y);
    f.zerosCondition = fullLike(f.condition);
    f.zerosCondition = cast(f.zerosCondition, f.x.dtype);
    f.castCondition = cast(f.condition, f.x.dtype);
    f.zeros = add(f.zerosX, f.zerosY);
    f.zeros = add(f.zeros, f.zerosCondition);
    f.spreadX = add(f.x, f.zeros);
    f.spreadY = add(f.y, f.zeros);
    f.spreadCondition = add(f.castCondition, f.zeros);
    f.spreadCondition = cast(f.spreadCondition, "bool");
    return where(f.spreadCondition, f.spreadX, f.spreadY);
  });
}

/** `paddle.scatter(x, index, updates)`: a copy of x with rows put in. */
export function scatter(x: Tensor, index: Tensor, updates: Tensor): Tensor {
  return run1(indexing.scatterOp, [x, index, updates], undefined);
}

/** `paddle.histogram`: int64 [bins]. */
export function histogram(x: Tensor, bins: number): Tensor {
  return run1(indexing.histogramOp, [x], { bins });
}

/** A value with a gradient makes `x` the result of a node: the one it had before stands behind it. */
function inPlace(x: Tensor, value: Tensor, part: Shape): void {
  const e = current();
  if (e.gradEnabled && !value.stopGradient) x.stopGradient = false;
  const out = run1(indexing.setValueOp, [x, value], { part });
  if (out.node !== undefined) {
    const before = x.node;
    x.node = out.node;
    x.slot = out.slot;
    out.node = undefined;
    if (before) e.releaseNode(before, "");
  }
  e.end(out, "");
}

/** `paddle.empty`. */
export function empty(shape: Shape, dtype: DType = "float32"): Tensor {
  return run1(emptyOp, [], { shape, dtype });
}

/** `paddle.linspace(a, b, count)`. */
export function linspace(count: number, dtype: DType = "float32"): Tensor {
  return run1(linspaceOp, [], { shape: [count], dtype });
}

export const prod = reducer(reduce.prodOp);

/** Deformable attention: value, sizes and starts of the levels, places, weights. */
export function msDeformAttn(...inputs: readonly [Tensor, Tensor, Tensor, Tensor, Tensor]): Tensor {
  return run1(msDeformAttnOp, inputs, undefined);
}

/** `paddle.randperm(n)`: int64. */
export function randperm(n: number): Tensor {
  return run1(randpermOp, [], { shape: [n], dtype: "int64" });
}

/** `paddle.unique` of `x` that has `count` values: int64. */
export function unique(x: Tensor, count: number): Tensor {
  return run1(indexing.uniqueOp, [x], { shape: [count], dtype: x.dtype });
}

/** `x.multiply_(y)`, `x.add_(y)`, …: into x's own storage, outside autograd. Gives x. */
export function overwrite(x: Tensor, y: Tensor): Tensor {
  x.references++;
  const out = run1(elementwise.overwriteOp, [x, y], undefined);
  current().end(out, "");
  x.references--;
  return x;
}

/** `y._share_buffer_to(x)`: x, and it alone, has y's storage from now on. */
export function replaceStorage(x: Tensor, y: Tensor): void {
  const old = x.storage;
  x.storage = y.storage;
  x.storage.references++;
  current().release(old, "");
  drop(y);
}
