/** @file `paddle.nn.functional`: functions with Python bodies of their own, and the kernels that need attributes. */
import { run, run1 } from "../engine/dispatch.ts";
import { current } from "../engine/engine.ts";
import { scope } from "../engine/frame.ts";
import { drop } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import { dropoutOp, logSoftmaxOp, preluOp, softmaxOp } from "../ops/activation.ts";
import { type ConvAttrs, conv2dOp, conv2dTransposeOp, depthwiseConv2dOp } from "../ops/conv.ts";
import { crossEntropyWithSoftmaxOp, kldivLossOp, sigmoidCrossEntropyOp } from "../ops/loss.ts";
import { maxPool2dWithIndexOp, type PoolAttrs, pool2dOp, pool3dOp, unpoolOp } from "../ops/pool.ts";
import {
  affineGridOp,
  gridSampleOp,
  pad3dOp,
  pixelShuffleOp,
  type ResizeMode,
  resizeOp,
  type UnfoldAttrs,
  unfoldOp,
} from "../ops/resize.ts";
import { numel, type Shape, sameShape } from "../ops/types.ts";
import * as t from "./tensor.ts";

export const relu = t.pointwise("relu");
export const relu6 = t.pointwise("relu6");
export const sigmoid = t.pointwise("sigmoid");
export const hardsigmoid = t.pointwise("hardsigmoid");
export const hardswish = t.pointwise("hardswish");
export const leakyRelu = t.pointwise("leaky_relu");
export const gelu = t.pointwise("gelu");
export const silu = t.pointwise("silu");
export const swish = t.pointwise("swish");
export const softplus = t.pointwise("softplus");
export const elu = t.pointwise("elu");
export const tanh = t.tanh;

export function softmax(x: Tensor): Tensor {
  return run1(softmaxOp, [x], undefined);
}

export function logSoftmax(x: Tensor): Tensor {
  return run1(logSoftmaxOp, [x], undefined);
}

export function prelu(x: Tensor, weight: Tensor): Tensor {
  return run1(preluOp, [x, weight], undefined);
}

export interface ConvOptions {
  readonly stride?: number | readonly [number, number];
  readonly padding?: ConvAttrs["padding"];
  readonly dilation?: number | readonly [number, number];
  readonly groups?: number;
  readonly dataFormat?: "NCHW" | "NHWC";
  readonly outputPadding?: number | readonly [number, number];
  readonly outputSize?: readonly [number, number];
}

export function pair(value: number | readonly [number, number]): readonly [number, number] {
  return typeof value === "number" ? [value, value] : value;
}

function convAttrs(o: ConvOptions): ConvAttrs {
  return {
    stride: pair(o.stride ?? 1),
    padding: o.padding ?? 0,
    dilation: pair(o.dilation ?? 1),
    groups: o.groups ?? 1,
    channelsLast: o.dataFormat === "NHWC",
    outputPadding: pair(o.outputPadding ?? 0),
    outputSize: o.outputSize,
  };
}

/** A bias is reshaped (a view) and added; the raw result dies when the function returns. */
function withBias(preBias: Tensor, bias: Tensor | undefined, channelsLast: boolean): Tensor {
  if (bias === undefined) return preBias;
  return scope({ preBias, bias }, (f: { preBias: Tensor; bias: Tensor }) => {
    f.bias = t.reshape(f.bias, channelsLast ? [1, 1, 1, -1] : [1, -1, 1, 1]);
    return t.add(f.preBias, f.bias);
  });
}

/**
 * `F.conv2d`. As many groups as input channels (and at least one output channel for each) makes it `depthwise_conv2d`,
 * which is another op to AMP.
 */
export function conv2d(x: Tensor, weight: Tensor, bias: Tensor | undefined, options: ConvOptions = {}): Tensor {
  const attrs = convAttrs(options);
  const channelsLast = attrs.channelsLast ?? false;
  const channels = x.dim(channelsLast ? 3 : 1);
  const depthwise = channels === attrs.groups && channels !== 1 && weight.dim(0) % channels === 0;
  return withBias(run1(depthwise ? depthwiseConv2dOp : conv2dOp, [x, weight], attrs), bias, channelsLast);
}

export function conv2dTranspose(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  options: ConvOptions = {},
): Tensor {
  const attrs = convAttrs(options);
  return withBias(run1(conv2dTransposeOp, [x, weight], attrs), bias, attrs.channelsLast ?? false);
}

export interface PoolOptions {
  readonly kernel: number | readonly [number, number];
  readonly stride?: number | readonly [number, number];
  readonly padding?: number | readonly [number, number] | "SAME";
  readonly ceilMode?: boolean;
  readonly dataFormat?: "NCHW" | "NHWC";
}

function poolAttrs(o: PoolOptions): PoolAttrs {
  return {
    kernel: pair(o.kernel),
    stride: pair(o.stride ?? o.kernel),
    padding: o.padding === "SAME" ? "SAME" : pair(o.padding ?? 0),
    ceilMode: o.ceilMode ?? false,
    channelsLast: o.dataFormat === "NHWC",
  };
}

/** `F.avg_pool2d` and `F.max_pool2d` without indices: one kernel. */
export function pool2d(x: Tensor, options: PoolOptions): Tensor {
  return run1(pool2dOp, [x], poolAttrs(options));
}

/** `F.max_pool2d(return_mask=True)`. */
export function maxPool2dWithIndex(x: Tensor, options: PoolOptions): [Tensor, Tensor] {
  const [out, mask] = run(maxPool2dWithIndexOp, [x], poolAttrs(options));
  return [out!, mask!];
}

export function adaptiveAvgPool2d(
  x: Tensor,
  size: number | readonly [number, number],
  dataFormat: "NCHW" | "NHWC" = "NCHW",
): Tensor {
  return run1(pool2dOp, [x], adaptive(size, dataFormat));
}

export function adaptiveMaxPool2d(x: Tensor, size: number | readonly [number, number]): Tensor {
  return run1(maxPool2dWithIndexOp, [x], adaptive(size, "NCHW"));
}

function adaptive(size: number | readonly [number, number], dataFormat: "NCHW" | "NHWC"): PoolAttrs {
  return { kernel: pair(size), stride: [1, 1], padding: [0, 0], adaptive: true, channelsLast: dataFormat === "NHWC" };
}

export interface InterpolateOptions {
  readonly mode?: ResizeMode | "area";
  readonly alignCorners?: boolean;
  readonly dataFormat?: "NCHW" | "NHWC";
}

/** `F.interpolate(x, size)`. */
export function interpolate(x: Tensor, size: readonly number[], options: InterpolateOptions = {}): Tensor {
  const { mode = "nearest", dataFormat = "NCHW" } = options;
  if (mode === "area") return adaptiveAvgPool2d(x, [size[0]!, size[1]!], dataFormat);
  const again = (leaf: Tensor) => run1(resizeOp(mode), [leaf], { size, channelsLast: dataFormat === "NHWC" });
  const e = current();
  const wanted = e.upsampledSize;
  if (wanted === undefined) return again(x);
  x.references++;
  const result = again(x);
  if (!result.stopGradient && sameShape(result.shape.slice(2), wanted) && numel(result.shape) > numel(x.shape)) {
    e.noteUpsampled(result, { from: x, again });
  } else {
    x.references--;
    drop(x);
  }
  return result;
}

/** `F.interpolate(x, scale_factor=…)`: sizes are rounded down. */
export function interpolateBy(
  x: Tensor,
  factor: number | readonly [number, number],
  options: InterpolateOptions = {},
): Tensor {
  const [fh, fw] = pair(factor);
  const first = options.dataFormat === "NHWC" ? 1 : 2;
  return interpolate(x, [Math.floor(x.dim(first) * fh), Math.floor(x.dim(first + 1) * fw)], options);
}

/** `F.dropout`: p = 0 gives x itself. Evaluation runs the same kernel, so nothing depends on the mode. */
export function dropout(x: Tensor, p: number, _training: boolean): Tensor {
  return p === 0 ? x : run1(dropoutOp, [x], undefined);
}

interface DropoutLocals {
  x: Tensor;
  p: Tensor | undefined;
  scale_input: Tensor;
  random_tensor: Tensor;
  keep_mask: Tensor;
}

/** `F.dropout2d`: whole channels are dropped, by ops of its own; in evaluation it is x itself. */
export function dropout2d(x: Tensor, p: number, training: boolean): Tensor {
  if (p === 0 || !training) return x;
  return scope({ x, p: undefined }, (f: DropoutLocals) => {
    f.scale_input = t.scale(f.x);
    f.random_tensor = t.uniform(f.x.shape.map((d, i) => (i < 2 ? d : 1)));
    f.p = t.full([1]);
    f.keep_mask = t.greaterEqual(f.random_tensor, f.p);
    f.scale_input = t.cast(f.scale_input, f.x.dtype);
    f.keep_mask = t.cast(f.keep_mask, f.x.dtype);
    return t.multiply(f.scale_input, f.keep_mask);
  });
}

/** `F.pad` of the two spatial axes: left, right, top, bottom. The kernel takes five axes. */
export function pad(
  x: Tensor,
  pads: readonly [number, number, number, number],
  dataFormat: "NCHW" | "NHWC" = "NCHW",
): Tensor {
  const channelsLast = dataFormat === "NHWC";
  const depth = channelsLast ? 1 : 2;
  return scope({ x }, (f: { x: Tensor; out: Tensor }) => {
    f.x = t.unsqueeze(f.x, depth);
    f.out = run1(pad3dOp, [f.x], { pads, channelsLast });
    f.out = t.squeeze(f.out, depth);
    return f.out;
  });
}

export function gridSample(x: Tensor, grid: Tensor): Tensor {
  return run1(gridSampleOp, [x, grid], undefined);
}

export function affineGrid(theta: Tensor, size: Shape): Tensor {
  return run1(affineGridOp, [theta], { size });
}

export function pixelShuffle(x: Tensor, factor: number): Tensor {
  return run1(pixelShuffleOp, [x], { factor });
}

export function unfold(x: Tensor, attrs: Partial<UnfoldAttrs> & Pick<UnfoldAttrs, "kernel">): Tensor {
  return run1(unfoldOp, [x], { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], ...attrs });
}

/** `F.linear`: a matrix product and an addition. */
export function linear(x: Tensor, weight: Tensor, bias: Tensor | undefined): Tensor {
  const out = t.matmul(x, weight);
  return bias === undefined ? out : t.add(out, bias);
}

export interface CrossEntropyOptions {
  readonly weight?: Tensor | undefined;
  readonly axis?: number;
  readonly softLabel?: boolean;
  readonly reduction?: "none" | "mean" | "sum";
}

interface CrossEntropyLocals {
  input: Tensor;
  label: Tensor;
  valid: Tensor;
  out: Tensor;
  mask: Tensor;
  gathered: Tensor;
  reshaped: Tensor;
  ignored: Tensor;
  is_ignore: Tensor;
  total: Tensor;
  count: Tensor;
}

/** `F.cross_entropy`: with hard labels 2.6 first works out `valid_label`, used only with class weights. */
export function crossEntropy(input: Tensor, label: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const { weight, axis = -1, softLabel = false, reduction = "mean" } = options;
  return scope({ input, label }, (f: CrossEntropyLocals) => {
    const squeezed = f.input.shape.length - 1 === f.label.shape.length;
    if (squeezed) f.label = t.unsqueeze(f.label, axis);
    if (!softLabel) f.valid = t.multiply(t.cast(t.notEqual(f.label, -100), f.label.dtype), f.label);
    const [softmaxOut, out] = run(crossEntropyWithSoftmaxOp, [f.input, f.label], { axis, softLabel });
    f.out = out!;
    // `_` keeps the softmax until the function returns.
    Object.assign(f, { softmaxOut });
    if (weight !== undefined) weighted(f, weight, axis, softLabel);
    if (reduction === "none" && squeezed) f.out = t.squeeze(f.out, axis);
    if (reduction === "none") return f.out;
    if (reduction === "sum") return t.sum(f.out);
    return meanOverValid(f, weight !== undefined, softLabel);
  });
}

function weighted(f: CrossEntropyLocals, weight: Tensor, axis: number, softLabel: boolean): void {
  if (softLabel) {
    f.gathered = t.matmul(t.cast(f.label, weight.dtype), weight, false, true);
    f.reshaped = t.reshape(f.gathered, f.out.shape);
  } else {
    f.ignored = t.cast(t.notEqual(f.label, -100), f.out.dtype);
    if (f.ignored.shape.length > 1 && f.ignored.dim(axis) === 1) f.ignored = t.squeeze(f.ignored, axis);
    const rank = f.valid.shape.length;
    const at = axis < 0 ? axis + rank : axis;
    const perm = [...f.valid.shape.keys()].filter((i) => i !== at).concat(at);
    f.gathered =
      axis !== -1 && axis !== rank - 1 ? t.gatherNd(weight, t.transpose(f.valid, perm)) : t.gatherNd(weight, f.valid);
    f.gathered = t.multiply(f.gathered, f.ignored);
    f.reshaped = t.reshape(f.gathered, f.label.shape);
  }
  f.out = t.cast(f.out, f.reshaped.dtype);
  f.out = t.multiply(f.out, f.reshaped);
}

/** The `mean` reduction where nothing is ignored: the card is asked how much is, then the sum is divided by the weights'. */
function meanOverValid(f: CrossEntropyLocals, weightedLoss: boolean, softLabel: boolean): Tensor {
  f.is_ignore = t.equal(f.label, -100);
  f.mask = t.bitwiseNot(f.is_ignore);
  drop(t.greaterThan(countNonzero(f.is_ignore), 0));
  if (softLabel || !weightedLoss) return t.meanAll(f.out);
  f.total = t.sum(f.out);
  f.count = t.sum(f.reshaped);
  return t.divide(f.total, t.add(f.count, t.equal(f.count, 0)));
}

/** `paddle.count_nonzero`: cast to bool, to int64, summed. */
function countNonzero(x: Tensor): Tensor {
  return scope({ x }, (f: { x: Tensor; bool: Tensor; int: Tensor }) => {
    f.bool = t.cast(f.x, "bool");
    f.int = t.cast(f.bool, "int64");
    return t.sum(f.int);
  });
}

/** `F.binary_cross_entropy_with_logits(reduction="none")` and its means. */
export function bceWithLogits(
  logit: Tensor,
  label: Tensor,
  options: { weight?: Tensor | undefined; posWeight?: Tensor | undefined; reduction?: "none" | "mean" | "sum" } = {},
): Tensor {
  const { weight, posWeight, reduction = "mean" } = options;
  return scope(
    { logit, label, weight, posWeight },
    (f: {
      logit: Tensor;
      label: Tensor;
      one: Tensor;
      weight?: Tensor | undefined;
      posWeight?: Tensor | undefined;
      out: Tensor;
    }) => {
      f.one = t.full([1], f.logit.dtype);
      if (f.posWeight !== undefined) {
        f.posWeight = t.add(t.multiply(f.label, t.subtract(f.posWeight, f.one)), f.one);
      }
      const inputs = f.posWeight === undefined ? [f.logit, f.label] : [f.logit, f.label, f.posWeight];
      f.out = run1(sigmoidCrossEntropyOp, inputs, undefined);
      if (f.weight !== undefined) f.out = t.multiply(f.out, f.weight);
      if (reduction === "none") return f.out;
      return reduction === "sum" ? t.sum(f.out) : t.meanAll(f.out);
    },
  );
}

/** The phase at hand: losses and models that look at it (`self.training` is the layer's own). */
export function inBackward(): boolean {
  return current().currentPhase === "backward";
}

/** `F.max_unpool2d`: puts each value back where `index` says its maximum was; `size` is the output's height and width. */
export function maxUnpool2d(x: Tensor, index: Tensor, size: readonly [number, number]): Tensor {
  return run1(unpoolOp, [x, index], { outputSize: size });
}

/** `F.conv1d` on [N, C, L]: a copy of the weight, then a convolution of height 1. */
export function conv1d(x: Tensor, weight: Tensor, bias: Tensor | undefined): Tensor {
  return scope({ x, weight, bias }, (f: { x: Tensor; weight: Tensor; bias?: Tensor | undefined; out: Tensor }) => {
    f.weight = t.assign(f.weight);
    f.weight = t.unsqueeze(f.weight, -2);
    f.x = t.unsqueeze(f.x, -2);
    f.out = conv2d(f.x, f.weight, undefined);
    if (f.bias !== undefined) f.out = withBias(f.out, f.bias, false);
    f.out = t.squeeze(f.out, -2);
    return f.out;
  });
}

/** `F.avg_pool3d` on [N, C, D, H, W]. */
export function avgPool3d(x: Tensor, kernel: readonly [number, number, number]): Tensor {
  return run1(pool3dOp, [x], { kernel, stride: kernel });
}

/** `F.normalize(p=2)`: the smallest norm it divides by is a tensor of one element. */
export function normalize(x: Tensor, axis = 1): Tensor {
  return scope({ x }, (f: { x: Tensor; eps: Tensor; out: Tensor }) => {
    f.eps = t.toTensor([1], f.x.dtype);
    f.out = t.pNorm(f.x, axis, true);
    return t.divide(f.x, t.maximum(f.out, f.eps));
  });
}

/** `_C_ops.sigmoid_cross_entropy_with_logits`: float labels of the logits' shape, no mean. */
export function sigmoidCrossEntropy(logit: Tensor, label: Tensor): Tensor {
  return run1(sigmoidCrossEntropyOp, [logit, label], undefined);
}

/** `F.softmax_with_cross_entropy` of hard labels with a class axis of 1: no mask of valid labels is made. */
export function softmaxWithCrossEntropy(logits: Tensor, label: Tensor, axis = -1): Tensor {
  const [softmaxOut, loss] = run(crossEntropyWithSoftmaxOp, [logits, label], { axis, softLabel: false });
  current().end(softmaxOut!, "");
  return loss!;
}

/** `F.kl_div(reduction="none")` of log-probabilities and probabilities. */
export function klDivergence(input: Tensor, label: Tensor): Tensor {
  return run1(kldivLossOp, [input, label], undefined);
}
