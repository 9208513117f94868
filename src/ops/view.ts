/** @file Ops that only look at a storage in another way: reshape, transpose, squeeze, slice. */

import { phrase } from "../words/phrase.ts";
import {
  contiguousStrides,
  defineOp,
  type GradContext,
  gradNode,
  numel,
  type OutSpec,
  type Shape,
  ShapeError,
  type TensorMeta,
} from "./types.ts";

function stridesOf(x: TensorMeta): readonly number[] {
  return x.strides ?? contiguousStrides(x.shape);
}

/** Strides, or undefined where they are those of a contiguous tensor. Axes of one element count too (DenseTensorMeta). */
function normal(shape: Shape, strides: readonly number[]): readonly number[] | undefined {
  const plain = contiguousStrides(shape);
  return plain.every((step, i) => strides[i] === step) ? undefined : strides;
}

/** Strides of a strided tensor seen under another shape, or undefined where only a copy can do it. */
export function viewStrides(shape: Shape, strides: readonly number[], target: Shape): number[] | undefined {
  const result = new Array<number>(target.length).fill(0);
  let t = target.length - 1;
  let base = strides.at(-1) ?? 1;
  let elements = 1;
  let viewed = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    elements *= shape[i]!;
    if (i > 0 && (shape[i - 1] === 1 || strides[i - 1] === elements * base)) continue;
    while (t >= 0 && (viewed < elements || target[t] === 1)) {
      result[t] = viewed * base;
      viewed *= target[t]!;
      t--;
    }
    if (viewed !== elements) return undefined;
    if (i > 0) {
      base = strides[i - 1]!;
      elements = 1;
      viewed = 1;
    }
  }
  return t < 0 ? result : undefined;
}

/** A shape with one -1 filled in and 0 taken over, as `reshape` reads it. */
export function fillShape(x: TensorMeta, shape: readonly number[]): number[] {
  const out = shape.map((d, i) => (d === 0 ? (x.shape[i] ?? 0) : d));
  const known = out.reduce((n, d) => (d < 0 ? n : n * d), 1);
  const total = numel(x.shape);
  const filled = out.map((d) => (d < 0 ? total / known : d));
  if (numel(filled) !== total || filled.some((d) => !Number.isInteger(d))) {
    throw new ShapeError("reshape", phrase("cannot-take-shape", { elements: total, shape }), [x.shape]);
  }
  return filled;
}

function reshaped(x: TensorMeta, shape: readonly number[]): OutSpec {
  const target = fillShape(x, shape);
  if (x.strides === undefined) return { shape: target, dtype: x.dtype, view: 0 };
  const strides = viewStrides(x.shape, x.strides, target);
  if (strides === undefined) return { shape: target, dtype: x.dtype };
  return { shape: target, dtype: x.dtype, view: 0, strides: normal(target, strides) };
}

/** The gradient is a view of dout; a strided dout is made contiguous by the node first. */
function reshapeGrads({ grads }: GradContext<unknown>) {
  return [grads[0]?.strides === undefined ? { strides: undefined } : ("copy" as const)];
}

function reshapeLike(name: string, amp: string) {
  return defineOp<{ readonly shape: readonly number[] }>({
    name,
    gradNode: gradNode(name),
    amp,
    strided: true,
    infer: ([x], { shape }) => [reshaped(x!, shape)],
    grads: reshapeGrads,
  });
}

export const reshapeOp = reshapeLike("reshape", "reshape2");
export const flattenOp = reshapeLike("flatten", "flatten_contiguous_range");

/** squeeze and unsqueeze: the new shape is worked out by the caller. */
function squeezeLike(name: string, amp: string) {
  return defineOp<{ readonly shape: readonly number[] }>({
    name,
    gradNode: gradNode(name),
    amp,
    strided: true,
    infer: ([x], { shape }) => {
      const strides = viewStrides(x!.shape, stridesOf(x!), shape);
      return [{ shape, dtype: x!.dtype, view: 0, strides: strides && normal(shape, strides) }];
    },
    grads: reshapeGrads,
  });
}

export const squeezeOp = squeezeLike("squeeze", "squeeze2");
export const unsqueezeOp = squeezeLike("unsqueeze", "unsqueeze2");

export const transposeOp = defineOp<{ readonly perm: readonly number[] }>({
  name: "transpose",
  gradNode: gradNode("transpose"),
  amp: "transpose2",
  strided: true,
  infer: ([x], { perm }) => {
    if (perm.length !== x!.shape.length) {
      throw new ShapeError("transpose", phrase("permutation-off-rank", { permutation: perm }), [x!.shape]);
    }
    const shape = perm.map((p) => x!.shape[p]!);
    const from = stridesOf(x!);
    return [
      {
        shape,
        dtype: x!.dtype,
        view: 0,
        strides: normal(
          shape,
          perm.map((p) => from[p]!),
        ),
      },
    ];
  },
  grads: ({ inputs, grads, attrs: { perm } }) => {
    const dout = grads[0]!;
    const from = stridesOf(dout);
    const strides = new Array<number>(perm.length);
    perm.forEach((p, i) => {
      strides[p] = from[i]!;
    });
    return [{ strides: normal(inputs[0]!.shape, strides) }];
  },
});

export interface SliceAttrs {
  readonly axes: readonly number[];
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  readonly steps?: readonly number[];
  /** Axes indexed by a number: taken out of the shape. */
  readonly squeezed?: readonly number[];
}

/** Length of `start:end:step` on a dimension, with Python's negative indices. */
function spanOf(size: number, start: number, end: number, step: number): number {
  const at = (v: number) => Math.min(Math.max(v < 0 ? v + size : v, step < 0 ? -1 : 0), step < 0 ? size - 1 : size);
  return Math.max(0, Math.ceil((at(end) - at(start)) / step));
}

function sliced(x: TensorMeta, { axes, starts, ends, steps, squeezed }: SliceAttrs): OutSpec {
  const shape = [...x.shape];
  const strides = [...stridesOf(x)];
  axes.forEach((axis, i) => {
    const step = steps?.[i] ?? 1;
    shape[axis] = spanOf(x.shape[axis] ?? 0, starts[i]!, ends[i]!, step);
    strides[axis] = strides[axis]! * step;
  });
  const keep = shape.map((_, i) => i).filter((i) => !squeezed?.includes(i));
  const out = keep.map((i) => shape[i]!);
  return {
    shape: out,
    dtype: x.dtype,
    view: 0,
    strides: normal(
      out,
      keep.map((i) => strides[i]!),
    ),
  };
}

/** `x[a:b]`: a view. Its gradient is a full zero-filled tensor of the source's shape. */
export const sliceOp = defineOp<SliceAttrs>({
  name: "slice",
  gradNode: gradNode("slice"),
  amp: "slice",
  strided: true,
  meta: [0],
  infer: ([x], attrs) => [sliced(x!, attrs)],
});

/** `x[a:b:c]` with a step. */
export const stridedSliceOp = defineOp<SliceAttrs>({
  name: "strided_slice",
  gradNode: gradNode("strided_slice"),
  amp: "strided_slice",
  strided: true,
  meta: [0],
  infer: ([x], attrs) => [sliced(x!, attrs)],
});
