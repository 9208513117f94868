/** @file MobileNetV3 (`paddleseg/models/backbones/mobilenetv3.py`). */
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import type { Args } from "../../nn/args.ts";
import * as F from "../../nn/functional.ts";
import { Lambda, Layer, Sequential } from "../../nn/layer.ts";
import { AdaptiveAvgPool2D, BatchNorm, Conv2D, ReLU } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { makeDivisible } from "../blocks/divisible.ts";
import type { Backbone } from "./backbone.ts";
import type { MobileNetV3Plan } from "./mobilenetv3-plans.ts";

type ActivationName = "relu" | "hardswish";

interface ConvOptions {
  readonly stride?: number;
  readonly padding?: number;
  readonly groups?: number;
  readonly dilation?: number;
}

class ConvBNLayer extends Layer {
  readonly conv: Conv2D;
  readonly bn: BatchNorm;
  readonly act: Layer | undefined;

  constructor(
    inChannels: number,
    outChannels: number,
    kernel: number,
    act?: ActivationName,
    options: ConvOptions = {},
  ) {
    super();
    this.conv = new Conv2D(inChannels, outChannels, kernel, { ...options, bias: false });
    this.bn = new BatchNorm(outChannels, undefined, { regularized: true });
    if (act) this.act = act === "relu" ? new ReLU() : new Lambda(F.hardswish);
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = this.conv.call(x);
    f.x = this.bn.call(f.x);
    if (this.act) f.x = this.act.call(f.x);
    return f.x;
  }
}

/** Squeeze and excitation: a weight for each channel. */
export class SEModule extends Layer {
  readonly avg_pool: AdaptiveAvgPool2D;
  readonly conv1: Conv2D;
  readonly relu: ReLU;
  readonly conv2: Conv2D;
  readonly hardsigmoid: Lambda;

  constructor(channels: number) {
    super();
    // A quarter of the channels, the class's default reduction.
    const middle = Math.floor(channels / 4);
    this.avg_pool = new AdaptiveAvgPool2D(1);
    this.conv1 = new Conv2D(channels, middle, 1);
    this.relu = new ReLU();
    this.conv2 = new Conv2D(middle, channels, 1);
    this.hardsigmoid = new Lambda(F.hardsigmoid);
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = this.avg_pool.call(x);
    f.x = this.conv1.call(f.x);
    f.x = this.relu.call(f.x);
    f.x = this.conv2.call(f.x);
    f.x = this.hardsigmoid.call(f.x);
    return t.multiply(x, f.x);
  }
}

class ResidualUnit extends Layer {
  readonly expand_conv: ConvBNLayer;
  readonly bottleneck_conv: ConvBNLayer;
  readonly mid_se: SEModule | undefined;
  readonly linear_conv: ConvBNLayer;
  private readonly shortcut: boolean;

  constructor(
    inChannels: number,
    middle: number,
    outChannels: number,
    [kernel, , , se, act, stride, dilation = 1]: MobileNetV3Plan["blocks"][number],
  ) {
    super();
    this.shortcut = stride === 1 && inChannels === outChannels;
    this.expand_conv = new ConvBNLayer(inChannels, middle, 1, act);
    const padding = Math.floor((kernel - 1) / 2) * dilation;
    this.bottleneck_conv = new ConvBNLayer(middle, middle, kernel, act, { stride, padding, groups: middle, dilation });
    if (se) this.mid_se = new SEModule(middle);
    this.linear_conv = new ConvBNLayer(middle, outChannels, 1);
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = this.expand_conv.call(x);
    f.x = this.bottleneck_conv.call(f.x);
    if (this.mid_se) f.x = this.mid_se.call(f.x);
    f.x = this.linear_conv.call(f.x);
    if (this.shortcut) f.x = t.add(x, f.x);
    return f.x;
  }
}

export class MobileNetV3 extends Layer<readonly [Tensor], PyList> implements Backbone {
  readonly feat_channels: readonly number[];
  readonly conv: ConvBNLayer;
  readonly blocks: Sequential;
  private readonly outIndex: readonly number[];

  constructor(args: Args, plan: MobileNetV3Plan, scale: number) {
    super();
    const inChannels = args.int("in_channels", 3);
    args.finish();
    // The stem has 16 channels before scaling; channels are multiples of 8.
    const scaled = (channels: number) => makeDivisible(channels * scale, 8);
    this.outIndex = plan.out;
    this.conv = new ConvBNLayer(inChannels, scaled(16), 3, "hardswish", { stride: 2, padding: 1 });
    this.blocks = new Sequential(
      ...plan.blocks.map((block, i) => {
        const from = i === 0 ? 16 : plan.blocks[i - 1]![2];
        return new ResidualUnit(scaled(from), scaled(block[1]), scaled(block[2]), block);
      }),
    );
    this.feat_channels = plan.out.map((i) => scaled(plan.blocks[i]![2]));
  }

  forward(f: { x: Tensor; feat_list: PyList }, x: Tensor): PyList {
    f.x = this.conv.call(x);
    f.feat_list = new PyList();
    for (const [i, [, block]] of [...this.blocks.children()].entries()) {
      f.x = block.call(f.x);
      if (this.outIndex.includes(i)) f.feat_list.append(f.x);
    }
    return f.feat_list;
  }
}
