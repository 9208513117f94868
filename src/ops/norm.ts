/** @file Normalisation: what each keeps for backward (facts/paddle-ops.json; GPU kernels' temporaries with their source). */
import { reduceScratch } from "./reduce-kernel.ts";
import { defineOp, type GradContext, gradNode, numel, sizeOf, type TensorMeta } from "./types.ts";

export interface NormAttrs {
  readonly training: boolean;
  readonly channelsLast?: boolean;
}

const channels = (x: TensorMeta, channelsLast = false): number => x.shape[channelsLast ? x.shape.length - 1 : 1]!;

const stats = (shape: readonly number[]) => ({ shape, dtype: "float32" as const });

/** NHWC: cuDNN's training kernels get a transposed copy of every map (batch_norm_kernel.cu). */
function transposedMaps(x: TensorMeta, count: number, { training, channelsLast }: NormAttrs): number[] {
  return training && channelsLast ? new Array<number>(count).fill(bytesOf(x)) : [];
}

/**
 * Inputs: x, running mean, running variance, scale, bias. The statistics are updated in place; in training two vectors of C are kept,
 * in evaluation none is made on the GPU. The reserve space of cuDNN is 0 bytes in the default mode.
 */
export const batchNormOp = defineOp<NormAttrs>({
  name: "batch_norm",
  gradNode: gradNode("batch_norm"),
  amp: "batch_norm",
  ampInputs: "first",
  saves: [0, 1, 2, 3, 4],
  savesOut: [1, 2],
  infer: ([x], { training, channelsLast }) => {
    const out = { shape: x!.shape, dtype: x!.dtype };
    const c = [channels(x!, channelsLast)];
    return training ? [out, stats(c), stats(c)] : [out];
  },
  grads: ({ needs }) => [need(needs[0]), undefined, undefined, need(needs[3]), need(needs[4])],
  // x and the result; backward x, the result's gradient and x's.
  temporariesAmid: ([x], attrs) => transposedMaps(x!, 2, attrs),
  gradTemporaries: ({ inputs: [x], attrs }) => transposedMaps(x!, 3, attrs),
});

function need(needed: boolean | undefined): "new" | undefined {
  return needed ? "new" : undefined;
}

/** The vector that processes add up: two sums for each channel and a count. One process makes it too (sync_batch_norm_utils.h). */
function syncStatistics(x: TensorMeta, { channelsLast }: NormAttrs): number[] {
  return [(2 * channels(x, channelsLast) + 1) * sizeOf("float32")];
}

/**
 * SyncBatchNorm: the statistics of all processes. Auto-cast passes it by, as all ops that end in `_` (eager_gen.py): it computes in
 * the type of x, whatever the lists say of `sync_batch_norm`.
 */
export const syncBatchNormOp = defineOp<NormAttrs>({
  name: "sync_batch_norm_",
  gradNode: "SyncBatchNormGradNode",
  gradName: "sync_batch_norm_grad",
  sequential: true,
  saves: [0, 3, 4],
  savesOut: [1, 2],
  infer: ([x], { training, channelsLast }) => {
    const out = { shape: x!.shape, dtype: x!.dtype };
    const c = [channels(x!, channelsLast)];
    return training ? [out, stats(c), stats(c)] : [out];
  },
  grads: ({ needs }) => [need(needs[0]), undefined, undefined, need(needs[3]), need(needs[4])],
  temporariesAmid: ([x], attrs) => (attrs.training ? syncStatistics(x!, attrs) : []),
  gradTemporaries: ({ inputs: [x], attrs }) => syncStatistics(x!, attrs),
});

/** Rows of partial sums of the plain layer_norm_grad kernel: BDIMY2 × VPT (layer_norm_kernel.cu.h). */
const layerNormParts = 16;

/** Row lengths that the fast layer_norm_grad kernel was compiled for (symbols of libpaddle.so 2.6.2). */
const fastLayerNorm: readonly number[] = [256, 384, 1024];

/** Partial sums of the scale's and the bias's gradient: two buffers in the fast kernel, one in the plain one. */
function layerNormTemporaries({ inputs: [x], needs, attrs, device }: GradContext<LayerNormAttrs>): number[] {
  const rows = numel(x!.shape.slice(0, attrs.beginAxis));
  if (rows === 1 || !needs.every((needed) => needed)) return [];
  const features = numel(x!.shape) / rows;
  const fast = 2 * device.multiprocessors * features * sizeOf("float32");
  return fastLayerNorm.includes(features) ? [fast, fast] : [2 * layerNormParts * features * sizeOf("float32")];
}

export interface LayerNormAttrs {
  readonly beginAxis: number;
}

/** Inputs: x, scale, bias. Mean and variance of each row are kept in float32. */
export const layerNormOp = defineOp<LayerNormAttrs>({
  name: "layer_norm",
  gradNode: gradNode("layer_norm"),
  amp: "layer_norm",
  ampInputs: "first",
  saves: [0, 1],
  savesOut: [1, 2],
  meta: [2],
  infer: ([x], { beginAxis }) => {
    const rows = [numel(x!.shape.slice(0, beginAxis))];
    return [{ shape: x!.shape, dtype: x!.dtype }, stats(rows), stats(rows)];
  },
  gradTemporaries: layerNormTemporaries,
});

/** Inputs: x, scale, bias. Keeps x and y; dx takes dout's buffer. Backward temporaries as in group_norm_grad_kernel.cu. */
export const groupNormOp = defineOp<{ readonly groups: number; readonly channelsLast?: boolean }>({
  name: "group_norm",
  gradNode: gradNode("group_norm"),
  amp: "group_norm",
  saves: [0, 1, 2],
  savesOut: [0, 1, 2],
  infer: ([x], { groups }) => {
    const rows = [x!.shape[0]!, groups];
    return [{ shape: x!.shape, dtype: x!.dtype }, stats(rows), stats(rows)];
  },
  grads: () => ["inplace", "new", "new"],
  temporaries: ([x], _, { groups }) => [x!.shape[0]! * groups * 4],
  // ds and db come before the gradients of scale and bias, p1 to p3 after them.
  gradTemporariesBefore: ({ inputs: [x], attrs: { channelsLast } }) => {
    const nc = x!.shape[0]! * channels(x!, channelsLast) * sizeOf("float32");
    return [nc, nc];
  },
  gradTemporaries: ({ inputs: [x], attrs: { groups, channelsLast } }) => {
    const nc = x!.shape[0]! * channels(x!, channelsLast) * sizeOf("float32");
    const ng = x!.shape[0]! * groups * sizeOf("float32");
    return [nc, ng, ng];
  },
});

/** Inputs: x, scale, bias (both optional). Keeps two vectors of N·C floats. */
export const instanceNormOp = defineOp({
  name: "instance_norm",
  gradNode: gradNode("instance_norm"),
  amp: "instance_norm",
  saves: [0, 1],
  savesOut: [1, 2],
  infer: ([x]) => {
    const rows = [x!.shape[0]! * x!.shape[1]!];
    return [{ shape: x!.shape, dtype: x!.dtype }, stats(rows), stats(rows)];
  },
  temporaries: ([x]) => {
    const bytes = x!.shape[0]! * x!.shape[1]! * 4;
    return [bytes, bytes];
  },
});

/** `paddle.norm` with p given. */
export const pNormOp = defineOp<{ readonly axis: number; readonly keepDim: boolean }>({
  name: "p_norm",
  gradNode: gradNode("p_norm"),
  amp: "p_norm",
  saves: [0],
  savesOut: [0],
  infer: ([x], { axis, keepDim }) => {
    const at = axis < 0 ? axis + x!.shape.length : axis;
    const shape = x!.shape.flatMap((d, i) => (i !== at ? [d] : keepDim ? [1] : []));
    return [{ shape, dtype: x!.dtype }];
  },
  temporaries: ([x], _, { axis }, device) => [reduceScratch(x!.shape, [axis], sizeOf(x!.dtype), device)],
});

/** Bytes of a tensor as it is. */
export function bytesOf(x: TensorMeta): number {
  return numel(x.shape) * sizeOf(x.dtype);
}
