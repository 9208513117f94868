/** @file Pooling. The tape keeps x and the result; no mask but for the `with_index` kernels. */

import { phrase } from "../words/phrase.ts";
import { reduceScratch } from "./reduce-kernel.ts";
import { type Device, defineOp, gradNode, type Shape, ShapeError, sizeOf, type TensorMeta } from "./types.ts";

export interface PoolAttrs {
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number] | "SAME";
  readonly ceilMode?: boolean;
  /** Adaptive: `kernel` is the output's size. */
  readonly adaptive?: boolean;
  readonly channelsLast?: boolean;
}

function pooled(op: string, x: TensorMeta, a: PoolAttrs): Shape {
  const hw = a.channelsLast ? [x.shape[1]!, x.shape[2]!] : [x.shape[2]!, x.shape[3]!];
  const out = hw.map((size, axis) => {
    if (a.adaptive) return a.kernel[axis]!;
    if (a.padding === "SAME") return Math.ceil(size / a.stride[axis]!);
    const span = size - a.kernel[axis]! + 2 * a.padding[axis]!;
    return (a.ceilMode ? Math.ceil(span / a.stride[axis]!) : Math.floor(span / a.stride[axis]!)) + 1;
  });
  if (out.some((d) => d <= 0))
    throw new ShapeError(op, phrase("output-not-positive", { width: out[1]!, height: out[0]! }), [x.shape]);
  const [n, c] = [x.shape[0]!, a.channelsLast ? x.shape[3]! : x.shape[1]!];
  return a.channelsLast ? [n, out[0]!, out[1]!, c] : [n, c, out[0]!, out[1]!];
}

/** Average and maximum pooling, adaptive average pooling. */
export const pool2dOp = defineOp<PoolAttrs>({
  name: "pool2d",
  gradNode: gradNode("pool2d"),
  amp: "pool2d",
  saves: [0],
  savesOut: [0],
  infer: ([x], attrs) => [{ shape: pooled("pool2d", x!, attrs), dtype: x!.dtype }],
  temporaries: meanScratch,
});

/** The average of a whole map is a reduction (`GetReduceNum` in phi's pool_kernel_impl.h). */
function meanScratch(
  [x]: readonly TensorMeta[],
  _out: readonly TensorMeta[],
  { adaptive, kernel, channelsLast }: PoolAttrs,
  device: Device,
): number[] {
  if (!adaptive || kernel[0] !== 1 || kernel[1] !== 1) return [];
  return [reduceScratch(x!.shape, channelsLast ? [1, 2] : [2, 3], sizeOf(x!.dtype), device)];
}

/** Maximum pooling that returns where the maximum was: an int32 for each output. */
export const maxPool2dWithIndexOp = defineOp<PoolAttrs>({
  name: "max_pool2d_with_index",
  gradNode: gradNode("max_pool2d_with_index"),
  amp: "max_pool2d_with_index",
  saves: [0],
  savesOut: [1],
  infer: ([x], attrs) => {
    const shape = pooled("max_pool2d_with_index", x!, attrs);
    return [
      { shape, dtype: x!.dtype },
      { shape, dtype: "int32" },
    ];
  },
});

/** Undoes a maximum pooling: x, the indices and the result are kept. */
export const unpoolOp = defineOp<{ readonly outputSize: readonly [number, number] }>({
  name: "unpool",
  gradNode: gradNode("unpool"),
  amp: "unpool",
  floatOnly: true,
  saves: [0, 1],
  savesOut: [0],
  infer: ([x], { outputSize }) => [{ shape: [x!.shape[0]!, x!.shape[1]!, ...outputSize], dtype: x!.dtype }],
  grads: () => ["new", undefined],
});

/** 3-D average pooling (attention maps). Shapes NCDHW. */
export const pool3dOp = defineOp<{ readonly kernel: Shape; readonly stride: Shape; readonly adaptive?: boolean }>({
  name: "pool3d",
  gradNode: gradNode("pool3d"),
  amp: "pool3d",
  saves: [0],
  savesOut: [0],
  infer: ([x], { kernel, stride, adaptive }) => {
    const out = x!.shape
      .slice(2)
      .map((size, i) => (adaptive ? kernel[i]! : Math.floor((size - kernel[i]!) / stride[i]!) + 1));
    return [{ shape: [x!.shape[0]!, x!.shape[1]!, ...out], dtype: x!.dtype }];
  },
});
