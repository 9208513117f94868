/** @file PP-LiteSeg (`paddleseg/models/pp_liteseg.py`). */
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import { type Args, ArgumentError } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer, LayerList, Sequential } from "../nn/layer.ts";
import { AdaptiveAvgPool2D, Conv2D } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import type { ResizeMode } from "../ops/resize.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { ConvBNReLU } from "./blocks/conv.ts";
import { perFeature } from "./blocks/features.ts";
import { fusionModules, type UAFM } from "./blocks/tensor-fusion.ts";
import { HeadPerScale } from "./encoder-decoder.ts";

/** Pyramid pooling whose results are added. */
class PPContextModule extends Layer {
  readonly stages: LayerList<Sequential>;
  readonly conv_out: ConvBNReLU;

  constructor(inChannels: number, interChannels: number, outChannels: number, bins: readonly number[]) {
    super();
    this.stages = new LayerList(
      bins.map((size) => new Sequential(new AdaptiveAvgPool2D(size), new ConvBNReLU(inChannels, interChannels, 1))),
    );
    this.conv_out = new ConvBNReLU(interChannels, outChannels, 3, { padding: 1 });
  }

  forward(f: { out: Tensor | undefined; x: Tensor }, input: Tensor): Tensor {
    for (const stage of this.stages) {
      f.x = stage.call(input);
      f.x = F.interpolate(f.x, input.hw, { mode: "bilinear" });
      f.out = f.out === undefined ? f.x : t.add(f.out, f.x);
    }
    if (f.out === undefined) throw new ArgumentError("PPLiteSeg", "cm_bin_sizes", "cm_bin_sizes must not be empty");
    f.out = this.conv_out.call(f.out);
    return f.out;
  }
}

class PPLiteSegHead extends Layer<readonly [readonly Tensor[]], PyList> {
  readonly cm: PPContextModule;
  readonly arm_list: LayerList<UAFM>;

  constructor(args: Args, from: readonly number[], outs: readonly number[]) {
    super();
    const bins = args.numbers("cm_bin_sizes", [1, 2, 4]);
    const middle = args.int("cm_out_ch", 128);
    const armType = args.string("arm_type", "UAFM_SpAtten");
    const resizeMode = args.string<ResizeMode>("resize_mode", "bilinear", ["bilinear", "nearest", "bicubic"]);
    const Arm = fusionModules[armType];
    if (Arm === undefined) {
      throw new ArgumentError("PPLiteSeg", "arm_type", `there is no arm_type ${armType}`, Object.keys(fusionModules));
    }
    this.cm = new PPContextModule(from.at(-1)!, middle, middle, bins);
    this.arm_list = new LayerList(
      from.map((low, i) => new Arm(low, i === from.length - 1 ? middle : outs[i + 1]!, outs[i]!, 3, resizeMode)),
    );
  }

  forward(f: { high_feat: Tensor; out_feat_list: PyList; low_feat: Tensor }, features: readonly Tensor[]): PyList {
    f.high_feat = this.cm.call(features.at(-1)!);
    f.out_feat_list = new PyList();
    for (let i = features.length - 1; i >= 0; i--) {
      f.low_feat = features[i]!;
      f.high_feat = this.arm_list.at(i).call(f.low_feat, f.high_feat);
      f.out_feat_list.insert(0, f.high_feat);
    }
    return f.out_feat_list;
  }
}

class SegHead extends Layer {
  readonly conv: ConvBNReLU;
  readonly conv_out: Conv2D;

  constructor(inChannels: number, midChannels: number, classes: number) {
    super();
    this.conv = new ConvBNReLU(inChannels, midChannels, 3, { stride: 1, padding: 1, bias: false });
    this.conv_out = new Conv2D(midChannels, classes, 1, { bias: false });
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = this.conv.call(x);
    f.x = this.conv_out.call(f.x);
    return f.x;
  }
}

export class PPLiteSeg extends HeadPerScale {
  readonly backbone: Backbone;
  readonly ppseg_head: PPLiteSegHead;
  readonly seg_heads: LayerList<SegHead>;
  protected readonly indices: readonly number[];

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    this.backbone = buildBackbone(args.component("backbone"));
    this.indices = args.numbers("backbone_indices", [2, 3, 4]);
    const channels = this.backbone.feat_channels;
    if (this.indices.length < 2 || Math.max(...this.indices) >= channels.length) {
      throw new ArgumentError(
        "PPLiteSeg",
        "backbone_indices",
        `backbone_indices must be two or more places in the backbone's ${channels.length} feature maps`,
      );
    }
    const from = this.indices.map((i) => channels[i]!);
    const outs = perFeature(args, "arm_out_chs", [64, 96, 128], from.length);
    this.ppseg_head = new PPLiteSegHead(args, from, outs);
    const mids = perFeature(args, "seg_head_inter_chs", [64, 64, 64], from.length);
    this.seg_heads = new LayerList(outs.map((c, i) => new SegHead(c, mids[i]!, classes)));
    args.finish();
  }
}
