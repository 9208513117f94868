/** @file HRNetW48Contrast (`paddleseg/models/hrnet_contrast.py`): logits, and features to compare pixels by. */
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer, Sequential } from "../nn/layer.ts";
import { Conv2D, Dropout2D } from "../nn/layers.ts";
import type { Logit } from "../nn/logit.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { ConvBNReLU } from "./blocks/conv.ts";
import type { Network } from "./network.ts";

/** Features of length 1. */
class ProjectionHead extends Layer {
  readonly proj: Sequential;

  constructor(inChannels: number, dim: number) {
    super();
    this.proj = new Sequential(new ConvBNReLU(inChannels, inChannels, 1), new Conv2D(inChannels, dim, 1));
  }

  forward(_f: object, x: Tensor): Tensor {
    return F.normalize(this.proj.call(x), 1);
  }
}

interface Locals {
  feats: Tensor;
  out: Tensor;
  logit_list: PyList<Logit>;
  emb: Tensor;
}

export class HRNetW48Contrast extends Layer<readonly [Tensor], PyList<Logit>> implements Network {
  readonly backbone: Backbone;
  readonly cls_head: Sequential;
  readonly proj_head: ProjectionHead;

  constructor(args: Args) {
    super();
    const channels = args.int("bb_channels");
    const classes = args.int("num_classes");
    this.backbone = buildBackbone(args.component("backbone"));
    this.cls_head = new Sequential(
      new ConvBNReLU(channels, channels, 3, { padding: 1 }),
      new Dropout2D(args.number("drop_prob")),
      new Conv2D(channels, classes, 1, { bias: false }),
    );
    this.proj_head = new ProjectionHead(channels, args.int("proj_dim"));
    args.ignore("align_corners");
    args.finish();
  }

  forward(f: Locals, x: Tensor): PyList<Logit> {
    const maps = this.backbone.call(x);
    f.feats = maps.at(0);
    maps.drop();
    f.out = this.cls_head.call(f.feats);
    f.logit_list = new PyList<Logit>();
    if (this.training) f.emb = this.proj_head.call(f.feats);
    f.logit_list.append(F.interpolate(f.out, x.hw, { mode: "bilinear" }));
    // PaddleSeg's dict: seg, embed.
    if (this.training) f.logit_list.append([f.out, f.emb]);
    return f.logit_list;
  }
}
