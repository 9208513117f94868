/** @file The blocks of Lite-HRNet (`paddleseg/models/backbones/lite_hrnet.py`). */
import { scope } from "../../engine/frame.ts";
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { type AnyLayer, Layer, LayerList, Sequential } from "../../nn/layer.ts";
import { AdaptiveAvgPool2D, BatchNorm2D, Conv2D } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";

export interface ConvNormOptions {
  readonly kernel: number;
  readonly stride?: number;
  readonly groups?: number;
  readonly activation?: "relu" | "sigmoid";
  /** Without batch norm the convolution has a bias. */
  readonly norm?: boolean;
  /** `freeze_norm`: statistics and factors are not trained, and statistics are not updated. */
  readonly frozen: boolean;
}

/** Convolution, batch norm (made before it), an activation. */
export class ConvNormLayer extends Layer {
  readonly norm: BatchNorm2D | undefined;
  readonly conv: Conv2D;
  private readonly activation: ConvNormOptions["activation"];

  constructor(inChannels: number, outChannels: number, o: ConvNormOptions) {
    super();
    this.activation = o.activation;
    const norm = o.norm ?? true;
    if (norm) this.norm = new BatchNorm2D(outChannels, o.frozen ? { frozen: true } : { regularized: true });
    this.conv = new Conv2D(inChannels, outChannels, o.kernel, {
      stride: o.stride ?? 1,
      padding: Math.floor((o.kernel - 1) / 2),
      groups: o.groups ?? 1,
      bias: !norm,
    });
  }

  forward(f: { out: Tensor }, inputs: Tensor): Tensor {
    f.out = this.conv.call(inputs);
    if (this.norm) f.out = this.norm.call(f.out);
    if (this.activation === "relu") f.out = F.relu(f.out);
    else if (this.activation === "sigmoid") f.out = F.sigmoid(f.out);
    return f.out;
  }
}

/** A depthwise 3×3 convolution without activation. */
export function depthwise(channels: number, stride: number, frozen: boolean): ConvNormLayer {
  return new ConvNormLayer(channels, channels, { kernel: 3, stride, groups: channels, frozen });
}

/** A pointwise convolution with ReLU. */
export function pointwise(inChannels: number, outChannels: number, frozen: boolean): ConvNormLayer {
  return new ConvNormLayer(inChannels, outChannels, { kernel: 1, activation: "relu", frozen });
}

/** Channels of two groups in turn. */
export function channelShuffle(x: Tensor): Tensor {
  return scope({ x }, (f: { x: Tensor }) => {
    const [n, c] = [f.x.dim(0), f.x.dim(1)];
    const [h, w] = f.x.hw;
    f.x = t.reshape(f.x, [n, 2, Math.floor(c / 2), h, w]);
    f.x = t.transpose(f.x, [0, 2, 1, 3, 4]);
    f.x = t.reshape(f.x, [n, c, h, w]);
    return f.x;
  });
}

/** A list comprehension over one or two lists. */
function mapped(x: PyList, body: (s: Tensor, i: number) => Tensor): PyList {
  return scope({ x }, (f: { x: PyList; result: PyList; s: Tensor }) => {
    f.result = new PyList();
    for (const [i, s] of [...f.x].entries()) {
      f.s = s;
      f.result.append(body(f.s, i));
    }
    return f.result;
  });
}

/** Each map weighed by a mask that all of them make together. */
class CrossResolutionWeightingModule extends Layer<readonly [PyList], PyList> {
  readonly conv1: ConvNormLayer;
  readonly conv2: ConvNormLayer;
  private readonly channels: readonly number[];

  constructor(channels: readonly number[], ratio: number, frozen: boolean) {
    super();
    this.channels = channels;
    const total = channels.reduce((a, b) => a + b);
    const middle = Math.floor(total / ratio);
    this.conv1 = new ConvNormLayer(total, middle, { kernel: 1, activation: "relu", frozen });
    this.conv2 = new ConvNormLayer(middle, total, { kernel: 1, activation: "sigmoid", frozen });
  }

  forward(f: { out: PyList; xi: Tensor; joined: Tensor | undefined; parts: readonly Tensor[] }, x: PyList): PyList {
    f.out = new PyList();
    for (let i = 0; i < x.length - 1; i++) {
      f.xi = x.at(i);
      const kernel = 2 ** (x.length - i - 1);
      f.xi = F.pool2d(f.xi, { kernel, stride: kernel });
      f.out.append(f.xi);
    }
    f.out.append(x.at(-1));
    f.joined = t.concat(f.out, 1);
    f.out = new PyList();
    f.joined = this.conv1.call(f.joined);
    f.joined = this.conv2.call(f.joined);
    const parts = t.split(f.joined, this.channels, 1);
    f.parts = parts;
    f.joined = undefined;
    f.out = mapped(x, (s, i) => t.multiply(s, F.interpolate(parts[i]!, s.hw, { mode: "nearest" })));
    f.parts = [];
    return f.out;
  }
}

/** A map weighed channel by channel by what its mean says. */
class SpatialWeightingModule extends Layer {
  readonly global_avgpooling: AdaptiveAvgPool2D;
  readonly conv1: ConvNormLayer;
  readonly conv2: ConvNormLayer;

  constructor(channels: number, ratio: number, frozen: boolean) {
    super();
    const middle = Math.floor(channels / ratio);
    this.global_avgpooling = new AdaptiveAvgPool2D(1);
    this.conv1 = new ConvNormLayer(channels, middle, { kernel: 1, activation: "relu", norm: false, frozen });
    this.conv2 = new ConvNormLayer(middle, channels, { kernel: 1, activation: "sigmoid", norm: false, frozen });
  }

  forward(f: { out: Tensor }, x: Tensor): Tensor {
    f.out = this.global_avgpooling.call(x);
    f.out = this.conv1.call(f.out);
    f.out = this.conv2.call(f.out);
    return t.multiply(x, f.out);
  }
}

interface WeightingLocals {
  x: PyList<readonly Tensor[]>;
  x1: PyList;
  x2: PyList;
  out: PyList;
}

/** Half of each map's channels is weighed across resolutions and across pixels; the other half passes. */
export class ConditionalChannelWeightingBlock extends Layer<readonly [PyList], PyList> {
  readonly cross_resolution_weighting: CrossResolutionWeightingModule;
  readonly depthwise_convs: LayerList<ConvNormLayer>;
  readonly spatial_weighting: LayerList<SpatialWeightingModule>;

  constructor(channels: readonly number[], ratio: number, frozen: boolean) {
    super();
    const halves = channels.map((c) => Math.floor(c / 2));
    this.cross_resolution_weighting = new CrossResolutionWeightingModule(halves, ratio, frozen);
    this.depthwise_convs = new LayerList(halves.map((c) => depthwise(c, 1, frozen)));
    // PaddleSeg's own ratio.
    this.spatial_weighting = new LayerList(halves.map((c) => new SpatialWeightingModule(c, 4, frozen)));
  }

  forward(f: WeightingLocals, x: PyList): PyList {
    f.x = new PyList<readonly Tensor[]>();
    for (const s of x) f.x.append(t.splitEvenly(s, 2, 1));
    f.x1 = new PyList();
    for (const s of f.x) f.x1.append(s[0]!);
    f.x2 = new PyList();
    for (const s of f.x) f.x2.append(s[1]!);
    f.x2 = this.cross_resolution_weighting.call(f.x2);
    f.x2 = mapped(f.x2, (s, i) => this.depthwise_convs.at(i).call(s));
    f.x2 = mapped(f.x2, (s, i) => this.spatial_weighting.at(i).call(s));
    const second = f.x2;
    f.out = mapped(f.x1, (s, i) => t.concat([s, second.at(i)], 1));
    f.out = mapped(f.out, (s) => channelShuffle(s));
    return f.out;
  }
}

/** ShuffleNet's unit at stride 1: half of the channels passes, the other half is worked on. */
export class ShuffleUnit extends Layer {
  readonly branch2: Sequential;

  constructor(channels: number, frozen: boolean) {
    super();
    const half = Math.floor(channels / 2);
    this.branch2 = new Sequential(
      pointwise(half, half, frozen),
      depthwise(half, 1, frozen),
      pointwise(half, half, frozen),
    );
  }

  forward(f: { x1: Tensor; x2: Tensor; out: Tensor }, x: Tensor): Tensor {
    const [x1, x2] = t.splitEvenly(x, 2, 1);
    f.x1 = x1!;
    f.x2 = x2!;
    f.x2 = this.branch2.call(f.x2);
    f.out = t.concat([f.x1, f.x2], 1);
    f.out = channelShuffle(f.out);
    return f.out;
  }
}

/** The first block: a quarter of the image's size, 32 channels. */
export class Stem extends Layer {
  readonly conv1: ConvNormLayer;
  readonly branch1: Sequential;
  readonly expand_conv: ConvNormLayer;
  readonly depthwise_conv: ConvNormLayer;
  readonly linear_conv: ConvNormLayer;

  constructor(inChannels: number, channels: number, frozen: boolean) {
    super();
    const half = Math.floor(channels / 2);
    this.conv1 = new ConvNormLayer(inChannels, channels, { kernel: 3, stride: 2, activation: "relu", frozen });
    this.branch1 = new Sequential(depthwise(half, 2, frozen), pointwise(half, channels - half, frozen));
    this.expand_conv = pointwise(half, channels, frozen);
    this.depthwise_conv = depthwise(channels, 2, frozen);
    this.linear_conv = pointwise(channels, half, frozen);
  }

  forward(f: { x: Tensor; x1: Tensor; x2: Tensor; out: Tensor }, x: Tensor): Tensor {
    f.x = this.conv1.call(x);
    const [x1, x2] = t.splitEvenly(f.x, 2, 1);
    f.x1 = x1!;
    f.x2 = x2!;
    f.x1 = this.branch1.call(f.x1);
    f.x2 = this.expand_conv.call(f.x2);
    f.x2 = this.depthwise_conv.call(f.x2);
    f.x2 = this.linear_conv.call(f.x2);
    f.out = t.concat([f.x1, f.x2], 1);
    f.out = channelShuffle(f.out);
    return f.out;
  }
}

/** Depthwise and pointwise convolution. */
class DepthWiseSeparableConvNormLayer extends Layer {
  readonly depthwise_conv: ConvNormLayer;
  readonly pointwise_conv: ConvNormLayer;

  constructor(inChannels: number, outChannels: number, frozen: boolean) {
    super();
    this.depthwise_conv = depthwise(inChannels, 1, frozen);
    this.pointwise_conv = pointwise(inChannels, outChannels, frozen);
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = this.depthwise_conv.call(x);
    f.x = this.pointwise_conv.call(f.x);
    return f.x;
  }
}

/** From the coarsest map up: each is projected and added to the next. */
export class IterativeHead extends Layer<readonly [PyList], PyList> {
  readonly projects: LayerList<DepthWiseSeparableConvNormLayer>;

  constructor(channels: readonly number[], frozen: boolean) {
    super();
    const coarse = [...channels].reverse();
    this.projects = new LayerList(
      coarse.map((c, i) => new DepthWiseSeparableConvNormLayer(c, coarse[i + 1] ?? c, frozen)),
    );
  }

  forward(f: { x: readonly Tensor[]; y: PyList; last_x: Tensor | undefined; s: Tensor }, x: PyList): PyList {
    f.x = [...x].reverse();
    f.y = new PyList();
    for (const [i, s] of f.x.entries()) {
      f.s = s;
      if (f.last_x !== undefined) {
        f.last_x = F.interpolate(f.last_x, f.s.hw, { mode: "bilinear" });
        f.s = t.add(f.s, f.last_x);
      }
      f.s = this.projects.at(i).call(f.s);
      f.y.append(f.s);
      f.last_x = f.s;
    }
    const result = new PyList();
    for (const map of [...f.y].reverse()) result.append(map);
    return result;
  }
}

/** `nn.Sequential` of layers that take and hand on lists. */
export class ListSequential extends Layer<readonly [PyList], PyList> {
  private readonly items: readonly Layer<readonly [PyList], PyList>[];

  constructor(items: readonly Layer<readonly [PyList], PyList>[]) {
    super();
    this.items = items;
  }

  override *children(): Iterable<readonly [string, AnyLayer]> {
    for (const [i, item] of this.items.entries()) yield [String(i), item];
  }

  forward(f: { input: PyList }, input: PyList): PyList {
    f.input = input;
    for (const item of this.items) f.input = item.call(f.input);
    return f.input;
  }
}

/** `nn.LayerList` with places left empty. */
export class SparseList extends Layer<never, never> {
  private readonly items: readonly (Layer | undefined)[];

  constructor(items: readonly (Layer | undefined)[]) {
    super();
    this.items = items;
  }

  at(index: number): Layer | undefined {
    return this.items[index];
  }

  override *children(): Iterable<readonly [string, AnyLayer]> {
    for (const [i, item] of this.items.entries()) if (item) yield [String(i), item];
  }

  forward(): never {
    throw new Error("a list of layers cannot be called");
  }
}
