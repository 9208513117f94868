/** @file Sorting, selecting, gathering. Sizes that depend on values are taken at their largest, as each op says. */
import { type DType, defineOp, gradNode, numel, type Shape, sizeOf, type TensorMeta } from "./types.ts";

/** Room of a radix sort besides the second copy of keys and places: counts of digits (size inferred). */
const radixCounts = 4096;

/**
 * `argsort`: the sorted values and their places. A tensor of one axis is sorted by thrust (argsort_kernel.cu), whose radix sort
 * takes a second copy of keys and places past Paddle's allocator.
 */
export const argsortOp = defineOp<{ readonly axis: number }>({
  name: "argsort",
  gradNode: gradNode("argsort"),
  amp: "argsort",
  savesOut: [1],
  meta: [0],
  infer: ([x]) => [
    { shape: x!.shape, dtype: x!.dtype },
    { shape: x!.shape, dtype: "int64" },
  ],
  libraryScratch: ([x]) =>
    x!.shape.length === 1 && numel(x!.shape) > 0
      ? numel(x!.shape) * (sizeOf(x!.dtype) + sizeOf("int64")) + radixCounts
      : 0,
});

/** A row is sorted whole if it has this many elements and at least this share of them is wanted (topk_kernel.cu). */
const [sortedWidth, sortedShare] = [128, 0.25];
/** From this length on the largest of one row are found by radix, then sorted. */
const radixWidth = 1024;

/**
 * Scratch of `topk`. Another axis than the last is brought there and back; a sort takes places, values and places of all
 * elements; the radix way takes values and places of the result, sorted, gathered, and the sort's own places.
 */
function topkTemporaries([x]: readonly TensorMeta[], [out]: readonly TensorMeta[], axis = -1): number[] {
  const [int64, size] = [sizeOf("int64"), sizeOf(x!.dtype)];
  const [all, kept] = [numel(x!.shape), numel(out!.shape)];
  const at = axis < 0 ? axis + x!.shape.length : axis;
  const [width, k] = [x!.shape[at]!, out!.shape[at]!];
  const turned = at === x!.shape.length - 1 ? [] : [all * size, kept * int64, kept * size];
  if (width >= sortedWidth && k >= width * sortedShare) {
    return [...turned, all * int64, ...(k === width ? [] : [all * size, all * int64])];
  }
  if (x!.shape.length > 1 || width < radixWidth) return turned;
  return [kept * size, kept * int64, kept * int64, kept * int64];
}

/** The `k` largest along the last axis. */
export const topkOp = defineOp<{ readonly k: number; readonly axis?: number }>({
  name: "topk",
  gradNode: gradNode("topk"),
  amp: "top_k_v2",
  saves: [0],
  savesOut: [1],
  infer: ([x], { k, axis = -1 }) => {
    const at = axis < 0 ? axis + x!.shape.length : axis;
    const shape = x!.shape.map((d, i) => (i === at ? k : d));
    return [
      { shape, dtype: x!.dtype },
      { shape, dtype: "int64" },
    ];
  },
  temporaries: (inputs, outputs, { axis }) => topkTemporaries(inputs, outputs, axis),
});

/** `F.one_hot`: float32 of the input's shape with a class axis at the end. */
export const oneHotOp = defineOp<{ readonly classes: number }>({
  name: "one_hot",
  amp: "one_hot_v2",
  infer: ([x], { classes }) => [{ shape: [...x!.shape, classes], dtype: "float32" }],
});

/** Counts by block of 1,024 elements, and their running sums, two int64 for each block and one more (select_impl.cu.h). */
function selectTemporaries(mask: TensorMeta): number[] {
  const bytes = 2 * (Math.ceil(numel(mask.shape) / 1024) + 1) * sizeOf("int64");
  return [bytes, bytes];
}

/** `paddle.nonzero`: [count, rank] int64. Worst case: every element. */
export const nonzeroOp = defineOp<{ readonly count?: number }>({
  name: "nonzero",
  amp: "where_index",
  infer: ([x], { count }) => [{ shape: [count ?? numel(x!.shape), x!.shape.length], dtype: "int64" }],
  temporariesBefore: ([x]) => selectTemporaries(x!),
});

/** `paddle.masked_select(x, mask)`: [count]. Worst case: every element. */
export const maskedSelectOp = defineOp<{ readonly count?: number }>({
  name: "masked_select",
  gradNode: gradNode("masked_select"),
  amp: "masked_select",
  saves: [1],
  meta: [0],
  infer: ([x], { count }) => [{ shape: [count ?? numel(x!.shape)], dtype: x!.dtype }],
  temporariesBefore: ([, mask]) => selectTemporaries(mask!),
  grads: () => ["new", undefined],
});

/** `paddle.gather(x, index, axis)`. The index is kept. */
export const gatherOp = defineOp<{ readonly axis?: number }>({
  name: "gather",
  gradNode: gradNode("gather"),
  amp: "gather",
  saves: [1],
  meta: [0],
  infer: ([x, index], { axis = 0 }) => [
    { shape: x!.shape.map((d, i) => (i === axis ? numel(index!.shape) : d)), dtype: x!.dtype },
  ],
  grads: () => ["new", undefined],
});

/** `paddle.gather_nd(x, index)`: index [..., k] picks from the first k axes. */
export const gatherNdOp = defineOp({
  name: "gather_nd",
  gradNode: gradNode("gather_nd"),
  amp: "gather_nd",
  saves: [1],
  meta: [0],
  infer: ([x, index]) => {
    const k = index!.shape.at(-1)!;
    return [{ shape: [...index!.shape.slice(0, -1), ...x!.shape.slice(k)], dtype: x!.dtype }];
  },
  grads: () => ["new", undefined],
});

export const indexSelectOp = defineOp<{ readonly axis: number }>({
  name: "index_select",
  gradNode: gradNode("index_select"),
  amp: "index_select",
  saves: [1],
  meta: [0],
  infer: ([x, index], { axis }) => [
    { shape: x!.shape.map((d, i) => (i === axis ? index!.shape[0]! : d)), dtype: x!.dtype },
  ],
  grads: () => ["new", undefined],
});

export const takeAlongAxisOp = defineOp({
  name: "take_along_axis",
  gradNode: gradNode("take_along_axis"),
  amp: "take_along_axis",
  saves: [0, 1],
  infer: ([x, index]) => [{ shape: index!.shape, dtype: x!.dtype }],
  grads: () => ["new", undefined],
});

/** `F.embedding(ids, weight)`. */
export const embeddingOp = defineOp({
  name: "embedding",
  gradNode: gradNode("embedding"),
  amp: "lookup_table_v2",
  saves: [0],
  meta: [1],
  infer: ([ids, weight]) => [{ shape: [...ids!.shape, weight!.shape[1]!], dtype: weight!.dtype }],
  grads: () => [undefined, "new"],
});

/** `paddle.scatter(x, index, updates)`. */
export const scatterOp = defineOp({
  name: "scatter",
  gradNode: gradNode("scatter"),
  amp: "scatter",
  saves: [1],
  meta: [2],
  infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
  grads: () => ["new", undefined, "new"],
});

/** Ops whose result has a given shape and dtype, without a gradient. */
export const opaqueOp = (name: string) =>
  defineOp<{ readonly shape: Shape; readonly dtype: DType }>({
    name,
    amp: name,
    infer: (_, { shape, dtype }) => [{ shape, dtype }],
  });

/** Threads of a block in `histogram`; each block leaves its least and greatest element (histogram_kernel.cu). */
const histogramThreads = 512;

/** `paddle.histogram` of any tensor into int64 bins. */
export const histogramOp = defineOp<{ readonly bins: number }>({
  name: "histogram",
  amp: "histogram",
  infer: (_, { bins }) => [{ shape: [bins], dtype: "int64" }],
  temporaries: ([x]) => [2 * Math.ceil(numel(x!.shape) / histogramThreads) * sizeOf(x!.dtype)],
});
export const bincountOp = opaqueOp("bincount");
export const uniqueOp = opaqueOp("unique");
export const numelOp = opaqueOp("numel");
export const bitwiseOrOp = opaqueOp("bitwise_or");

/** `_legacy_C_ops.argsort`: as `argsort`, but its grad node has no name in the traces. */
export const legacyArgsortOp = defineOp<{ readonly axis: number }>({ ...argsortOp, gradNode: "", gradName: "" });

/** `x[a:b] = value`: in place. The kernel makes a copy of the part, frees it, and makes it again (set_value_kernel_impl.h). */
export const setValueOp = defineOp<{ readonly part: Shape }>({
  name: "set_value_with_tensor",
  gradNode: gradNode("set_value_with_tensor"),
  strided: true,
  saves: [1],
  infer: ([x]) => [{ ...x!, view: 0 }],
  // In backward a zeroed copy of the part.
  gradTemporaries: ({ inputs: [x], attrs: { part } }) => [numel(part) * sizeOf(x!.dtype)],
  temporaries: ([x], _, { part }) => {
    const bytes = numel(part) * sizeOf(x!.dtype);
    return [bytes, bytes];
  },
  temporariesInTurn: true,
});

/** `x[a:b] = number`: in place. The number, it again, and a copy of the part (set_value_kernel_impl.h). */
export const setNumberOp = defineOp<{ readonly part: Shape }>({
  name: "set_value",
  strided: true,
  infer: ([x]) => [{ ...x!, view: 0 }],
  temporariesBefore: ([x]) => [sizeOf(x!.dtype)],
  // A copy of an empty part takes a block all the same.
  temporaries: ([x], _, { part }) => [sizeOf(x!.dtype), Math.max(1, numel(part)) * sizeOf(x!.dtype)],
  temporariesInTurn: true,
});

/** `x[i, j] = value` with index tensors: in place. The value again, and the addresses of the indices, 8 bytes each (index_put_kernel.cu). */
export const indexPutOp = defineOp({
  name: "index_put",
  strided: true,
  infer: ([x]) => [{ ...x!, view: 0 }],
  temporariesBefore: ([, value]) => [numel(value!.shape) * sizeOf(value!.dtype)],
  temporaries: ([, , ...indices]) => [8 * indices.length],
});
