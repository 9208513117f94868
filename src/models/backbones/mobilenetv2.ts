/** @file MobileNetV2 (`paddleseg/models/backbones/mobilenetv2.py`). */
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import type { Args } from "../../nn/args.ts";
import * as F from "../../nn/functional.ts";
import { type AnyLayer, Layer } from "../../nn/layer.ts";
import { BatchNorm, Conv2D } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import type { Backbone } from "./backbone.ts";

class ConvBNLayer extends Layer<readonly [Tensor, boolean]> {
  readonly _conv: Conv2D;
  readonly _batch_norm: BatchNorm;

  constructor(inChannels: number, outChannels: number, kernel: 1 | 3, stride: number, groups: number) {
    super();
    const padding = Math.floor(kernel / 2);
    this._conv = new Conv2D(inChannels, outChannels, kernel, { stride, padding, groups, bias: false });
    this._batch_norm = new BatchNorm(outChannels);
  }

  forward(f: { y: Tensor }, inputs: Tensor, activated: boolean): Tensor {
    f.y = this._conv.call(inputs);
    f.y = this._batch_norm.call(f.y);
    if (activated) f.y = F.relu6(f.y);
    return f.y;
  }
}

class InvertedResidualUnit extends Layer<readonly [Tensor, boolean]> {
  readonly _expand_conv: ConvBNLayer;
  readonly _bottleneck_conv: ConvBNLayer;
  readonly _linear_conv: ConvBNLayer;

  constructor(inChannels: number, outChannels: number, stride: number, expansion: number) {
    super();
    const middle = inChannels * expansion;
    this._expand_conv = new ConvBNLayer(inChannels, middle, 1, 1, 1);
    this._bottleneck_conv = new ConvBNLayer(middle, middle, 3, stride, middle);
    this._linear_conv = new ConvBNLayer(middle, outChannels, 1, 1, 1);
  }

  forward(f: { y: Tensor }, inputs: Tensor, shortcut: boolean): Tensor {
    f.y = this._expand_conv.call(inputs, true);
    f.y = this._bottleneck_conv.call(f.y, true);
    f.y = this._linear_conv.call(f.y, false);
    if (shortcut) f.y = t.add(inputs, f.y);
    return f.y;
  }
}

/** Units of one stage; the first changes size and channels. */
class InvresiBlocks extends Layer {
  readonly _first_block: InvertedResidualUnit;
  private readonly others: (readonly [string, InvertedResidualUnit])[] = [];

  constructor(inChannels: number, expansion: number, channels: number, count: number, stride: number, name: string) {
    super();
    this._first_block = new InvertedResidualUnit(inChannels, channels, stride, expansion);
    for (let i = 1; i < count; i++) {
      this.others.push([`${name}_${i + 1}`, new InvertedResidualUnit(channels, channels, 1, expansion)]);
    }
  }

  override *children(): Iterable<readonly [string, AnyLayer]> {
    yield* super.children();
    yield* this.others;
  }

  forward(f: { y: Tensor }, inputs: Tensor): Tensor {
    f.y = this._first_block.call(inputs, false);
    for (const [, block] of this.others) f.y = block.call(f.y, true);
    return f.y;
  }
}

/** Expansion, channels, units, stride of each stage (the table of the class). */
const stages = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/** The stages whose results are returned. */
const outStages: readonly number[] = [1, 2, 4, 6];

export class MobileNetV2 extends Layer<readonly [Tensor], PyList> implements Backbone {
  readonly feat_channels: readonly number[];
  readonly conv1: ConvBNLayer;
  private readonly blocks: (readonly [string, InvresiBlocks])[] = [];

  constructor(args: Args, scale: number) {
    super();
    const inChannels = args.int("in_channels", 3);
    args.finish();
    const scaled = (channels: number) => Math.trunc(channels * scale);
    this.conv1 = new ConvBNLayer(inChannels, scaled(32), 3, 2, 1);
    let from = scaled(32);
    for (const [i, [expansion, channels, count, stride]] of stages.entries()) {
      // The stem is conv1.
      const name = `conv${i + 2}`;
      this.blocks.push([name, new InvresiBlocks(from, expansion, scaled(channels), count, stride, name)]);
      from = scaled(channels);
    }
    this.feat_channels = outStages.map((i) => scaled(stages[i]![1]));
  }

  override *children(): Iterable<readonly [string, AnyLayer]> {
    yield* super.children();
    yield* this.blocks;
  }

  forward(f: { feat_list: PyList; y: Tensor }, inputs: Tensor): PyList {
    f.feat_list = new PyList();
    f.y = this.conv1.call(inputs, true);
    for (const [i, [, block]] of this.blocks.entries()) {
      f.y = block.call(f.y);
      if (outStages.includes(i)) f.feat_list.append(f.y);
    }
    return f.feat_list;
  }
}
