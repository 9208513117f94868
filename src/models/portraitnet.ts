/** @file PortraitNet (`paddleseg/models/portraitnet.py`). */
import type { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import { Layer, Sequential } from "../nn/layer.ts";
import { BatchNorm2D, Conv2D, Conv2DTranspose, ReLU } from "../nn/layers.ts";
import type { Logit, Logits } from "../nn/logit.ts";
import * as t from "../nn/tensor.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import type { Network } from "./network.ts";

function depthwise(channels: number, stride = 1): Conv2D {
  return new Conv2D(channels, channels, 3, { stride, padding: 1, groups: channels, bias: false });
}

function pointwise(inChannels: number, outChannels: number): Conv2D {
  return new Conv2D(inChannels, outChannels, 1, { bias: false });
}

class ConvDw extends Layer {
  readonly conv: Sequential;

  constructor(inChannels: number, outChannels: number) {
    super();
    this.conv = new Sequential(
      depthwise(inChannels),
      new BatchNorm2D(inChannels),
      new ReLU(),
      pointwise(inChannels, outChannels),
      new BatchNorm2D(outChannels),
      new ReLU(),
    );
  }

  forward(_f: object, x: Tensor): Tensor {
    return this.conv.call(x);
  }
}

class ResidualBlock extends Layer {
  readonly block: Sequential;
  readonly residual: Sequential | undefined;
  readonly relu: ReLU;

  constructor(inChannels: number, outChannels: number) {
    super();
    this.block = new Sequential(
      new ConvDw(inChannels, outChannels),
      depthwise(outChannels),
      new BatchNorm2D(outChannels),
      new ReLU(),
      pointwise(outChannels, outChannels),
      new BatchNorm2D(outChannels),
    );
    if (inChannels !== outChannels) {
      this.residual = new Sequential(pointwise(inChannels, outChannels), new BatchNorm2D(outChannels));
    }
    this.relu = new ReLU();
  }

  forward(f: { residual: Tensor; out: Tensor }, x: Tensor): Tensor {
    f.residual = x;
    f.out = this.block.call(x);
    if (this.residual) f.residual = this.residual.call(x);
    f.out = t.add(f.out, f.residual);
    f.out = this.relu.call(f.out);
    return f.out;
  }
}

interface HeadLocals {
  up_1_16: Tensor;
  up_1_8: Tensor;
  up_1_4: Tensor;
  up_1_2: Tensor;
  up_1_1: Tensor;
  pred: Tensor;
  edge: Tensor;
}

/** Five times twice as large; channels are those of MobileNetV2 and the class's own. */
class PortraitNetHead extends Layer<readonly [PyList], Logit> {
  readonly deconv1: Conv2DTranspose;
  readonly deconv2: Conv2DTranspose;
  readonly deconv3: Conv2DTranspose;
  readonly deconv4: Conv2DTranspose;
  readonly deconv5: Conv2DTranspose;
  readonly transit1: ResidualBlock;
  readonly transit2: ResidualBlock;
  readonly transit3: ResidualBlock;
  readonly transit4: ResidualBlock;
  readonly transit5: ResidualBlock;
  readonly pred: Conv2D;
  readonly edge: Conv2D | undefined;

  constructor(classes: number, minChannel: number, ratio: number, addEdge: boolean) {
    super();
    const depth = (channels: number) => Math.max(Math.min(channels, minChannel), Math.trunc(channels * ratio));
    const up = (channels: number) =>
      new Conv2DTranspose(depth(channels), depth(channels), 4, { stride: 2, padding: 1, bias: false });
    const transit = (from: number, to: number) => new ResidualBlock(depth(from), depth(to));
    const classifier = () => new Conv2D(depth(8), classes, 3, { padding: 1, bias: false });
    this.deconv1 = up(96);
    this.deconv2 = up(32);
    this.deconv3 = up(24);
    this.deconv4 = up(16);
    this.deconv5 = up(8);
    this.transit1 = transit(320, 96);
    this.transit2 = transit(96, 32);
    this.transit3 = transit(32, 24);
    this.transit4 = transit(24, 16);
    this.transit5 = transit(16, 8);
    this.pred = classifier();
    if (addEdge) this.edge = classifier();
  }

  forward(f: HeadLocals, maps: PyList): Logit {
    f.up_1_16 = this.deconv1.call(this.transit1.call(maps.at(3)));
    f.up_1_8 = this.deconv2.call(this.transit2.call(t.add(maps.at(2), f.up_1_16)));
    f.up_1_4 = this.deconv3.call(this.transit3.call(t.add(maps.at(1), f.up_1_8)));
    f.up_1_2 = this.deconv4.call(this.transit4.call(t.add(maps.at(0), f.up_1_4)));
    f.up_1_1 = this.deconv5.call(this.transit5.call(f.up_1_2));
    f.pred = this.pred.call(f.up_1_1);
    if (!this.edge) return f.pred;
    f.edge = this.edge.call(f.up_1_1);
    return [f.pred, f.edge];
  }
}

export class PortraitNet extends Layer<readonly [Tensor], Logits> implements Network {
  readonly backbone: Backbone;
  readonly head: PortraitNetHead;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    this.backbone = buildBackbone(args.component("backbone"));
    const minChannel = args.int("min_channel", 16);
    const ratio = args.number("channel_ratio", 1);
    this.head = new PortraitNetHead(classes, minChannel, ratio, args.boolean("add_edge", false));
    args.finish();
  }

  forward(f: { feat_list: PyList; logits_list: Logit }, x: Tensor): Logits {
    f.feat_list = this.backbone.call(x);
    f.logits_list = this.head.call(f.feat_list);
    return [f.logits_list];
  }
}
