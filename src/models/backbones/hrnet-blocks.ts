/** @file Residual blocks, branches and their fusion, shared by HRNet and UHRNet. */
import { PyList } from "../../engine/references.ts";
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

type Named = readonly (readonly [string, Layer])[];

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
class BasicBlock extends Layer {
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

/** Basic blocks on each branch. */
class Branches extends Layer<readonly [PyList], PyList> {
  private readonly blocks: readonly Named[];

  constructor(counts: readonly number[], channels: readonly number[], name: string, style: Style) {
    super();
    this.blocks = channels.map((width, i) =>
      Array.from({ length: counts[i]! }, (_, j) => {
        return [`bb_${name}_branch_layer_${i + 1}_${j + 1}`, new BasicBlock(width, width, style)] as const;
      }),
    );
  }

  override children(): Iterable<readonly [string, AnyLayer]> {
    return this.blocks.flat();
  }

  forward(f: { outs: PyList; input: Tensor; conv: Tensor }, x: PyList): PyList {
    f.outs = new PyList();
    for (const [i, input] of [...x].entries()) {
      f.input = input;
      f.conv = f.input;
      for (const [, block] of this.blocks[i]!) f.conv = block.call(f.conv);
      f.outs.append(f.conv);
    }
    return f.outs;
  }
}

/** Each branch plus all others, brought to its size. */
class FuseLayers extends Layer<readonly [PyList], PyList> {
  private readonly residuals: Named;
  private readonly count: number;

  constructor(channels: readonly number[], name: string, style: Style) {
    super();
    this.count = channels.length;
    const down = { stride: 2, padding: style.padding, bias: false };
    const residuals: (readonly [string, Layer])[] = [];
    for (const [i, to] of channels.entries()) {
      for (const [j, from] of channels.entries()) {
        const key = `residual_${name}_layer_${i + 1}_${j + 1}`;
        if (j > i) residuals.push([key, new ConvBN(from, to, 1, { bias: false })]);
        for (let k = 0; k < i - j; k++) {
          const last = k === i - j - 1;
          residuals.push([
            `${key}_${k + 1}`,
            last ? new ConvBN(from, to, 3, down) : new ConvBNReLU(from, from, 3, down),
          ]);
        }
      }
    }
    if (residuals.length === 0 && style.functional) residuals.push(["identity", new Identity()]);
    this.residuals = residuals;
  }

  override children(): Iterable<readonly [string, AnyLayer]> {
    return this.residuals;
  }

  forward(f: { outs: PyList; residual: Tensor; y: Tensor }, x: PyList): PyList {
    f.outs = new PyList();
    let next = 0;
    for (let i = 0; i < this.count; i++) {
      f.residual = x.at(i);
      const size = f.residual.hw;
      for (let j = 0; j < this.count; j++) {
        if (j === i) continue;
        if (j > i) {
          f.y = this.residuals[next++]![1].call(x.at(j));
          f.y = F.interpolate(f.y, size, { mode: "bilinear" });
        } else {
          f.y = x.at(j);
          for (let k = 0; k < i - j; k++) f.y = this.residuals[next++]![1].call(f.y);
        }
        f.residual = t.add(f.residual, f.y);
      }
      f.residual = F.relu(f.residual);
      f.outs.append(f.residual);
    }
    return f.outs;
  }
}

class HighResolutionModule extends Layer<readonly [PyList], PyList> {
  readonly branches_func: Branches;
  readonly fuse_func: FuseLayers;

  constructor(counts: readonly number[], channels: readonly number[], name: string, style: Style) {
    super();
    this.branches_func = new Branches(counts, channels, name, style);
    this.fuse_func = new FuseLayers(channels, name, style);
  }

  forward(f: { out: PyList }, x: PyList): PyList {
    f.out = this.branches_func.call(x);
    f.out = this.fuse_func.call(f.out);
    return f.out;
  }
}

/** What one stage is made of: modules, and for each branch its blocks and channels. */
export interface StagePlan {
  readonly modules: number;
  readonly blocks: readonly number[];
  readonly channels: readonly number[];
}

/** A stage: modules one after the other. */
export class Stage extends Layer<readonly [PyList], PyList> {
  private readonly modules: readonly (readonly [string, HighResolutionModule])[];

  constructor(plan: StagePlan, name: string, style: Style) {
    super();
    this.modules = Array.from({ length: plan.modules }, (_, i) => {
      const module = new HighResolutionModule(plan.blocks, plan.channels, `${name}_${i + 1}`, style);
      return [`stage_${name}_${i + 1}`, module] as const;
    });
  }

  override children(): Iterable<readonly [string, AnyLayer]> {
    return this.modules;
  }

  forward(f: { out: PyList }, x: PyList): PyList {
    f.out = x;
    for (const [, module] of this.modules) f.out = module.call(f.out);
    return f.out;
  }
}
