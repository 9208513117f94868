/** @file PointRend (`paddleseg/models/pointrend.py`): a feature pyramid, and a head that refines uncertain points. */
import { scope } from "../engine/frame.ts";
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import { type Args, ArgumentError } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer, LayerList, Sequential } from "../nn/layer.ts";
import { Conv2D, Dropout2D, Upsample } from "../nn/layers.ts";
import type { Logit } from "../nn/logit.ts";
import * as t from "../nn/tensor.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { requiredFeatures } from "./blocks/features.ts";
import { buildPyramid, type PyramidLocals, pyramidLayers } from "./blocks/fpn.ts";
import { ConvModule, PointHead } from "./blocks/point-head.ts";
import type { Network } from "./network.ts";

/** The pyramid's maps, coarsest first. */
class FPNNeck extends Layer<readonly [readonly Tensor[]], PyList> {
  readonly lateral_convs: LayerList<Sequential>;
  readonly fpn_out: LayerList<Sequential>;

  constructor(planes: readonly number[], channels: number) {
    super();
    const { lateral_convs, fpn_out } = pyramidLayers(planes, channels);
    this.lateral_convs = lateral_convs;
    this.fpn_out = fpn_out;
  }

  forward(f: PyramidLocals, maps: readonly Tensor[]): PyList {
    buildPyramid(f, this, maps);
    return f.fpn_feature_list;
  }
}

/** Convolutions, each followed by an enlargement, as many as the stride is larger than the first. */
function scaleHead(stride: number, first: number, inChannels: number, channels: number): Sequential {
  const length = Math.max(1, Math.trunc(Math.log2(stride) - Math.log2(first)));
  const layers = Array.from({ length }, (_, k) => {
    const conv = new ConvModule(new Conv2D(k === 0 ? inChannels : channels, channels, 3, { padding: 1 }));
    return stride === first ? [conv] : [conv, new Upsample({ scaleFactor: 2 }, { mode: "bilinear" })];
  });
  return new Sequential(...layers.flat());
}

class FPNHead extends Layer<readonly [PyList], readonly Tensor[]> {
  readonly scale_heads: LayerList<Sequential>;
  readonly conv_seg: Conv2D;
  readonly dropout: Dropout2D;
  private readonly indices: readonly number[];

  constructor(args: Args, classes: number) {
    super();
    const strides = args.numbers("PFN_feature_strides", [4, 8, 16, 32]);
    const from = args.numbers("PFN_in_channels", [256, 256, 256, 256]);
    const channels = args.int("PFN_channels", 128);
    this.indices = args.numbers("PFN_in_index", [0, 1, 2, 3]);
    args.string("PFN_conv_cfg", "Conv2D", ["Conv2D"]);
    args.string("PFN_input_transform", "multiple_select", ["multiple_select"]);
    this.scale_heads = new LayerList(strides.map((s, i) => scaleHead(s, strides[0]!, from[i]!, channels)));
    this.conv_seg = new Conv2D(channels, classes, 1);
    this.dropout = new Dropout2D(args.optionalNumber("PFN_dropout_ratio") ?? 0);
  }

  private classify(feat: Tensor): Tensor {
    return scope({ feat }, (f: { feat: Tensor; output: Tensor }) => {
      f.feat = this.dropout.call(f.feat);
      f.output = this.conv_seg.call(f.feat);
      return f.output;
    });
  }

  forward(f: { x: readonly Tensor[]; output: Tensor }, inputs: PyList): readonly Tensor[] {
    const maps = this.indices.map((i) => inputs.at(i));
    f.x = maps;
    f.output = this.scale_heads.at(0).call(maps[0]!);
    for (let i = 1; i < this.scale_heads.length; i++) {
      const head = this.scale_heads.at(i).call(maps[i]!);
      f.output = t.add(f.output, F.interpolate(head, f.output.hw, { mode: "bilinear" }));
    }
    f.output = this.classify(f.output);
    return [f.output];
  }
}

interface Locals {
  feats: PyList | readonly Tensor[];
  fpn_feats: PyList;
  pfn_logits: readonly Tensor[];
  point_logits: readonly Tensor[];
  logit_list: PyList<Logit>;
}

export class PointRend extends Layer<readonly [Tensor], PyList<Logit>> implements Network {
  readonly backbone: Backbone;
  readonly neck: FPNNeck;
  readonly pointhead: PointHead;
  readonly fpnhead: FPNHead;
  private readonly indices: readonly number[];

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    this.backbone = buildBackbone(args.component("backbone"));
    const { indices } = requiredFeatures(args, this.backbone, 1);
    this.indices = indices;
    const planes = args.numbers("fpn_inplanes", [256, 512, 1024, 2048]);
    if (planes.length !== indices.length) {
      const reason = `fpn_inplanes must have as many entries as backbone_indices (${indices.length})`;
      throw new ArgumentError(args.type, "fpn_inplanes", reason);
    }
    this.neck = new FPNNeck(planes, args.int("fpn_outplanes", 256));
    this.pointhead = new PointHead(args, classes);
    this.fpnhead = new FPNHead(args, classes);
    args.ignore("align_corners");
    args.finish();
  }

  forward(f: Locals, x: Tensor): PyList<Logit> {
    const feats = this.backbone.call(x);
    f.feats = feats;
    const chosen = this.indices.map((i) => feats.at(i));
    f.feats = chosen;
    f.fpn_feats = this.neck.call(chosen);
    f.pfn_logits = this.fpnhead.call(f.fpn_feats);
    f.point_logits = this.pointhead.call(f.fpn_feats, f.pfn_logits);
    f.logit_list = enlarged(this.training ? f.pfn_logits : f.point_logits, x.hw);
    if (this.training) f.logit_list.append(f.point_logits);
    return f.logit_list;
  }
}

/** A list comprehension whose list takes the points' logits later. */
function enlarged(logits: readonly Tensor[], size: readonly [number, number]): PyList<Logit> {
  return scope({ logits }, (f: { logits: readonly Tensor[]; result: PyList<Logit>; logit: Tensor }) => {
    f.result = new PyList<Logit>();
    for (const logit of f.logits) {
      f.logit = logit;
      f.result.append(F.interpolate(f.logit, size, { mode: "bilinear" }));
    }
    return f.result;
  });
}
