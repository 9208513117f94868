/** @file Reductions along axes, cumulative sums, argmax. */
import { reduceScratch } from "./reduce-kernel.ts";
import {
  type Device,
  type DType,
  defineOp,
  gradNode,
  numel,
  type Op,
  type Shape,
  sizeOf,
  type TensorMeta,
} from "./types.ts";

export interface ReduceAttrs {
  /** Axes to reduce; empty: all of them. */
  readonly axes: readonly number[];
  readonly keepDim: boolean;
}

/** Shape after reducing. */
export function reducedShape(x: TensorMeta, { axes, keepDim }: ReduceAttrs): Shape {
  const rank = x.shape.length;
  const all = axes.length === 0;
  const gone = new Set(axes.map((a) => (a < 0 ? a + rank : a)));
  return x.shape.flatMap((d, i) => (!all && !gone.has(i) ? [d] : keepDim ? [1] : []));
}

/** Partial results of a reduction that is split over blocks. */
function scratch(
  [x]: readonly TensorMeta[],
  [out]: readonly TensorMeta[],
  { axes }: ReduceAttrs,
  device: Device,
): number[] {
  return [reduceScratch(x!.shape, axes, sizeOf(out!.dtype), device)];
}

function reduction(name: string, amp: string, keeps: boolean): Op<ReduceAttrs> {
  return defineOp<ReduceAttrs>({
    name,
    gradNode: gradNode(name),
    amp,
    ...(keeps ? { saves: [0], savesOut: [0] } : { meta: [0] }),
    infer: ([x], attrs) => [{ shape: reducedShape(x!, attrs), dtype: x!.dtype }],
    temporaries: scratch,
    // max_grad, min_grad …: where x equals the result, as a tensor of x's dtype (reduce_grad_functions.h).
    ...(keeps ? { gradTemporaries: ({ inputs: [x] }) => [numel(x!.shape) * sizeOf(x!.dtype)] } : {}),
  });
}

export const meanOp = reduction("mean", "reduce_mean", false);
export const maxOp = reduction("max", "reduce_max", true);
export const minOp = reduction("min", "reduce_min", true);
export const amaxOp = reduction("amax", "reduce_amax", true);
export const prodOp = reduction("prod", "reduce_prod", true);
export const logsumexpOp = reduction("logsumexp", "logsumexp", true);
export const frobeniusNormOp = reduction("frobenius_norm", "frobenius_norm", true);

/** `paddle.sum`: bool and int32 come out as int64. */
export const sumOp = defineOp<ReduceAttrs>({
  name: "sum",
  gradNode: gradNode("sum"),
  amp: "reduce_sum",
  meta: [0],
  infer: ([x], attrs) => {
    const dtype: DType = x!.dtype === "bool" || x!.dtype === "int32" ? "int64" : x!.dtype;
    return [{ shape: reducedShape(x!, attrs), dtype }];
  },
  // bool and int32 are cast to int64 first, inside the kernel.
  temporariesBefore: ([x]) => (x!.dtype === "bool" || x!.dtype === "int32" ? [numel(x!.shape) * sizeOf("int64")] : []),
  temporaries: scratch,
});

/** `_C_ops.mean_all`: the mean of everything, without axes. */
export const meanAllOp = defineOp({
  name: "mean_all",
  gradNode: gradNode("mean_all"),
  amp: "mean",
  meta: [0],
  infer: ([x]) => [{ shape: [], dtype: x!.dtype }],
  temporaries: ([x], [out], _, device) => [reduceScratch(x!.shape, [], sizeOf(out!.dtype), device)],
});

export const anyOp = defineOp<ReduceAttrs>({
  name: "any",
  amp: "any",
  infer: ([x], attrs) => [{ shape: reducedShape(x!, attrs), dtype: "bool" }],
});

export const allOp = defineOp<ReduceAttrs>({
  name: "all",
  amp: "all",
  infer: ([x], attrs) => [{ shape: reducedShape(x!, attrs), dtype: "bool" }],
});

/** Room of thrust's scan: one state for each block of threads (size inferred). */
const scanStates = 4096;

export const cumsumOp = defineOp({
  name: "cumsum",
  gradNode: gradNode("cumsum"),
  amp: "cumsum",
  saves: [0],
  // A scan along one of several axes takes a tensor of x's size (measured; one axis alone goes to thrust, cum_kernel.cu).
  temporaries: ([x]) => (x!.shape.length > 1 ? [numel(x!.shape) * sizeOf(x!.dtype)] : []),
  libraryScratch: ([x]) => (x!.shape.length === 1 && numel(x!.shape) > 1 ? scanStates : 0),
  infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
});

export const argmaxOp = defineOp<{ readonly axis: number; readonly keepDim: boolean; readonly dtype: DType }>({
  name: "argmax",
  amp: "arg_max",
  infer: ([x], { axis, keepDim, dtype }) => [{ shape: reducedShape(x!, { axes: [axis], keepDim }), dtype }],
});
