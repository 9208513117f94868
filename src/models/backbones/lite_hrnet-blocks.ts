/** @file The blocks of Lite-HRNet (`paddleseg/models/backbones/lite_hrnet.py`). */
import { scope } from "../../engine/frame.ts";
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { Layer, LayerList, Sequential } from "../../nn/layer.ts";
import { BatchNorm2D, Conv2D } from "../../nn/layers.ts";
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
