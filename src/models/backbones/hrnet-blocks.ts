/** @file Residual blocks, shared by HRNet and UHRNet. */
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { type AnyLayer, Layer } from "../../nn/layer.ts";
import { AdaptiveAvgPool2D, Identity, Linear } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import type { Padding } from "../../ops/conv.ts";
import { Activation } from "../blocks/activation.ts";
import { ConvBN, ConvBNReLU } from "../blocks/conv.ts";
import { PolarizedSelfAttentionModule } from "../blocks/polarized-self-attention.ts";
import { Add } from "../blocks/wrap.ts";

/** What the two networks do differently, and HRNet's options. */
export interface Style {
  readonly padding: Padding;
  /** Squeeze and excitation at the end of each block. */
  readonly se: boolean;
  /** Polarized self-attention between a basic block's convolutions. */
  readonly psa: boolean;
  /** UHRNet adds and rectifies in functions, HRNet in layers, and it has no layer where attention could be. */
  readonly functional: boolean;
}

/** Sublayers under computed names. */
export type Named = readonly (readonly [string, Layer])[];

class SELayer extends Layer {
  readonly pool2d_gap: AdaptiveAvgPool2D;
  readonly squeeze: Linear;
  readonly excitation: Linear;
  private readonly channels: number;

  constructor(channels: number) {
    super();
    this.channels = channels;
    this.pool2d_gap = new AdaptiveAvgPool2D(1);
    // A sixteenth of the channels, as both blocks ask for.
    const middle = Math.trunc(channels / 16);
    this.squeeze = new Linear(channels, middle);
    this.excitation = new Linear(middle, channels);
  }

  forward(f: { pool: Tensor; squeeze: Tensor; excitation: Tensor; out: Tensor }, x: Tensor): Tensor {
    f.pool = this.pool2d_gap.call(x);
    f.pool = t.reshape(f.pool, [-1, this.channels]);
    f.squeeze = this.squeeze.call(f.pool);
    f.squeeze = F.relu(f.squeeze);
    f.excitation = this.excitation.call(f.squeeze);
    f.excitation = F.sigmoid(f.excitation);
    f.excitation = t.reshape(f.excitation, [-1, this.channels, 1, 1]);
    f.out = t.multiply(x, f.excitation);
    return f.out;
  }
}

/** Three convolutions and a shortcut. */
class BottleneckBlock extends Layer {
  readonly conv1: ConvBNReLU;
  readonly conv2: ConvBNReLU;
  readonly conv3: ConvBN;
  readonly conv_down: ConvBN | undefined;
  readonly se: SELayer | undefined;
  readonly add: Add | undefined;
  readonly relu: Activation | undefined;

  constructor(inChannels: number, filters: number, downsample: boolean, style: Style) {
    super();
    this.conv1 = new ConvBNReLU(inChannels, filters, 1, { bias: false });
    this.conv2 = new ConvBNReLU(filters, filters, 3, { padding: style.padding, bias: false });
    this.conv3 = new ConvBN(filters, filters * 4, 1, { bias: false });
    if (downsample) this.conv_down = new ConvBN(inChannels, filters * 4, 1, { bias: false });
    if (style.se) this.se = new SELayer(filters * 4);
    if (style.functional) return;
    this.add = new Add();
    this.relu = new Activation("relu");
  }

  forward(f: { residual: Tensor; conv1: Tensor; conv2: Tensor; conv3: Tensor; y: Tensor }, x: Tensor): Tensor {
    f.residual = x;
    f.conv1 = this.conv1.call(x);
    f.conv2 = this.conv2.call(f.conv1);
    f.conv3 = this.conv3.call(f.conv2);
    if (this.conv_down) f.residual = this.conv_down.call(x);
    if (this.se) f.conv3 = this.se.call(f.conv3);
    f.y = this.add ? this.add.call(f.conv3, f.residual) : t.add(f.conv3, f.residual);
    f.y = this.relu ? this.relu.call(f.y) : F.relu(f.y);
    return f.y;
  }
}

/** Two convolutions and the identity. */
export class BasicBlock extends Layer {
  readonly conv1: ConvBNReLU;
  readonly deattn: Layer | undefined;
  readonly conv2: ConvBN;
  readonly se: SELayer | undefined;
  readonly add: Add | undefined;
  readonly relu: Activation | undefined;

  constructor(inChannels: number, filters: number, style: Style) {
    super();
    const options = { padding: style.padding, bias: false };
    this.conv1 = new ConvBNReLU(inChannels, filters, 3, options);
    if (!style.functional) {
      this.deattn = style.psa ? new PolarizedSelfAttentionModule(filters, filters) : new Identity();
    }
    this.conv2 = new ConvBN(filters, filters, 3, options);
    if (style.se) this.se = new SELayer(filters);
    if (style.functional) return;
    this.add = new Add();
    this.relu = new Activation("relu");
  }

  forward(f: { residual: Tensor; conv1: Tensor; conv2: Tensor; y: Tensor }, x: Tensor): Tensor {
    f.residual = x;
    f.conv1 = this.conv1.call(x);
    if (this.deattn) f.conv1 = this.deattn.call(f.conv1);
    f.conv2 = this.conv2.call(f.conv1);
    if (this.se) f.conv2 = this.se.call(f.conv2);
    f.y = this.add ? this.add.call(f.conv2, f.residual) : t.add(f.conv2, f.residual);
    f.y = this.relu ? this.relu.call(f.y) : F.relu(f.y);
    return f.y;
  }
}

/** The first stage: bottleneck blocks on one branch. */
export class Layer1 extends Layer {
  private readonly blocks: Named;

  constructor(inChannels: number, filters: number, count: number, style: Style) {
    super();
    this.blocks = Array.from({ length: count }, (_, i) => {
      const block = new BottleneckBlock(i === 0 ? inChannels : filters * 4, filters, i === 0, style);
      return [`bb_layer2_${i + 1}`, block] as const;
    });
  }

  override children(): Iterable<readonly [string, AnyLayer]> {
    return this.blocks;
  }

  forward(f: { conv: Tensor }, x: Tensor): Tensor {
    f.conv = x;
    for (const [, block] of this.blocks) f.conv = block.call(f.conv);
    return f.conv;
  }
}
