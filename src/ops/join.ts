/** @file Ops that join tensors or take them apart: concat, stack, split, tile, expand. */

import { phrase } from "../words/phrase.ts";
import {
  contiguousStrides,
  defineOp,
  gradNode,
  numel,
  type Op,
  type Shape,
  ShapeError,
  sizeOf,
  type TensorMeta,
} from "./types.ts";

function axisOf(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** `paddle.concat` along `axis`. */
export const concatOp = defineOp<{ readonly axis: number }>({
  name: "concat",
  gradNode: gradNode("concat"),
  amp: "concat",
  listed: true,
  // A list argument: strided items are copied inside the kernel call (facts/paddle-memory.md, 1.3 no. 5).
  copyInKernel: true,
  infer: (inputs, { axis }) => {
    const first = inputs[0]!;
    const at = axisOf(axis, first.shape.length);
    const shape = [...first.shape];
    shape[at] = 0;
    for (const x of inputs) {
      if (x.shape.length !== shape.length || x.shape.some((d, i) => i !== at && d !== first.shape[i])) {
        throw new ShapeError(
          "concat",
          phrase("axes-differ", { axis }),
          inputs.map((i) => i.shape),
        );
      }
      shape[at] += x.shape[at]!;
    }
    return [{ shape, dtype: first.dtype }];
  },
});

/** stack_kernel.cu passes up to this many pointers to its kernel by value; more go through a buffer on the card. */
const stackByValue = 64;
const pointerBytes = 8;

function pointers({ length }: readonly TensorMeta[]): number[] {
  return length > stackByValue ? [length * pointerBytes] : [];
}

/** `paddle.stack`: a new axis. */
export const stackOp = defineOp<{ readonly axis: number }>({
  name: "stack",
  gradNode: gradNode("stack"),
  amp: "stack",
  listed: true,
  copyInKernel: true,
  infer: (inputs, { axis }) => {
    const first = inputs[0]!;
    const at = axisOf(axis, first.shape.length + 1);
    return [{ shape: [...first.shape.slice(0, at), inputs.length, ...first.shape.slice(at)], dtype: first.dtype }];
  },
  temporaries: pointers,
  gradTemporaries: ({ inputs }) => pointers(inputs),
});

export interface SplitAttrs {
  readonly axis: number;
  readonly sections: readonly number[];
}

/** Parts are new buffers; a part that got no gradient is filled with zeros, and the gradient is one concat. */
function splitting(name: string): Op<SplitAttrs> {
  return defineOp<SplitAttrs>({
    name,
    gradNode: gradNode(name),
    gradName: "concat",
    amp: name,
    fillsMissing: true,
    infer: ([x], { axis, sections }) => {
      const at = axisOf(axis, x!.shape.length);
      const total = sections.reduce((a, b) => a + b, 0);
      if (total !== x!.shape[at]) throw new ShapeError(name, phrase("sections-sum", { total }), [x!.shape]);
      return sections.map((d) => ({ shape: x!.shape.map((old, i) => (i === at ? d : old)), dtype: x!.dtype }));
    },
  });
}

/** `paddle.split(x, [a, b, …])`. */
export const splitOp = splitting("split");
/** `paddle.split(x, n)`, `paddle.chunk`. */
export const splitWithNumOp = splitting("split_with_num");

/** `paddle.unbind`: views of the parts. Its gradient is a stack of theirs. */
export const unbindOp = defineOp<{ readonly axis: number }>({
  name: "unbind",
  gradNode: gradNode("unbind"),
  gradName: "stack",
  amp: "unbind",
  strided: true,
  fillsMissing: true,
  infer: ([x], { axis }) => {
    const at = axisOf(axis, x!.shape.length);
    const shape = x!.shape.filter((_, i) => i !== at);
    const strides = (x!.strides ?? contiguousStrides(x!.shape)).filter((_, i) => i !== at);
    const isContiguous = contiguousStrides(shape).every((step, i) => shape[i] === 1 || step === strides[i]);
    const part = { shape, dtype: x!.dtype, view: 0, strides: isContiguous ? undefined : strides };
    return Array.from({ length: x!.shape[at]! }, () => part);
  },
});

function repeated(
  name: string,
  amp: string,
  rule: (x: TensorMeta, times: readonly number[]) => Shape,
): Op<{ readonly shape: readonly number[] }> {
  return defineOp<{ readonly shape: readonly number[] }>({
    name,
    gradNode: gradNode(name),
    amp,
    meta: [0],
    infer: ([x], { shape }) => [{ shape: rule(x!, shape), dtype: x!.dtype }],
  });
}

/** `paddle.expand(x, shape)`: a copy; -1 keeps a dimension. */
export const expandOp = repeated("expand", "expand_v2", (x, shape) =>
  shape.map((d, i) => (d === -1 ? (x.shape[x.shape.length - shape.length + i] ?? 1) : d)),
);

/** Shape of a tiled tensor whose first `axes` axes (all by default) are repeated. */
function tiled(x: TensorMeta, times: readonly number[], axes?: number): number[] {
  const rank = Math.max(x.shape.length, times.length);
  return Array.from({ length: rank }, (_, i) => {
    const d = x.shape[x.shape.length - rank + i] ?? 1;
    return i >= (axes ?? rank) ? d : d * (times[times.length - rank + i] ?? 1);
  });
}

/**
 * `paddle.tile(x, times)`. The kernel repeats one axis after the other; only the last axis is written to the result, so what the
 * axes before it come to lies beside the result (tile_kernel.cu; the smaller results on the way to it are not counted).
 */
export const tileOp = defineOp<{ readonly shape: readonly number[] }>({
  ...repeated("tile", "tile", (x, times) => tiled(x, times)),
  temporariesBefore: ([x], { shape: times }) => {
    const rank = Math.max(x!.shape.length, times.length);
    const padded = [...new Array<number>(rank - times.length).fill(1), ...times];
    const last = padded.findLastIndex((n, i) => n !== 1 && i < rank - 1);
    return last < 0 ? [] : [numel(tiled(x!, times, last + 1)) * sizeOf(x!.dtype)];
  },
});

/** `paddle.expand_as(x, y)`: y is only looked at. */
export const expandAsOp = defineOp<{ readonly shape: readonly number[] }>({
  name: "expand_as",
  gradNode: gradNode("expand_as"),
  amp: "expand_as_v2",
  floatOnly: true,
  meta: [0],
  infer: ([x], { shape }) => [{ shape, dtype: x!.dtype }],
});

/** One result of `paddle.meshgrid`: its vector spread over the grid, by way of a copy (meshgrid_kernel_impl.h). */
export const meshgridOp = defineOp<{ readonly shape: Shape }>({
  name: "meshgrid",
  gradNode: gradNode("meshgrid"),
  amp: "meshgrid",
  infer: ([x], { shape }) => [{ shape, dtype: x!.dtype }],
  temporariesBefore: ([x]) => [numel(x!.shape) * sizeOf(x!.dtype)],
});

/** `paddle.broadcast_tensors` of tensors of one shape, one by one: copies. */
export const broadcastTensorsOp = defineOp({
  name: "broadcast_tensors",
  gradNode: gradNode("broadcast_tensors"),
  amp: "broadcast_tensors",
  infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
});
