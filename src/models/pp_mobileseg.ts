/** @file PP-MobileSeg (`paddleseg/models/pp_mobileseg.py`). */
import type { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer } from "../nn/layer.ts";
import { Conv2D, Dropout2D, ReLU } from "../nn/layers.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { ConvBNAct } from "./backbones/top_transformer-blocks.ts";
import type { Network } from "./network.ts";

class PPMobileSegHead extends Layer {
  readonly linear_fuse: ConvBNAct;
  readonly dropout: Dropout2D;
  readonly conv_seg: Conv2D;

  constructor(classes: number, channels: number, depthwise: boolean) {
    super();
    this.linear_fuse = new ConvBNAct(channels, channels, { groups: depthwise ? channels : 1, act: new ReLU() });
    this.dropout = new Dropout2D(0.1);
    this.conv_seg = new Conv2D(channels, classes, 1);
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = this.linear_fuse.call(x);
    f.x = this.dropout.call(f.x);
    f.x = this.conv_seg.call(f.x);
    return f.x;
  }
}

/** `upsample: vim`, which is for exported models, is refused. */
export class PPMobileSeg extends Layer<readonly [Tensor], readonly Tensor[]> implements Network {
  readonly backbone: Backbone;
  readonly decode_head: PPMobileSegHead;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    this.backbone = buildBackbone(args.component("backbone"));
    const depthwise = args.boolean("head_use_dw", true);
    // PaddleSeg's own spelling.
    args.string("upsample", "intepolate", ["intepolate"]);
    args.ignore("align_corners");
    this.decode_head = new PPMobileSegHead(classes, this.backbone.feat_channels[0]!, depthwise);
    args.finish();
  }

  forward(f: { x: PyList | Tensor }, x: Tensor): readonly Tensor[] {
    const features = this.backbone.call(x);
    f.x = features;
    const logit = this.decode_head.call(features.at(0));
    f.x = logit;
    const result = F.interpolate(logit, x.hw, { mode: "bilinear" });
    f.x = result;
    return [result];
  }
}
