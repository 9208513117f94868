/** @file Convolutions: plain, depthwise, transposed; geometry as Paddle's infer-meta computes it. */

import { phrase } from "../words/phrase.ts";
import {
  type ConvGeometry,
  defineOp,
  gradNode,
  numel,
  type Op,
  type Shape,
  ShapeError,
  sizeOf,
  type TensorMeta,
} from "./types.ts";

export type Padding = number | readonly number[] | "SAME" | "VALID";

export interface ConvAttrs {
  readonly stride: readonly [number, number];
  readonly padding: Padding;
  readonly dilation: readonly [number, number];
  readonly groups: number;
  readonly channelsLast?: boolean;
  /** Transposed convolutions only. */
  readonly outputPadding?: readonly [number, number];
  readonly outputSize?: readonly [number, number] | undefined;
}

/** Padding before and after on each spatial axis. */
function pads(padding: Padding, size: number, axis: 0 | 1, kernel: number, stride: number): [number, number] {
  if (padding === "VALID") return [0, 0];
  if (padding === "SAME") {
    const out = Math.ceil(size / stride);
    const total = Math.max((out - 1) * stride + kernel - size, 0);
    const before = Math.floor(total / 2);
    return [before, total - before];
  }
  if (typeof padding === "number") return [padding, padding];
  if (padding.length === 2) return [padding[axis]!, padding[axis]!];
  return [padding[axis * 2]!, padding[axis * 2 + 1]!];
}

interface Spatial {
  readonly n: number;
  readonly c: number;
  readonly hw: readonly [number, number];
}

function spatial(x: TensorMeta, channelsLast: boolean): Spatial {
  const [n, a, b, d] = x.shape;
  if (n === undefined || a === undefined || b === undefined || d === undefined) {
    throw new ShapeError("conv2d", phrase("not-4-dimensions", {}), [x.shape]);
  }
  return channelsLast ? { n, c: d, hw: [a, b] } : { n, c: a, hw: [b, d] };
}

function shaped(n: number, c: number, hw: readonly [number, number], channelsLast: boolean): Shape {
  return channelsLast ? [n, hw[0], hw[1], c] : [n, c, hw[0], hw[1]];
}

function outputShape(op: string, x: TensorMeta, w: TensorMeta, attrs: ConvAttrs): Shape {
  const { stride, dilation, groups, channelsLast = false } = attrs;
  const input = spatial(x, channelsLast);
  const [cout, cin, kh, kw] = w.shape;
  if (input.c !== cin! * groups) {
    throw new ShapeError(op, phrase("filter-channels", { input: input.c, filter: cin! * groups }), [x.shape, w.shape]);
  }
  const one = (axis: 0 | 1, kernel: number) => {
    // SAME sets dilation to 1, as Paddle's UpdatePaddingAndDilation does.
    const d = attrs.padding === "SAME" ? 1 : dilation[axis];
    const [before, after] = pads(attrs.padding, input.hw[axis], axis, kernel, stride[axis]);
    return Math.floor((input.hw[axis] + before + after - (d * (kernel - 1) + 1)) / stride[axis]) + 1;
  };
  const out = [one(0, kh!), one(1, kw!)] as const;
  if (out[0] <= 0 || out[1] <= 0) {
    throw new ShapeError(op, phrase("output-not-positive", { width: out[1]!, height: out[0]! }), [x.shape, w.shape]);
  }
  return shaped(input.n, cout!, out, channelsLast);
}

function geometry(transposed: boolean) {
  return (a: ConvAttrs): ConvGeometry => ({
    groups: a.groups,
    stride: a.stride,
    dilation: a.dilation,
    transposed,
    channelsLast: a.channelsLast ?? false,
  });
}

/** 2 × output elements × filter elements per output. */
function convFlops([, w]: readonly TensorMeta[], [out]: readonly TensorMeta[]): number {
  const [, cin, kh, kw] = w!.shape;
  return 2 * numel(out!.shape) * cin! * kh! * kw!;
}

/** Asymmetric padding: cuDNN gets a padded copy of the input (conv_kernel.cu). */
function paddedCopy(x: TensorMeta, w: TensorMeta, attrs: ConvAttrs): number[] {
  const { stride, channelsLast = false } = attrs;
  const input = spatial(x, channelsLast);
  const padding = ([0, 1] as const).map((axis) =>
    pads(attrs.padding, input.hw[axis], axis, w.shape[2 + axis]!, stride[axis]),
  );
  if (padding.every(([before, after]) => before === after)) return [];
  const extra = padding.map(([before, after]) => Math.abs(before - after));
  return [input.n * input.c * (input.hw[0] + extra[0]!) * (input.hw[1] + extra[1]!) * sizeOf(x.dtype)];
}

/**
 * NHWC: cuDNN computes float32 in NCHW, so input and result are transposed; float16 in NHWC, so the filter is (conv_kernel.cu,
 * `compute_format`).
 */
function layoutCopies(x: TensorMeta, w: TensorMeta, out: TensorMeta, attrs: ConvAttrs): number[] {
  if (!attrs.channelsLast) return [];
  return x.dtype === "float16" ? [bytesOf(w)] : [bytesOf(x), bytesOf(out)];
}

/** Backward pads and transposes what it makes as well. */
const cudnnOnly: Partial<Op<ConvAttrs>> = {
  copyInKernel: true,
  temporaries: ([x, w], [out], attrs) => [...layoutCopies(x!, w!, out!, attrs), ...paddedCopy(x!, w!, attrs)],
  gradTemporaries: ({ inputs: [x, w], outputs: [out], attrs, needs }) => {
    const layout = layoutCopies(x!, w!, out!, attrs);
    const made = x!.dtype === "float16" ? needs[1] : needs[0];
    const copy = paddedCopy(x!, w!, attrs);
    return [...layout, ...(made ? layout.slice(0, 1) : []), ...copy, ...(needs[0] ? copy : [])];
  },
};

/** `depthwise_conv2d` is a kernel of Paddle's own, which pads as it goes; in NHWC it transposes the filter, with its order of axes. */
const depthwiseOnly: Partial<Op<ConvAttrs>> = {
  temporaries: ([, w], _, attrs) => transposedFilter(w!, attrs),
  gradTemporaries: ({ inputs: [, w], attrs }) => transposedFilter(w!, attrs),
};

function transposedFilter(w: TensorMeta, { channelsLast }: ConvAttrs): number[] {
  return channelsLast ? [bytesOf(w), w.shape.length * sizeOf("int32")] : [];
}

function bytesOf(x: TensorMeta): number {
  return numel(x.shape) * sizeOf(x.dtype);
}

function convolution(name: string, node: string, amp: string): Op<ConvAttrs> {
  return defineOp<ConvAttrs>({
    name,
    gradNode: node,
    amp,
    saves: [0, 1],
    infer: ([x, w], attrs) => [{ shape: outputShape(name, x!, w!, attrs), dtype: x!.dtype }],
    ...(name === "conv2d" ? { ...cudnnOnly, conv: geometry(false) } : depthwiseOnly),
    flops: convFlops,
  });
}

export const conv2dOp = convolution("conv2d", "Conv2dGradNodeFinal", "conv2d");
export const depthwiseConv2dOp = convolution("depthwise_conv2d", gradNode("depthwise_conv2d"), "depthwise_conv2d");

function transposedShape(x: TensorMeta, w: TensorMeta, attrs: ConvAttrs): Shape {
  const { stride, dilation, groups, outputPadding = [0, 0], outputSize, channelsLast = false } = attrs;
  const input = spatial(x, channelsLast);
  const [cin, cout, kh, kw] = w.shape;
  if (input.c !== cin) {
    throw new ShapeError("conv2d_transpose", phrase("filter-channels", { input: input.c, filter: cin! }), [
      x.shape,
      w.shape,
    ]);
  }
  const one = (axis: 0 | 1, kernel: number) => {
    const [before, after] = pads(attrs.padding, input.hw[axis], axis, kernel, stride[axis]);
    const size = (input.hw[axis] - 1) * stride[axis] - before - after + dilation[axis] * (kernel - 1) + 1;
    return outputSize?.[axis] ?? size + outputPadding[axis];
  };
  return shaped(input.n, cout! * groups, [one(0, kh!), one(1, kw!)], channelsLast);
}

function transposed(name: string): Op<ConvAttrs> {
  return defineOp<ConvAttrs>({
    name,
    gradNode: gradNode(name),
    amp: name,
    saves: [0, 1],
    infer: ([x, w], attrs) => [{ shape: transposedShape(x!, w!, attrs), dtype: x!.dtype }],
    flops: ([x, w]) => 2 * numel(x!.shape) * w!.shape[1]! * w!.shape[2]! * w!.shape[3]!,
    ...(name === "conv2d_transpose" ? { conv: geometry(true) } : {}),
  });
}

export const conv2dTransposeOp = transposed("conv2d_transpose");
export const depthwiseConv2dTransposeOp = transposed("depthwise_conv2d_transpose");
