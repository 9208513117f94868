/** @file STDCSeg (`paddleseg/models/stdcseg.py`). */
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer } from "../nn/layer.ts";
import { BatchNorm2D, Conv2D, ReLU, Sigmoid } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { ConvBNReLU } from "./blocks/conv.ts";
import { upsampled } from "./blocks/logits.ts";
import type { Network } from "./network.ts";

const padded = { stride: 1, padding: 1 };
const pointwise = { stride: 1, padding: 0 };

class SegHead extends Layer {
  readonly conv: ConvBNReLU;
  readonly conv_out: Conv2D;

  constructor(inChannels: number, midChannels: number, classes: number) {
    super();
    this.conv = new ConvBNReLU(inChannels, midChannels, 3, padded);
    this.conv_out = new Conv2D(midChannels, classes, 1);
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = this.conv.call(x);
    f.x = this.conv_out.call(f.x);
    return f.x;
  }
}

class AttentionRefinementModule extends Layer {
  readonly conv: ConvBNReLU;
  readonly conv_atten: Conv2D;
  readonly bn_atten: BatchNorm2D;
  readonly sigmoid_atten: Sigmoid;

  constructor(inChannels: number, outChannels: number) {
    super();
    this.conv = new ConvBNReLU(inChannels, outChannels, 3, padded);
    this.conv_atten = new Conv2D(outChannels, outChannels, 1);
    this.bn_atten = new BatchNorm2D(outChannels);
    this.sigmoid_atten = new Sigmoid();
  }

  forward(f: { feat: Tensor; atten: Tensor; out: Tensor }, x: Tensor): Tensor {
    f.feat = this.conv.call(x);
    f.atten = F.adaptiveAvgPool2d(f.feat, 1);
    f.atten = this.conv_atten.call(f.atten);
    f.atten = this.bn_atten.call(f.atten);
    f.atten = this.sigmoid_atten.call(f.atten);
    f.out = t.multiply(f.feat, f.atten);
    return f.out;
  }
}

interface ContextLocals {
  features: PyList;
  feat2: Tensor;
  feat4: Tensor;
  feat8: Tensor;
  feat16: Tensor;
  feat32: Tensor;
  avg: Tensor;
  avg_up: Tensor;
  feat32_arm: Tensor;
  feat32_sum: Tensor;
  feat32_up: Tensor;
  feat16_arm: Tensor;
  feat16_sum: Tensor;
  feat16_up: Tensor;
}

/** The backbone, and its two deepest feature maps refined and brought upwards. */
class ContextPath extends Layer<readonly [Tensor], readonly Tensor[]> {
  readonly backbone: Backbone;
  readonly arm16: AttentionRefinementModule;
  readonly arm32: AttentionRefinementModule;
  readonly conv_head32: ConvBNReLU;
  readonly conv_head16: ConvBNReLU;
  readonly conv_avg: ConvBNReLU;

  /** Channels are the class's own: those of an STDC backbone of base 64. */
  constructor(backbone: Backbone) {
    super();
    this.backbone = backbone;
    this.arm16 = new AttentionRefinementModule(512, 128);
    this.arm32 = new AttentionRefinementModule(1024, 128);
    this.conv_head32 = new ConvBNReLU(128, 128, 3, padded);
    this.conv_head16 = new ConvBNReLU(128, 128, 3, padded);
    this.conv_avg = new ConvBNReLU(1024, 128, 1, pointwise);
  }

  forward(f: ContextLocals, x: Tensor): readonly Tensor[] {
    f.features = this.backbone.call(x);
    f.feat2 = f.features.at(0);
    f.feat4 = f.features.at(1);
    f.feat8 = f.features.at(2);
    f.feat16 = f.features.at(3);
    f.feat32 = f.features.at(4);
    f.avg = F.adaptiveAvgPool2d(f.feat32, 1);
    f.avg = this.conv_avg.call(f.avg);
    f.avg_up = F.interpolate(f.avg, f.feat32.hw);
    f.feat32_arm = this.arm32.call(f.feat32);
    f.feat32_sum = t.add(f.feat32_arm, f.avg_up);
    f.feat32_up = F.interpolate(f.feat32_sum, f.feat16.hw);
    f.feat32_up = this.conv_head32.call(f.feat32_up);
    f.feat16_arm = this.arm16.call(f.feat16);
    f.feat16_sum = t.add(f.feat16_arm, f.feat32_up);
    f.feat16_up = F.interpolate(f.feat16_sum, f.feat8.hw);
    f.feat16_up = this.conv_head16.call(f.feat16_up);
    return [f.feat2, f.feat4, f.feat8, f.feat16, f.feat16_up, f.feat32_up];
  }
}

interface FusionLocals {
  fcat: Tensor;
  feat: Tensor;
  atten: Tensor;
  feat_atten: Tensor;
  feat_out: Tensor;
}

class FeatureFusionModule extends Layer<readonly [Tensor, Tensor]> {
  readonly convblk: ConvBNReLU;
  readonly conv1: Conv2D;
  readonly conv2: Conv2D;
  readonly relu: ReLU;
  readonly sigmoid: Sigmoid;

  constructor(inChannels: number, outChannels: number) {
    super();
    this.convblk = new ConvBNReLU(inChannels, outChannels, 1, pointwise);
    // A quarter of the channels, as PaddleSeg has it.
    const middle = Math.floor(outChannels / 4);
    this.conv1 = new Conv2D(outChannels, middle, 1);
    this.conv2 = new Conv2D(middle, outChannels, 1);
    this.relu = new ReLU();
    this.sigmoid = new Sigmoid();
  }

  forward(f: FusionLocals, fsp: Tensor, fcp: Tensor): Tensor {
    f.fcat = t.concat([fsp, fcp], 1);
    f.feat = this.convblk.call(f.fcat);
    f.atten = F.adaptiveAvgPool2d(f.feat, 1);
    f.atten = this.conv1.call(f.atten);
    f.atten = this.relu.call(f.atten);
    f.atten = this.conv2.call(f.atten);
    f.atten = this.sigmoid.call(f.atten);
    f.feat_atten = t.multiply(f.feat, f.atten);
    f.feat_out = t.add(f.feat_atten, f.feat);
    return f.feat_out;
  }
}

interface Locals {
  feats: readonly Tensor[];
  feat_fuse: Tensor;
  feat_out: Tensor;
  feat_out8: Tensor;
  feat_out16: Tensor;
  feat_out_sp2: Tensor;
  feat_out_sp4: Tensor;
  feat_out_sp8: Tensor;
  logit_list: PyList;
}

/** `use_boundary_16` and `use_conv_last` are taken and change nothing, as in PaddleSeg. */
export class STDCSeg extends Layer<readonly [Tensor], PyList> implements Network {
  readonly cp: ContextPath;
  readonly ffm: FeatureFusionModule;
  readonly conv_out: SegHead;
  readonly conv_out8: SegHead;
  readonly conv_out16: SegHead;
  readonly conv_out_sp16: SegHead;
  readonly conv_out_sp8: SegHead;
  readonly conv_out_sp4: SegHead;
  readonly conv_out_sp2: SegHead;
  private readonly boundary2: boolean;
  private readonly boundary4: boolean;
  private readonly boundary8: boolean;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    this.boundary2 = args.boolean("use_boundary_2", false);
    this.boundary4 = args.boolean("use_boundary_4", false);
    this.boundary8 = args.boolean("use_boundary_8", true);
    args.ignore("use_boundary_16", "use_conv_last");
    this.cp = new ContextPath(buildBackbone(args.component("backbone")));
    args.finish();
    this.ffm = new FeatureFusionModule(384, 256);
    this.conv_out = new SegHead(256, 256, classes);
    this.conv_out8 = new SegHead(128, 64, classes);
    this.conv_out16 = new SegHead(128, 64, classes);
    this.conv_out_sp16 = new SegHead(512, 64, 1);
    this.conv_out_sp8 = new SegHead(256, 64, 1);
    this.conv_out_sp4 = new SegHead(64, 64, 1);
    this.conv_out_sp2 = new SegHead(32, 64, 1);
  }

  forward(f: Locals, x: Tensor): PyList {
    f.feats = this.cp.call(x);
    const [feat2, feat4, feat8, , feat_cp8, feat_cp16] = f.feats;
    f.feat_fuse = this.ffm.call(feat8!, feat_cp8!);
    f.feat_out = this.conv_out.call(f.feat_fuse);
    if (!this.training) {
      f.feat_out = F.interpolate(f.feat_out, x.hw, { mode: "bilinear" });
      f.logit_list = new PyList();
      f.logit_list.append(f.feat_out);
      return f.logit_list;
    }
    f.feat_out8 = this.conv_out8.call(feat_cp8!);
    f.feat_out16 = this.conv_out16.call(feat_cp16!);
    f.logit_list = upsampled([f.feat_out, f.feat_out8, f.feat_out16], x.hw);
    if (this.boundary2) {
      f.feat_out_sp2 = this.conv_out_sp2.call(feat2!);
      f.logit_list.append(f.feat_out_sp2);
    }
    if (this.boundary4) {
      f.feat_out_sp4 = this.conv_out_sp4.call(feat4!);
      f.logit_list.append(f.feat_out_sp4);
    }
    if (this.boundary8) {
      f.feat_out_sp8 = this.conv_out_sp8.call(feat8!);
      f.logit_list.append(f.feat_out_sp8);
    }
    return f.logit_list;
  }
}
