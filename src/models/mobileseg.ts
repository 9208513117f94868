/** @file MobileSeg (`paddleseg/models/mobileseg.py`). */
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
import { ConvBNReLU, SeparableConvBNReLU } from "./blocks/conv.ts";
import { features, perFeature } from "./blocks/features.ts";
import { fusionModules, type UAFM } from "./blocks/tensor-fusion.ts";
import { HeadPerScale } from "./encoder-decoder.ts";

function separable(inChannels: number, outChannels: number): SeparableConvBNReLU {
  return new SeparableConvBNReLU(inChannels, outChannels, 3, { bias: false });
}

/** Pyramid pooling whose results are added. */
class MobileContextModule extends Layer {
  readonly stages: LayerList<Sequential>;
  readonly conv_out: SeparableConvBNReLU;

  constructor(inChannels: number, interChannels: number, outChannels: number, bins: readonly number[]) {
    super();
    this.stages = new LayerList(
      bins.map((size) => new Sequential(new AdaptiveAvgPool2D(size), new ConvBNReLU(inChannels, interChannels, 1))),
    );
    this.conv_out = separable(interChannels, outChannels);
  }

  forward(f: { out: Tensor | undefined; x: Tensor }, input: Tensor): Tensor {
    for (const stage of this.stages) {
      f.x = stage.call(input);
      f.x = F.interpolate(f.x, input.hw, { mode: "bilinear" });
      f.out = f.out === undefined ? f.x : t.add(f.out, f.x);
    }
    if (f.out === undefined) throw new ArgumentError("MobileSeg", "cm_bin_sizes", "cm_bin_sizes must not be empty");
    f.out = this.conv_out.call(f.out);
    return f.out;
  }
}

interface HeadLocals {
  high_feat: Tensor;
  out_feat_list: PyList;
  low_feat: Tensor;
  rest: readonly Tensor[];
  x_list: PyList;
  x: Tensor;
}

class MobileSegHead extends Layer<readonly [readonly Tensor[]], PyList> {
  readonly cm: MobileContextModule;
  readonly arm_list: LayerList<UAFM>;
  readonly fuse_convs: LayerList<SeparableConvBNReLU> | undefined;
  readonly last_conv: SeparableConvBNReLU | undefined;

  constructor(args: Args, from: readonly number[], outs: readonly number[]) {
    super();
    const bins = args.numbers("cm_bin_sizes", [1, 2]);
    const middle = args.int("cm_out_ch", 64);
    const armType = args.string("arm_type", "UAFMMobile");
    const resizeMode = args.string<ResizeMode>("resize_mode", "bilinear", ["bilinear", "nearest", "bicubic"]);
    const lastFuse = args.boolean("use_last_fuse", false);
    const Arm = fusionModules[armType];
    if (Arm === undefined) {
      throw new ArgumentError("MobileSeg", "arm_type", `there is no arm_type ${armType}`, Object.keys(fusionModules));
    }
    this.cm = new MobileContextModule(from.at(-1)!, middle, middle, bins);
    this.arm_list = new LayerList(
      from.map((low, i) => new Arm(low, i === from.length - 1 ? middle : outs[i + 1]!, outs[i]!, 3, resizeMode)),
    );
    if (!lastFuse) return;
    this.fuse_convs = new LayerList(outs.slice(1).map((channels) => separable(channels, outs[0]!)));
    this.last_conv = separable(outs.length * outs[0]!, outs[0]!);
  }

  forward(f: HeadLocals, maps: readonly Tensor[]): PyList {
    f.high_feat = this.cm.call(maps.at(-1)!);
    f.out_feat_list = new PyList();
    for (let i = maps.length - 1; i >= 0; i--) {
      f.low_feat = maps[i]!;
      f.high_feat = this.arm_list.at(i).call(f.low_feat, f.high_feat);
      f.out_feat_list.insert(0, f.high_feat);
    }
    if (!this.fuse_convs || !this.last_conv) return f.out_feat_list;
    f.x_list = new PyList();
    f.x_list.append(f.out_feat_list.at(0));
    const size = f.out_feat_list.at(0).hw;
    for (const [i, conv] of [...this.fuse_convs].entries()) {
      f.x = f.out_feat_list.at(i + 1);
      f.x = conv.call(f.x);
      f.x = F.interpolate(f.x, size, { mode: "bilinear" });
      f.x_list.append(f.x);
    }
    f.x = t.concat(f.x_list, 1);
    f.x = this.last_conv.call(f.x);
    f.out_feat_list.set(0, f.x);
    return f.out_feat_list;
  }
}

class SegHead extends Layer {
  readonly conv: SeparableConvBNReLU;
  readonly conv_out: Conv2D;

  constructor(inChannels: number, midChannels: number, classes: number) {
    super();
    this.conv = separable(inChannels, midChannels);
    this.conv_out = new Conv2D(midChannels, classes, 1, { bias: false });
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = this.conv.call(x);
    f.x = this.conv_out.call(f.x);
    return f.x;
  }
}

export class MobileSeg extends HeadPerScale {
  readonly backbone: Backbone;
  readonly ppseg_head: MobileSegHead;
  readonly seg_heads: LayerList<SegHead>;
  protected readonly indices: readonly number[];

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    this.backbone = buildBackbone(args.component("backbone"));
    const { indices, channels } = features(args, this.backbone, [1, 2, 3], 1);
    this.indices = indices;
    const outs = perFeature(args, "arm_out_chs", [32, 48, 64], channels.length);
    this.ppseg_head = new MobileSegHead(args, channels, outs);
    const mids = perFeature(args, "seg_head_inter_chs", [32, 32, 32], channels.length);
    this.seg_heads = new LayerList(outs.map((c, i) => new SegHead(c, mids[i]!, classes)));
    args.finish();
  }
}
