/** @file DANet (`paddleseg/models/danet.py`). */
import type { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import { Layer, Sequential } from "../nn/layer.ts";
import { Conv2D, Dropout2D } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { CAM, PAM } from "./blocks/attention.ts";
import { ConvBNReLU } from "./blocks/conv.ts";
import { chosenMaps, requiredFeatures } from "./blocks/features.ts";
import { upsampled } from "./blocks/logits.ts";
import type { Network } from "./network.ts";

/** A classifier behind channel dropout (PaddleSeg's rate). */
function classifier(inChannels: number, classes: number): Sequential {
  return new Sequential(new Dropout2D(0.1), new Conv2D(inChannels, classes, 1));
}

interface Locals {
  feats: Tensor;
  channel_feats: Tensor;
  position_feats: Tensor;
  feats_sum: Tensor;
  logit: Tensor;
  cam_logit: Tensor;
  pam_logit: Tensor;
  aux_logit: Tensor;
}

class DAHead extends Layer<readonly [readonly Tensor[]], readonly Tensor[]> {
  readonly channel_conv: ConvBNReLU;
  readonly position_conv: ConvBNReLU;
  readonly pam: PAM;
  readonly cam: CAM;
  readonly conv1: ConvBNReLU;
  readonly conv2: ConvBNReLU;
  readonly aux_head: Sequential;
  readonly aux_head_pam: Sequential;
  readonly aux_head_cam: Sequential;
  readonly cls_head: Sequential;

  constructor(classes: number, from: number) {
    super();
    const inter = Math.floor(from / 4);
    this.channel_conv = new ConvBNReLU(from, inter, 3);
    this.position_conv = new ConvBNReLU(from, inter, 3);
    this.pam = new PAM(inter);
    this.cam = new CAM(inter);
    this.conv1 = new ConvBNReLU(inter, inter, 3);
    this.conv2 = new ConvBNReLU(inter, inter, 3);
    this.aux_head = classifier(from, classes);
    this.aux_head_pam = classifier(inter, classes);
    this.aux_head_cam = classifier(inter, classes);
    this.cls_head = classifier(inter, classes);
  }

  forward(f: Locals, feats: readonly Tensor[]): readonly Tensor[] {
    f.feats = feats.at(-1)!;
    f.channel_feats = this.channel_conv.call(f.feats);
    f.channel_feats = this.cam.call(f.channel_feats);
    f.channel_feats = this.conv1.call(f.channel_feats);
    f.position_feats = this.position_conv.call(f.feats);
    f.position_feats = this.pam.call(f.position_feats);
    f.position_feats = this.conv2.call(f.position_feats);
    f.feats_sum = t.add(f.position_feats, f.channel_feats);
    f.logit = this.cls_head.call(f.feats_sum);
    if (!this.training) return [f.logit];
    f.cam_logit = this.aux_head_cam.call(f.channel_feats);
    // PaddleSeg uses the channel branch's head for both; the other is never run.
    f.pam_logit = this.aux_head_cam.call(f.position_feats);
    f.aux_logit = this.aux_head.call(f.feats);
    return [f.logit, f.cam_logit, f.pam_logit, f.aux_logit];
  }
}

export class DANet extends Layer<readonly [Tensor], PyList> implements Network {
  readonly backbone: Backbone;
  readonly head: DAHead;
  private readonly indices: readonly number[];

  constructor(args: Args) {
    super();
    this.backbone = buildBackbone(args.component("backbone"));
    const { indices, channels } = requiredFeatures(args, this.backbone, 1);
    this.indices = indices;
    this.head = new DAHead(args.int("num_classes"), channels.at(-1)!);
    args.ignore("align_corners");
    args.finish();
  }

  forward(f: { feats: readonly Tensor[]; logit_list: PyList | readonly Tensor[] }, x: Tensor): PyList {
    f.feats = chosenMaps(this.backbone.call(x), this.indices);
    f.logit_list = this.head.call(f.feats);
    if (!this.training) f.logit_list = [[...f.logit_list][0]!];
    const result = upsampled(f.logit_list, x.hw);
    f.logit_list = result;
    return result;
  }
}
