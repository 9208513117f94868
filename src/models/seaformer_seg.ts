/** @file SeaFormerSeg (`paddleseg/models/seaformer_seg.py`): the fine feature fused with each coarser one in turn. */
import type { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import { type Args, ArgumentError } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { type AnyLayer, Lambda, Layer } from "../nn/layer.ts";
import { Conv2D, Dropout2D } from "../nn/layers.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { ConvBN, ConvBNReLU } from "./blocks/conv.ts";
import { SeaFusion } from "./blocks/sea-fusion.ts";
import type { Network } from "./network.ts";

interface Locals {
  inputs: PyList;
  xx: readonly Tensor[];
  x_detail: Tensor;
  feat: Tensor;
  x: Tensor | readonly Tensor[];
}

export class SeaFormerSeg extends Layer<readonly [Tensor], readonly Tensor[]> implements Network {
  readonly backbone: Backbone;
  readonly linear_fuse: ConvBNReLU;
  readonly dropout: Dropout2D;
  readonly cls_seg: Conv2D;
  private readonly fuse: readonly SeaFusion[];
  private readonly indices: readonly number[];

  constructor(args: Args) {
    super();
    this.backbone = buildBackbone(args.component("backbone"));
    this.indices = args.numbers("in_index", [0, 1, 2]);
    const channels = args.int("head_channels", 160);
    const dims = args.numbers("embed_dims", [128, 160]);
    const classes = args.int("num_classes", 150);
    const groups = args.boolean("is_dw", true) ? channels : 1;
    args.string("input_transform", "multiple_select", ["multiple_select"]);
    args.ignore("align_corners");
    this.linear_fuse = new ConvBNReLU(channels, channels, 1, { stride: 1, groups, bias: false });
    this.dropout = new Dropout2D(args.number("dropout_ratio", 0.1));
    this.cls_seg = new Conv2D(channels, classes, 1);
    const from = this.backbone.feat_channels;
    if (dims.length >= Math.min(this.indices.length, from.length)) {
      const reason = `embed_dims of SeaFormerSeg has ${dims.length} items, each for one of backbone_indices after the first (${this.indices.length})`;
      throw new ArgumentError(args.type, "embed_dims", reason);
    }
    const conv = (channelsIn: number, dim: number) => new ConvBN(channelsIn, dim, 1, { bias: false });
    this.fuse = dims.map((dim, i) => {
      const local = conv(i === 0 ? from[0]! : dims[i - 1]!, dim);
      return new SeaFusion(local, conv(from[i + 1]!, dim), new Lambda(F.hardsigmoid));
    });
    args.finish();
  }

  override *children(): Iterable<readonly [string, AnyLayer]> {
    yield* super.children();
    for (const [i, layer] of this.fuse.entries()) yield [`fuse${i + 1}`, layer];
  }

  forward(f: Locals, x: Tensor): readonly Tensor[] {
    f.inputs = this.backbone.call(x);
    f.xx = this.indices.map((i) => f.inputs.at(i));
    f.x_detail = f.xx[0]!;
    for (const [i, fuse] of this.fuse.entries()) f.x_detail = fuse.call(f.x_detail, f.xx[i + 1]!);
    f.feat = this.linear_fuse.call(f.x_detail);
    f.feat = this.dropout.call(f.feat);
    const logit = this.cls_seg.call(f.feat);
    f.x = logit;
    const result = [F.interpolate(logit, x.hw, { mode: "bilinear" })];
    f.x = result;
    return result;
  }
}
