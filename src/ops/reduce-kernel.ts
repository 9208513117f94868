/**
 * @file The scratch of Paddle's GPU reductions: how `ReduceConfig` splits a reduction over blocks
 * (paddle/phi/kernels/funcs/reduce_function.h). A split one is reduced twice, with the partial results between.
 */
import { type Device, numel, type Shape, sizeOf } from "./types.ts";

/** kReduceMaxThread: threads of a block. */
const maxThreads = 128;
/** REDUCE_SPLIT_BOUNDARY: a reduction over a leading axis is split from this many elements on. */
const splitBoundary = 512;
/** Elements that one thread should reduce at least and at most. */
const [minPerThread, maxPerThread] = [16, 256];

function ceilDiv(a: number, b: number): number {
  return Math.floor((a + b - 1) / b);
}

function lastPowerOfTwo(n: number): number {
  return n < 1 ? 1 : 2 ** Math.floor(Math.log2(n));
}

function blockOf(n: number): number {
  return n >= maxThreads ? maxThreads : lastPowerOfTwo(n);
}

/** Neighbouring axes that are both reduced, or both kept, as one. */
function merged(shape: Shape, axes: readonly number[]): { sizes: number[]; reduced: boolean[] } {
  const gone = new Set(axes.length === 0 ? shape.keys() : axes.map((a) => (a < 0 ? a + shape.length : a)));
  const sizes: number[] = [];
  const reduced: boolean[] = [];
  shape.forEach((size, i) => {
    if (i > 0 && reduced.at(-1) === gone.has(i)) sizes[sizes.length - 1]! *= size;
    else {
      sizes.push(size);
      reduced.push(gone.has(i));
    }
  });
  return { sizes, reduced };
}

/** Reduction over one leading or middle axis: threads run along the last one. */
function splitHigher(last: number, left: number, reduce: number, threads: number): number {
  const blocks = Math.floor(threads / last);
  if (blocks <= 1 || reduce < splitBoundary) return 0;
  let size = lastPowerOfTwo(Math.floor(reduce / blocks));
  if (size <= 1) size = lastPowerOfTwo(Math.floor(Math.sqrt(reduce)));
  else if (size * 2 < reduce) size *= 2;
  return left * ceilDiv(reduce, size);
}

/** Any other reduction: as many splits as fill the card, within the limits of work per thread. */
function splitAny(lastReduced: boolean, left: number, reduce: number, threads: number): number {
  const [bx, by] = lastReduced ? [blockOf(reduce), blockOf(left)] : [blockOf(left), blockOf(reduce)];
  const y = Math.min(by, Math.floor(maxThreads / bx));
  const grid = lastReduced ? ceilDiv(left, y) : ceilDiv(left, bx);
  const perThread = lastReduced ? ceilDiv(reduce, bx) : ceilDiv(reduce, y);
  const fill = ceilDiv(Math.floor(threads / (bx * y)), grid);
  const splits = Math.max(Math.min(ceilDiv(perThread, minPerThread), fill), ceilDiv(perThread, maxPerThread));
  return splits > 1 ? left * splits : 0;
}

/** Bytes of partial results when `shape` is reduced over `axes` (none given: all) into elements of `size` bytes. */
export function reduceScratch(shape: Shape, axes: readonly number[], size: number, device: Device): number {
  const { sizes, reduced } = merged(shape, axes);
  const reduce = numel(sizes.filter((_, i) => reduced[i]));
  const left = numel(sizes.filter((_, i) => !reduced[i]));
  if (reduce <= 1) return 0;
  const threads = device.multiprocessors * device.threadsPerMultiprocessor;
  const lastReduced = reduced.at(-1) ?? true;
  const count = reduced.filter(Boolean).length;
  const lastOnly = reduced.length === count || (reduced.length === 2 && count === 1 && lastReduced);
  const elements =
    !lastOnly && count === 1
      ? splitHigher(sizes.at(-1)!, left, reduce, threads)
      : splitAny(lastReduced, left, reduce, threads);
  // Half-precision values are added up in float32 (MPTypeTrait).
  return elements * (size === sizeOf("float16") ? sizeOf("float32") : size);
}

/** The axes along which a tensor of shape `from` was broadcast to `to`. */
export function broadcastAxes(from: Shape, to: Shape): number[] {
  const offset = to.length - from.length;
  return to.flatMap((d, i) => (i < offset || from[i - offset]! < d ? [i] : []));
}
