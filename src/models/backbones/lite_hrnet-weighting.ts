/** @file Lite-HRNet's weighting of channels, across resolutions and across pixels. */
import { scope } from "../../engine/frame.ts";
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { Layer, LayerList } from "../../nn/layer.ts";
import { AdaptiveAvgPool2D } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { ConvNormLayer, channelShuffle, depthwise } from "./lite_hrnet-blocks.ts";

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
