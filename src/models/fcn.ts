/** @file FCN (`paddleseg/models/fcn.py`). */
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import { Layer } from "../nn/layer.ts";
import { Conv2D } from "../nn/layers.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { ConvBNReLU } from "./blocks/conv.ts";
import { features } from "./blocks/features.ts";
import { normalConvolutions } from "./blocks/init-weight.ts";
import { BackboneAndHead } from "./encoder-decoder.ts";

/** A pointwise convolution and the classifier. */
export class FCNHead extends Layer<readonly [PyList | readonly Tensor[]], PyList> {
  readonly conv_1: ConvBNReLU;
  readonly cls: Conv2D;
  private readonly index: number;

  constructor(classes: number, index: number, inChannels: number, channels: number, bias: boolean) {
    super();
    this.index = index;
    this.conv_1 = new ConvBNReLU(inChannels, channels, 1, { bias });
    this.cls = new Conv2D(channels, classes, 1, { bias });
    normalConvolutions(this);
  }

  forward(f: { logit_list: PyList; x: Tensor; logit: Tensor }, feats: PyList | readonly Tensor[]): PyList {
    f.logit_list = new PyList();
    f.x = [...feats].at(this.index)!;
    f.x = this.conv_1.call(f.x);
    f.logit = this.cls.call(f.x);
    f.logit_list.append(f.logit);
    return f.logit_list;
  }
}

export class FCN extends BackboneAndHead {
  readonly backbone: Backbone;
  readonly head: FCNHead;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    this.backbone = buildBackbone(args.component("backbone"));
    const { indices, channels } = features(args, this.backbone, [-1], 1);
    const from = channels[0]!;
    const middle = args.optionalNumber("channels") ?? from;
    this.head = new FCNHead(classes, indices[0]!, from, middle, args.boolean("bias", true));
    args.string("data_format", "NCHW", ["NCHW"]);
    args.ignore("align_corners");
    args.finish();
  }
}
