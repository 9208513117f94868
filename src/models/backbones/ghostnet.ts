/** @file GhostNet (`paddleseg/models/backbones/ghostnet.py`). */
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import type { Args } from "../../nn/args.ts";
import * as F from "../../nn/functional.ts";
import { type AnyLayer, Layer } from "../../nn/layer.ts";
import { AdaptiveAvgPool2D, BatchNorm, Conv2D, Linear } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { makeDivisible } from "../blocks/divisible.ts";
import type { Backbone } from "./backbone.ts";

interface ConvOptions {
  readonly stride?: number;
  readonly groups?: number;
  readonly relu?: boolean;
}

class ConvBNLayer extends Layer {
  readonly _conv: Conv2D;
  readonly _batch_norm: BatchNorm;

  constructor(inChannels: number, outChannels: number, kernel: number, options: ConvOptions = {}) {
    super();
    const { stride = 1, groups = 1, relu = true } = options;
    const padding = Math.floor((kernel - 1) / 2);
    this._conv = new Conv2D(inChannels, outChannels, kernel, { stride, padding, groups, bias: false });
    this._batch_norm = new BatchNorm(outChannels, relu ? F.relu : undefined, { regularized: true });
  }

  forward(f: { y: Tensor }, inputs: Tensor): Tensor {
    f.y = this._conv.call(inputs);
    f.y = this._batch_norm.call(f.y);
    return f.y;
  }
}

class SEBlock extends Layer {
  readonly pool2d_gap: AdaptiveAvgPool2D;
  readonly squeeze: Linear;
  readonly excitation: Linear;

  constructor(channels: number) {
    super();
    // A quarter of the channels, the class's default reduction.
    const middle = Math.floor(channels / 4);
    this.pool2d_gap = new AdaptiveAvgPool2D(1);
    this.squeeze = new Linear(channels, middle);
    this.excitation = new Linear(middle, channels);
  }

  forward(f: { pool: Tensor; squeeze: Tensor; excitation: Tensor; out: Tensor }, inputs: Tensor): Tensor {
    f.pool = this.pool2d_gap.call(inputs);
    f.pool = t.squeeze(f.pool, [2, 3]);
    f.squeeze = this.squeeze.call(f.pool);
    f.squeeze = F.relu(f.squeeze);
    f.excitation = this.excitation.call(f.squeeze);
    f.excitation = t.clip(f.excitation);
    f.excitation = t.unsqueeze(f.excitation, [2, 3]);
    f.out = t.multiply(inputs, f.excitation);
    return f.out;
  }
}

/** Half of the channels by a convolution, half by a cheap depthwise one on them. */
class GhostModule extends Layer {
  readonly primary_conv: ConvBNLayer;
  readonly cheap_operation: ConvBNLayer;

  constructor(inChannels: number, outChannels: number, relu: boolean) {
    super();
    const half = Math.ceil(outChannels / 2);
    this.primary_conv = new ConvBNLayer(inChannels, half, 1, { relu });
    this.cheap_operation = new ConvBNLayer(half, half, 3, { groups: half, relu });
  }

  forward(f: { x: Tensor; y: Tensor; out: Tensor }, inputs: Tensor): Tensor {
    f.x = this.primary_conv.call(inputs);
    f.y = this.cheap_operation.call(f.x);
    f.out = t.concat([f.x, f.y], 1);
    return f.out;
  }
}

class GhostBottleneck extends Layer {
  readonly ghost_module_1: GhostModule;
  readonly depthwise_conv: ConvBNLayer | undefined;
  readonly se_block: SEBlock | undefined;
  readonly ghost_module_2: GhostModule;
  readonly shortcut_depthwise: ConvBNLayer | undefined;
  readonly shortcut_conv: ConvBNLayer | undefined;

  constructor(inChannels: number, hidden: number, outChannels: number, kernel: number, stride: number, se: boolean) {
    super();
    this.ghost_module_1 = new GhostModule(inChannels, hidden, true);
    if (stride === 2)
      this.depthwise_conv = new ConvBNLayer(hidden, hidden, kernel, { stride, groups: hidden, relu: false });
    if (se) this.se_block = new SEBlock(hidden);
    this.ghost_module_2 = new GhostModule(hidden, outChannels, false);
    if (stride === 1 && inChannels === outChannels) return;
    const depthwise = { stride, groups: inChannels, relu: false };
    this.shortcut_depthwise = new ConvBNLayer(inChannels, inChannels, kernel, depthwise);
    this.shortcut_conv = new ConvBNLayer(inChannels, outChannels, 1, { relu: false });
  }

  forward(f: { x: Tensor; shortcut: Tensor }, inputs: Tensor): Tensor {
    f.x = this.ghost_module_1.call(inputs);
    if (this.depthwise_conv) f.x = this.depthwise_conv.call(f.x);
    if (this.se_block) f.x = this.se_block.call(f.x);
    f.x = this.ghost_module_2.call(f.x);
    f.shortcut = inputs;
    if (this.shortcut_depthwise && this.shortcut_conv) {
      f.shortcut = this.shortcut_depthwise.call(inputs);
      f.shortcut = this.shortcut_conv.call(f.shortcut);
    }
    return t.add(f.x, f.shortcut);
  }
}

/** Kernel, hidden channels, channels, squeeze and excitation, stride of each block (the table of the class). */
const blocks = [
  [3, 16, 16, false, 1],
  [3, 48, 24, false, 2],
  [3, 72, 24, false, 1],
  [5, 72, 40, true, 2],
  [5, 120, 40, true, 1],
  [3, 240, 80, false, 2],
  [3, 200, 80, false, 1],
  [3, 184, 80, false, 1],
  [3, 184, 80, false, 1],
  [3, 480, 112, true, 1],
  [3, 672, 112, true, 1],
  [5, 672, 160, true, 2],
  [5, 960, 160, false, 1],
  [5, 960, 160, true, 1],
  [5, 960, 160, false, 1],
  [5, 960, 160, true, 1],
] as const;

/** Blocks whose results are returned. */
const outIndex: readonly number[] = [2, 4, 10, 15];

export class GhostNet extends Layer<readonly [Tensor], PyList> implements Backbone {
  readonly feat_channels: readonly number[];
  readonly conv1: ConvBNLayer;
  private readonly bottlenecks: (readonly [string, GhostBottleneck])[] = [];

  constructor(args: Args, scale: number) {
    super();
    const inChannels = args.int("in_channels", 3);
    args.finish();
    // Channels are multiples of 4.
    const scaled = (channels: number) => makeDivisible(channels * scale, 4);
    let from = scaled(16);
    this.conv1 = new ConvBNLayer(inChannels, from, 3, { stride: 2 });
    for (const [i, [kernel, hidden, channels, se, stride]] of blocks.entries()) {
      const block = new GhostBottleneck(from, scaled(hidden), scaled(channels), kernel, stride, se);
      this.bottlenecks.push([`_ghostbottleneck_${i}`, block]);
      from = scaled(channels);
    }
    this.feat_channels = outIndex.map((i) => scaled(blocks[i]![2]));
  }

  override *children(): Iterable<readonly [string, AnyLayer]> {
    yield* super.children();
    yield* this.bottlenecks;
  }

  forward(f: { feat_list: PyList; x: Tensor }, inputs: Tensor): PyList {
    f.feat_list = new PyList();
    f.x = this.conv1.call(inputs);
    for (const [i, [, block]] of this.bottlenecks.entries()) {
      f.x = block.call(f.x);
      if (outIndex.includes(i)) f.feat_list.append(f.x);
    }
    return f.feat_list;
  }
}
