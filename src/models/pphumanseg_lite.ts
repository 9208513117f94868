/** @file PP-HumanSeg-Lite (`paddleseg/models/pphumanseg_lite.py`). */
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer, Sequential } from "../nn/layer.ts";
import { BatchNorm2D, Conv2D } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import { normalConvolutions } from "./blocks/init-weight.ts";
import type { Network } from "./network.ts";

interface Geometry {
  readonly stride: number;
  readonly padding: number;
  readonly groups?: number;
}

/** Convolution without bias and batch norm; the weight's first values are uniform. */
class ConvBN extends Layer {
  readonly _conv: Conv2D;
  readonly _batch_norm: BatchNorm2D;

  constructor(inChannels: number, outChannels: number, kernel: number, geometry: Geometry) {
    super();
    this._conv = new Conv2D(inChannels, outChannels, kernel, { ...geometry, bias: false, initializer: "uniform" });
    this._batch_norm = new BatchNorm2D(outChannels);
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = this._conv.call(x);
    f.x = this._batch_norm.call(f.x);
    return f.x;
  }
}

class ConvBNReLU extends ConvBN {
  override forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = this._conv.call(x);
    f.x = this._batch_norm.call(f.x);
    f.x = F.relu(f.x);
    return f.x;
  }
}

class SeparableConvBNReLU extends Layer {
  readonly depthwise_conv: ConvBN;
  readonly piontwise_conv: ConvBNReLU;

  constructor(inChannels: number, outChannels: number, stride: number) {
    super();
    this.depthwise_conv = new ConvBN(inChannels, inChannels, 3, { stride, padding: 1, groups: inChannels });
    this.piontwise_conv = new ConvBNReLU(inChannels, outChannels, 1, { stride: 1, padding: 0 });
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = this.depthwise_conv.call(x);
    f.x = this.piontwise_conv.call(f.x);
    return f.x;
  }
}

interface ResidualLocals {
  shortcut: Tensor;
  branch: Tensor;
  branch_1x1: Tensor;
  branch_dw1x1: Tensor;
  output: Tensor;
}

/** Two branches joined and their channels shuffled; at stride 1 each branch takes half of the input's channels. */
class InvertedResidual extends Layer {
  readonly _depthwise_separable_0: SeparableConvBNReLU;
  readonly _conv: ConvBNReLU;
  readonly _depthwise_separable_1: SeparableConvBNReLU;
  private readonly half: number;
  private readonly stride: number;

  constructor(inChannels: number, stride: number, outChannels?: number) {
    super();
    const branch = stride === 1 ? Math.trunc(inChannels / 2) : inChannels;
    this.half = outChannels === undefined ? branch : Math.trunc(outChannels / 2);
    this.stride = stride;
    this._depthwise_separable_0 = new SeparableConvBNReLU(inChannels, this.half, stride);
    this._conv = new ConvBNReLU(branch, this.half, 1, { stride: 1, padding: 0 });
    this._depthwise_separable_1 = new SeparableConvBNReLU(this.half, this.half, stride);
  }

  forward(f: ResidualLocals, input: Tensor): Tensor {
    if (this.stride === 1) {
      const [shortcut, branch] = t.splitEvenly(input, 2, 1);
      f.shortcut = shortcut!;
      f.branch = branch!;
    } else {
      f.branch = input;
      f.shortcut = this._depthwise_separable_0.call(input);
    }
    f.branch_1x1 = this._conv.call(f.branch);
    f.branch_dw1x1 = this._depthwise_separable_1.call(f.branch_1x1);
    f.output = t.concat([f.shortcut, f.branch_dw1x1], 1);
    const n = f.output.dim(0);
    const [h, w] = f.output.hw;
    f.output = t.reshape(f.output, [n, 2, this.half, h, w]);
    f.output = t.transpose(f.output, [0, 2, 1, 3, 4]);
    f.output = t.reshape(f.output, [n, 2 * this.half, h, w]);
    return f.output;
  }
}

/** A first block that halves the size, and others that keep it. */
function stage(first: InvertedResidual, channels: number, others: number): Sequential {
  const rest = Array.from({ length: others }, () => new InvertedResidual(channels, 1));
  return new Sequential(first, ...rest);
}

/** Widths and depths are the class's own: it has no arguments for them. */
export class PPHumanSegLite extends Layer<readonly [Tensor], readonly Tensor[]> implements Network {
  readonly conv_bn0: ConvBNReLU;
  readonly conv_bn1: ConvBNReLU;
  readonly block1: Sequential;
  readonly block2: Sequential;
  readonly depthwise_separable0: SeparableConvBNReLU;
  readonly depthwise_separable1: SeparableConvBNReLU;
  readonly depthwise_separable2: SeparableConvBNReLU;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    const inChannels = args.int("in_channels", 3);
    args.ignore("align_corners");
    args.finish();
    this.conv_bn0 = new ConvBNReLU(inChannels, 36, 3, { stride: 2, padding: 1 });
    this.conv_bn1 = new ConvBNReLU(36, 18, 1, { stride: 1, padding: 0 });
    this.block1 = stage(new InvertedResidual(36, 2, 72), 72, 3);
    this.block2 = stage(new InvertedResidual(72, 2), 144, 7);
    this.depthwise_separable0 = new SeparableConvBNReLU(144, 64, 1);
    this.depthwise_separable1 = new SeparableConvBNReLU(82, 64, 1);
    this.depthwise_separable2 = new SeparableConvBNReLU(64, classes, 1);
    normalConvolutions(this);
  }

  forward(f: { x: Tensor; shortcut: Tensor; logit: Tensor }, x: Tensor): readonly Tensor[] {
    const size = x.hw;
    f.x = this.conv_bn0.call(x);
    f.shortcut = this.conv_bn1.call(f.x);
    f.x = F.pool2d(f.x, { kernel: 3, stride: 2, padding: 1 });
    f.x = this.block1.call(f.x);
    f.x = this.block2.call(f.x);
    f.x = this.depthwise_separable0.call(f.x);
    f.x = F.interpolate(f.x, f.shortcut.hw, { mode: "bilinear" });
    f.x = t.concat([f.shortcut, f.x], 1);
    f.x = this.depthwise_separable1.call(f.x);
    f.logit = this.depthwise_separable2.call(f.x);
    f.logit = F.interpolate(f.logit, size, { mode: "bilinear" });
    return [f.logit];
  }
}
