/** @file StrideFormer's MobileNetV3 blocks. */
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { Lambda, Layer, LayerList } from "../../nn/layer.ts";
import { BatchNorm, Conv2D, ReLU } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { makeDivisible } from "../blocks/divisible.ts";
import { SEModule } from "./mobilenetv3.ts";

type ActivationName = "relu" | "hardswish";

/** One row of a stage. */
export type MV3Block = readonly [
  kernel: number,
  middle: number,
  channels: number,
  squeeze: boolean,
  act: ActivationName,
  stride: number,
];

/** Channels are rounded to a multiple of this. */
const divisor = 8;

class ConvBNLayer extends Layer {
  readonly c: Conv2D;
  readonly bn: BatchNorm;
  readonly act: Layer | undefined;

  constructor(from: number, to: number, kernel: number, stride: number, groups: number, act?: ActivationName) {
    super();
    this.c = new Conv2D(from, to, kernel, { stride, padding: Math.floor((kernel - 1) / 2), groups, bias: false });
    this.bn = new BatchNorm(to, undefined, { regularized: true });
    if (act) this.act = act === "relu" ? new ReLU() : new Lambda(F.hardswish);
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = this.c.call(x);
    f.x = this.bn.call(f.x);
    if (this.act) f.x = this.act.call(f.x);
    return f.x;
  }
}

class ResidualUnit extends Layer {
  readonly expand_conv: ConvBNLayer;
  readonly bottleneck_conv: ConvBNLayer;
  readonly mid_se: SEModule | undefined;
  readonly linear_conv: ConvBNLayer;
  private readonly shortcut: boolean;

  constructor(from: number, [kernel, expanded, channels, squeeze, act, stride]: MV3Block) {
    super();
    const middle = makeDivisible(expanded, divisor);
    const to = makeDivisible(channels, divisor);
    this.shortcut = stride === 1 && from === to;
    this.expand_conv = new ConvBNLayer(from, middle, 1, 1, 1, act);
    this.bottleneck_conv = new ConvBNLayer(middle, middle, kernel, stride, middle, act);
    if (squeeze) this.mid_se = new SEModule(middle);
    this.linear_conv = new ConvBNLayer(middle, to, 1, 1, 1);
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

/** A stage; the first has a strided convolution before its blocks. */
export class StackedMV3Block extends Layer {
  readonly conv: ConvBNLayer | undefined;
  readonly blocks: LayerList<ResidualUnit>;

  constructor(blocks: readonly MV3Block[], inputs: number, stem: boolean) {
    super();
    let from = makeDivisible(inputs, divisor);
    if (stem) this.conv = new ConvBNLayer(3, from, 3, 2, 1, "hardswish");
    this.blocks = new LayerList();
    for (const block of blocks) {
      this.blocks.append(new ResidualUnit(from, block));
      from = makeDivisible(block[2], divisor);
    }
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = this.conv ? this.conv.call(x) : x;
    for (const block of this.blocks) f.x = block.call(f.x);
    return f.x;
  }
}
