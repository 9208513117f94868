/** @file ESPNetV1 (`paddleseg/models/espnetv1.py`). */
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer, Sequential } from "../nn/layer.ts";
import { BatchNorm2D, Conv2D, Conv2DTranspose, PReLU } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import { ConvBNPReLU } from "./blocks/conv.ts";
import type { Network } from "./network.ts";

class BNPReLU extends Layer {
  readonly bn: BatchNorm2D;
  readonly act: PReLU;

  constructor(channels: number) {
    super();
    this.bn = new BatchNorm2D(channels);
    this.act = new PReLU(channels);
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = this.bn.call(x);
    f.x = this.act.call(f.x);
    return f.x;
  }
}

interface PyramidLocals {
  x: Tensor;
  d1: Tensor;
  d2: Tensor;
  d4: Tensor;
  d8: Tensor;
  d16: Tensor;
  feat1: Tensor;
  feat2: Tensor;
  feat3: Tensor;
  feat4: Tensor;
  feat: Tensor;
  out: Tensor;
}

/** Reduce, convolve at five dilations, add up from fine to coarse, concatenate: four fifths in equal parts, the rest in the first. */
abstract class DilatedPyramid extends Layer {
  readonly conv1: Conv2D;
  readonly d_conv1: Conv2D;
  readonly d_conv2: Conv2D;
  readonly d_conv4: Conv2D;
  readonly d_conv8: Conv2D;
  readonly d_conv16: Conv2D;

  constructor(inChannels: number, outChannels: number, kernel: 1 | 3) {
    super();
    const branch = Math.floor(outChannels / 5);
    const rest = outChannels - branch * 4;
    const reduction = kernel === 3 ? { stride: 2, padding: 1 } : {};
    const dilated = (dilation: number) => new Conv2D(branch, branch, 3, { padding: dilation, dilation, bias: false });
    this.conv1 = new Conv2D(inChannels, branch, kernel, { ...reduction, bias: false });
    this.d_conv1 = new Conv2D(branch, rest, 3, { padding: 1, bias: false });
    this.d_conv2 = dilated(2);
    this.d_conv4 = dilated(4);
    this.d_conv8 = dilated(8);
    this.d_conv16 = dilated(16);
  }

  protected pyramid(f: PyramidLocals, x: Tensor): void {
    f.x = this.conv1.call(x);
    f.d1 = this.d_conv1.call(f.x);
    f.d2 = this.d_conv2.call(f.x);
    f.d4 = this.d_conv4.call(f.x);
    f.d8 = this.d_conv8.call(f.x);
    f.d16 = this.d_conv16.call(f.x);
    f.feat1 = f.d2;
    f.feat2 = t.add(f.feat1, f.d4);
    f.feat3 = t.add(f.feat2, f.d8);
    f.feat4 = t.add(f.feat3, f.d16);
    f.feat = t.concat([f.d1, f.feat1, f.feat2, f.feat3, f.feat4], 1);
  }
}

class DownSampler extends DilatedPyramid {
  readonly bn: BatchNorm2D;
  readonly act: PReLU;

  constructor(inChannels: number, outChannels: number) {
    super(inChannels, outChannels, 3);
    this.bn = new BatchNorm2D(outChannels);
    this.act = new PReLU(outChannels);
  }

  forward(f: PyramidLocals, x: Tensor): Tensor {
    this.pyramid(f, x);
    f.out = this.bn.call(f.feat);
    f.out = this.act.call(f.out);
    return f.out;
  }
}

class DilatedResidualBlock extends DilatedPyramid {
  readonly bn: BNPReLU;
  private readonly residual: boolean;

  constructor(inChannels: number, outChannels: number, residual = true) {
    super(inChannels, outChannels, 1);
    this.bn = new BNPReLU(outChannels);
    this.residual = residual;
  }

  forward(f: PyramidLocals, x: Tensor): Tensor {
    this.pyramid(f, x);
    if (this.residual) f.feat = t.add(f.feat, x);
    f.out = this.bn.call(f.feat);
    return f.out;
  }
}

function residualBlocks(channels: number, depth: number): Sequential {
  return new Sequential(...Array.from({ length: depth }, () => new DilatedResidualBlock(channels, channels)));
}

interface EncoderLocals {
  f1: Tensor;
  down2: Tensor;
  feat1: Tensor;
  p1: Tensor;
  f2_res: Tensor;
  f2: Tensor;
  down4: Tensor;
  feat2: Tensor;
  p2: Tensor;
  f3_res: Tensor;
  f3: Tensor;
  feat3: Tensor;
  p3: Tensor;
}

/** Three levels of halves, the image itself mixed in at the first two. Widths are the class's own. */
class ESPNetEncoder extends Layer<readonly [Tensor], readonly Tensor[]> {
  readonly level1: ConvBNPReLU;
  readonly br1: BNPReLU;
  readonly proj1: ConvBNPReLU;
  readonly level2_0: DownSampler;
  readonly level2: Sequential;
  readonly br2: BNPReLU;
  readonly proj2: ConvBNPReLU;
  readonly level3_0: DownSampler;
  readonly level3: Sequential;
  readonly br3: BNPReLU;
  readonly proj3: ConvBNPReLU;

  constructor(classes: number, inChannels: number, depth2: number, depth3: number) {
    super();
    this.level1 = new ConvBNPReLU(inChannels, 16, 3, { stride: 2 });
    this.br1 = new BNPReLU(inChannels + 16);
    this.proj1 = new ConvBNPReLU(inChannels + 16, classes, 1);
    this.level2_0 = new DownSampler(inChannels + 16, 64);
    this.level2 = residualBlocks(64, depth2);
    this.br2 = new BNPReLU(inChannels + 128);
    this.proj2 = new ConvBNPReLU(inChannels + 128, classes, 1);
    this.level3_0 = new DownSampler(inChannels + 128, 128);
    this.level3 = residualBlocks(128, depth3);
    this.br3 = new BNPReLU(256);
    this.proj3 = new ConvBNPReLU(256, classes, 1);
  }

  forward(f: EncoderLocals, x: Tensor): readonly Tensor[] {
    f.f1 = this.level1.call(x);
    f.down2 = F.adaptiveAvgPool2d(x, f.f1.hw);
    f.feat1 = t.concat([f.f1, f.down2], 1);
    f.feat1 = this.br1.call(f.feat1);
    f.p1 = this.proj1.call(f.feat1);
    f.f2_res = this.level2_0.call(f.feat1);
    f.f2 = this.level2.call(f.f2_res);
    f.down4 = F.adaptiveAvgPool2d(x, f.f2.hw);
    f.feat2 = t.concat([f.f2, f.f2_res, f.down4], 1);
    f.feat2 = this.br2.call(f.feat2);
    f.p2 = this.proj2.call(f.feat2);
    f.f3_res = this.level3_0.call(f.feat2);
    f.f3 = this.level3.call(f.f3_res);
    f.feat3 = t.concat([f.f3, f.f3_res], 1);
    f.feat3 = this.br3.call(f.feat3);
    f.p3 = this.proj3.call(f.feat3);
    return [f.p1, f.p2, f.p3];
  }
}

interface Locals {
  encoded: readonly Tensor[];
  up_p3: Tensor;
  combine: Tensor;
  up_p2: Tensor;
  out: Tensor;
}

/** `br3` and `level2_proj` are made and never called, as in PaddleSeg. */
export class ESPNetV1 extends Layer<readonly [Tensor], readonly Tensor[]> implements Network {
  readonly encoder: ESPNetEncoder;
  readonly level3_up: Conv2DTranspose;
  readonly br3: BatchNorm2D;
  readonly level2_proj: Conv2D;
  readonly combine_l2_l3: Sequential;
  readonly level2_up: Sequential;
  readonly out_proj: ConvBNPReLU;
  readonly out_up: Conv2DTranspose;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    const inChannels = args.int("in_channels", 3);
    const depth2 = args.int("level2_depth", 2);
    const depth3 = args.int("level3_depth", 3);
    args.finish();
    const doubled = () => new Conv2DTranspose(classes, classes, 2, { stride: 2, bias: false });
    this.encoder = new ESPNetEncoder(classes, inChannels, depth2, depth3);
    this.level3_up = doubled();
    this.br3 = new BatchNorm2D(classes);
    this.level2_proj = new Conv2D(inChannels + 128, classes, 1, { bias: false });
    this.combine_l2_l3 = new Sequential(
      new BNPReLU(2 * classes),
      new DilatedResidualBlock(2 * classes, classes, false),
    );
    this.level2_up = new Sequential(doubled(), new BNPReLU(classes));
    this.out_proj = new ConvBNPReLU(16 + inChannels + classes, classes, 3, { stride: 1 });
    this.out_up = doubled();
  }

  forward(f: Locals, x: Tensor): readonly Tensor[] {
    f.encoded = this.encoder.call(x);
    const [p1, p2, p3] = f.encoded;
    f.up_p3 = this.level3_up.call(p3!);
    f.combine = this.combine_l2_l3.call(t.concat([f.up_p3, p2!], 1));
    f.up_p2 = this.level2_up.call(f.combine);
    f.combine = this.out_proj.call(t.concat([f.up_p2, p1!], 1));
    f.out = this.out_up.call(f.combine);
    return [f.out];
  }
}
