/** @file BiSeNetV1 (`paddleseg/models/bisenetv1.py`). */
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer, LayerList, Sequential } from "../nn/layer.ts";
import { AdaptiveAvgPool2D, Conv2D, Sigmoid } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { ConvBNReLU } from "./blocks/conv.ts";
import type { Network } from "./network.ts";

/** A convolution of 3 by 3 that keeps the size. */
function conv3x3(inChannels: number, outChannels: number): ConvBNReLU {
  return new ConvBNReLU(inChannels, outChannels, 3, { stride: 1, padding: 1, bias: false });
}

function conv1x1(inChannels: number, outChannels: number): ConvBNReLU {
  return new ConvBNReLU(inChannels, outChannels, 1, { bias: false });
}

class SpatialPath extends Layer {
  readonly conv_7x7: ConvBNReLU;
  readonly conv_3x3_1: ConvBNReLU;
  readonly conv_3x3_2: ConvBNReLU;
  readonly conv_1x1: ConvBNReLU;

  constructor(inChannels: number, outChannels: number) {
    super();
    const inner = 64;
    this.conv_7x7 = new ConvBNReLU(inChannels, inner, 7, { stride: 2, padding: 3, bias: false });
    this.conv_3x3_1 = new ConvBNReLU(inner, inner, 3, { stride: 2, padding: 1, bias: false });
    this.conv_3x3_2 = new ConvBNReLU(inner, inner, 3, { stride: 2, padding: 1, bias: false });
    this.conv_1x1 = conv1x1(inner, outChannels);
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = this.conv_7x7.call(x);
    f.x = this.conv_3x3_1.call(f.x);
    f.x = this.conv_3x3_2.call(f.x);
    f.x = this.conv_1x1.call(f.x);
    return f.x;
  }
}

/** An eighth of the image's size comes in. */
const headScale = 8;

class BiSeNetHead extends Layer {
  readonly conv_3x3: ConvBNReLU;
  readonly conv_1x1: Conv2D;

  constructor(inChannels: number, classes: number, auxiliary: boolean) {
    super();
    const inner = auxiliary ? 128 : 64;
    this.conv_3x3 = conv3x3(inChannels, inner);
    this.conv_1x1 = new Conv2D(inner, classes, 1);
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = this.conv_3x3.call(x);
    f.x = this.conv_1x1.call(f.x);
    f.x = F.interpolateBy(f.x, headScale, { mode: "bilinear" });
    return f.x;
  }
}

class AttentionRefinement extends Layer {
  readonly conv_3x3: ConvBNReLU;
  readonly channel_attention: Sequential;

  constructor(inChannels: number, outChannels: number) {
    super();
    this.conv_3x3 = conv3x3(inChannels, outChannels);
    this.channel_attention = new Sequential(new AdaptiveAvgPool2D(1), conv1x1(outChannels, outChannels), new Sigmoid());
  }

  forward(f: { x: Tensor; se: Tensor }, x: Tensor): Tensor {
    f.x = this.conv_3x3.call(x);
    f.se = this.channel_attention.call(f.x);
    f.x = t.multiply(f.x, f.se);
    return f.x;
  }
}

class FeatureFusion extends Layer<readonly [Tensor, Tensor]> {
  readonly conv_1x1: ConvBNReLU;
  readonly channel_attention: Sequential;

  constructor(inChannels: number, outChannels: number) {
    super();
    this.conv_1x1 = conv1x1(inChannels, outChannels);
    this.channel_attention = new Sequential(
      new AdaptiveAvgPool2D(1),
      conv1x1(outChannels, outChannels),
      conv1x1(outChannels, outChannels),
      new Sigmoid(),
    );
  }

  forward(f: { fm: Tensor; fm_se: Tensor; output: Tensor }, x1: Tensor, x2: Tensor): Tensor {
    f.fm = t.concat([x1, x2], 1);
    f.fm = this.conv_1x1.call(f.fm);
    f.fm_se = this.channel_attention.call(f.fm);
    f.output = t.add(f.fm, t.multiply(f.fm, f.fm_se));
    return f.output;
  }
}

interface Locals {
  spatial_out: Tensor;
  context_blocks: PyList;
  global_context: Tensor;
  last_fm: Tensor;
  pred_out: PyList;
  fm: Tensor;
  context_out: Tensor;
  concate_fm: Tensor;
  output: PyList;
  out: Tensor;
}

/** The backbone's two deepest feature maps must have 256 and 512 channels, as PaddleSeg has it. */
export class BiseNetV1 extends Layer<readonly [Tensor], PyList> implements Network {
  readonly backbone: Backbone;
  readonly spatial_path: SpatialPath;
  readonly global_context: Sequential;
  readonly arms: LayerList<AttentionRefinement>;
  readonly refines: LayerList<ConvBNReLU>;
  readonly heads: LayerList<BiSeNetHead>;
  readonly ffm: FeatureFusion;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    this.backbone = buildBackbone(args.component("backbone"));
    const channels = args.int("conv_channel", 128);
    args.finish();
    this.spatial_path = new SpatialPath(3, 128);
    this.global_context = new Sequential(new AdaptiveAvgPool2D(1), conv1x1(512, channels));
    this.arms = new LayerList([new AttentionRefinement(512, channels), new AttentionRefinement(256, channels)]);
    this.refines = new LayerList([conv3x3(channels, channels), conv3x3(channels, channels)]);
    this.heads = new LayerList([
      new BiSeNetHead(channels, classes, true),
      new BiSeNetHead(channels, classes, true),
      new BiSeNetHead(channels * 2, classes, false),
    ]);
    this.ffm = new FeatureFusion(channels * 2, channels * 2);
  }

  forward(f: Locals, x: Tensor): PyList {
    f.spatial_out = this.spatial_path.call(x);
    f.context_blocks = this.backbone.call(x);
    // The list is reversed in place: the deepest comes first.
    const block = (i: number) => f.context_blocks.at(-1 - i);
    f.global_context = this.global_context.call(block(0));
    f.global_context = F.interpolate(f.global_context, block(0).hw, { mode: "bilinear" });
    f.last_fm = f.global_context;
    f.pred_out = new PyList();
    for (const [i, arm] of [...this.arms].entries()) {
      f.fm = block(i);
      f.fm = arm.call(f.fm);
      f.fm = t.add(f.fm, f.last_fm);
      f.last_fm = F.interpolate(f.fm, block(i + 1).hw, { mode: "bilinear" });
      f.last_fm = this.refines.at(i).call(f.last_fm);
      f.pred_out.append(f.last_fm);
    }
    f.context_out = f.last_fm;
    f.concate_fm = this.ffm.call(f.spatial_out, f.context_out);
    f.pred_out.append(f.concate_fm);
    f.output = new PyList();
    const heads = this.training ? [...this.heads] : [this.heads.at(-1)];
    for (const [i, head] of heads.entries()) {
      f.out = head.call(this.training ? f.pred_out.at(i) : f.pred_out.at(-1));
      f.output.append(f.out);
    }
    return f.output;
  }
}
