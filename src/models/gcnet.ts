/** @file GCNet (`paddleseg/models/gcnet.py`). */
import { scope } from "../engine/frame.ts";
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import { Layer, Sequential } from "../nn/layer.ts";
import { Conv2D, Dropout, LayerNorm, ReLU, Softmax } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { AuxLayer, ConvBNReLU } from "./blocks/conv.ts";
import { type Features, features } from "./blocks/features.ts";
import { BackboneAndHead } from "./encoder-decoder.ts";

/** One context vector for all pixels, weighed by a mask over them, transformed and added. */
class GlobalContextBlock extends Layer {
  readonly conv_mask: Conv2D;
  readonly softmax: Softmax;
  readonly channel_add_conv: Sequential;
  private readonly channels: number;

  constructor(channels: number, ratio: number) {
    super();
    this.channels = channels;
    this.conv_mask = new Conv2D(channels, 1, 1);
    this.softmax = new Softmax();
    const inter = Math.trunc(channels * ratio);
    this.channel_add_conv = new Sequential(
      new Conv2D(channels, inter, 1),
      new LayerNorm([inter, 1, 1]),
      new ReLU(),
      new Conv2D(inter, channels, 1),
    );
  }

  forward(f: { context: Tensor; channel_add_term: Tensor; out: Tensor }, x: Tensor): Tensor {
    f.context = this.context(x);
    f.channel_add_term = this.channel_add_conv.call(f.context);
    f.out = t.add(x, f.channel_add_term);
    return f.out;
  }

  private context(x: Tensor): Tensor {
    return scope({ x }, (f: { x: Tensor; input_x: Tensor; context_mask: Tensor; context: Tensor }) => {
      f.input_x = t.reshape(f.x, [0, this.channels, -1]);
      f.input_x = t.unsqueeze(f.input_x, 1);
      f.context_mask = this.conv_mask.call(f.x);
      f.context_mask = t.reshape(f.context_mask, [0, 1, -1]);
      f.context_mask = this.softmax.call(f.context_mask);
      f.context_mask = t.unsqueeze(f.context_mask, -1);
      f.context = t.matmul(f.input_x, f.context_mask);
      f.context = t.reshape(f.context, [0, this.channels, 1, 1]);
      return f.context;
    });
  }
}

interface HeadLocals {
  logit_list: PyList;
  x: Tensor;
  output: Tensor;
  logit: Tensor;
  low_level_feat: Tensor;
  auxiliary_logit: Tensor;
}

class GCNetHead extends Layer<readonly [PyList], PyList> {
  readonly conv_bn_relu1: ConvBNReLU;
  readonly gc_block: GlobalContextBlock;
  readonly conv_bn_relu2: ConvBNReLU;
  readonly conv_bn_relu3: ConvBNReLU;
  readonly dropout: Dropout;
  readonly conv: Conv2D;
  readonly auxlayer: AuxLayer | undefined;
  private readonly indices: readonly number[];

  constructor(classes: number, from: Features, channels: number, ratio: number, auxiliary: boolean) {
    super();
    this.indices = from.indices;
    const [shallow, deep] = [from.channels[0]!, from.channels[1]!];
    this.conv_bn_relu1 = new ConvBNReLU(deep, channels, 3, { padding: 1 });
    this.gc_block = new GlobalContextBlock(channels, ratio);
    this.conv_bn_relu2 = new ConvBNReLU(channels, channels, 3, { padding: 1 });
    this.conv_bn_relu3 = new ConvBNReLU(deep + channels, channels, 3, { padding: 1 });
    // PaddleSeg's own rate.
    this.dropout = new Dropout(0.1);
    this.conv = new Conv2D(channels, classes, 1);
    if (auxiliary) this.auxlayer = new AuxLayer(shallow, Math.floor(shallow / 4), classes);
  }

  forward(f: HeadLocals, feats: PyList): PyList {
    f.logit_list = new PyList();
    f.x = feats.at(this.indices[1]!);
    f.output = this.conv_bn_relu1.call(f.x);
    f.output = this.gc_block.call(f.output);
    f.output = this.conv_bn_relu2.call(f.output);
    f.output = t.concat([f.x, f.output], 1);
    f.output = this.conv_bn_relu3.call(f.output);
    f.output = this.dropout.call(f.output);
    f.logit = this.conv.call(f.output);
    f.logit_list.append(f.logit);
    if (this.auxlayer) {
      f.low_level_feat = feats.at(this.indices[0]!);
      f.auxiliary_logit = this.auxlayer.call(f.low_level_feat);
      f.logit_list.append(f.auxiliary_logit);
    }
    return f.logit_list;
  }
}

export class GCNet extends BackboneAndHead {
  readonly backbone: Backbone;
  readonly head: GCNetHead;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    this.backbone = buildBackbone(args.component("backbone"));
    const from = features(args, this.backbone, [2, 3], 2);
    const channels = args.int("gc_channels", 512);
    const ratio = args.number("ratio", 0.25);
    this.head = new GCNetHead(classes, from, channels, ratio, args.boolean("enable_auxiliary_loss", true));
    args.ignore("align_corners");
    args.finish();
  }
}
