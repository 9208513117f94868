/** @file LR-ASPP (`paddleseg/models/lraspp.py`). */
import type { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import { type Args, ArgumentError } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer, LayerList, Sequential } from "../nn/layer.ts";
import { AdaptiveAvgPool2D, Conv2D, Pool2D, Sigmoid } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import type { ResizeMode } from "../ops/resize.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { ConvBNReLU } from "./blocks/conv.ts";
import { features } from "./blocks/features.ts";
import type { Network } from "./network.ts";

interface HeadOptions {
  readonly indices: readonly number[];
  readonly inChannels: readonly number[];
  readonly midChannels: readonly number[];
  readonly outChannels: number;
  readonly classes: number;
  readonly resizeMode: ResizeMode;
  readonly useGap: boolean;
}

class LRASPPHead extends Layer<readonly [PyList]> {
  readonly convs = new LayerList<Conv2D>();
  readonly conv_ups = new LayerList<ConvBNReLU>();
  readonly conv_w: Sequential;
  readonly conv_v: ConvBNReLU;
  readonly conv_t: Conv2D;
  readonly conv_out: Conv2D;
  /** From deep to fine, without the deepest. */
  private readonly indices: readonly number[];
  private readonly mode: ResizeMode;

  constructor({ indices, inChannels, midChannels, outChannels, classes, resizeMode, useGap }: HeadOptions) {
    super();
    this.indices = indices.slice(0, -1).reverse();
    this.mode = resizeMode;
    const [deepest = 0, ...others] = [...inChannels].reverse();
    const middles = [...midChannels].reverse();
    for (const [i, channels] of others.entries()) {
      this.convs.append(new Conv2D(channels, middles[i]!, 1, { bias: false }));
      this.conv_ups.append(new ConvBNReLU(outChannels + middles[i]!, outChannels, 1));
    }
    this.conv_w = new Sequential(
      // The published head pools 49 by 49 pixels at strides of 16 and 20.
      useGap ? new AdaptiveAvgPool2D(1) : new Pool2D([49, 49], { stride: [16, 20] }),
      new Conv2D(deepest, outChannels, 1, { bias: false }),
      new Sigmoid(),
    );
    this.conv_v = new ConvBNReLU(deepest, outChannels, 1);
    this.conv_t = new Conv2D(outChannels, outChannels, 1, { bias: false });
    this.conv_out = new Conv2D(outChannels, classes, 1, { bias: false });
  }

  forward(f: { x: Tensor; y: Tensor; feat: Tensor }, maps: PyList): Tensor {
    const resized = (x: Tensor, size: readonly [number, number]) => F.interpolate(x, size, { mode: this.mode });
    // The deepest map is the backbone's last, whatever the indices say.
    f.x = maps.at(-1);
    f.x = t.multiply(this.conv_v.call(f.x), resized(this.conv_w.call(f.x), f.x.hw));
    f.y = this.conv_t.call(f.x);
    for (const [i, index] of this.indices.entries()) {
      f.feat = maps.at(index);
      f.y = resized(f.y, f.feat.hw);
      f.y = t.concat([f.y, this.convs.at(i).call(f.feat)], 1);
      f.y = this.conv_ups.at(i).call(f.y);
    }
    f.y = this.conv_out.call(f.y);
    return f.y;
  }
}

export class LRASPP extends Layer<readonly [Tensor], readonly Tensor[]> implements Network {
  readonly backbone: Backbone;
  readonly lraspp_head: LRASPPHead;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    this.backbone = buildBackbone(args.component("backbone"));
    const { indices, channels } = features(args, this.backbone, [0, 1, 3], 1);
    const midChannels = args.numbers("lraspp_head_inter_chs", [32, 64]);
    if (indices.length !== midChannels.length + 1) {
      const reason = `backbone_indices must have one entry more than lraspp_head_inter_chs (${midChannels.length})`;
      throw new ArgumentError("LRASPP", "backbone_indices", reason);
    }
    this.lraspp_head = new LRASPPHead({
      indices,
      inChannels: channels,
      midChannels,
      outChannels: args.int("lraspp_head_out_ch", 128),
      classes,
      resizeMode: args.string<ResizeMode>("resize_mode", "bilinear", ["bilinear", "nearest", "bicubic"]),
      useGap: args.boolean("use_gap", true),
    });
    args.finish();
  }

  forward(f: { feats_backbone: PyList; y: Tensor }, x: Tensor): readonly Tensor[] {
    f.feats_backbone = this.backbone.call(x);
    f.y = this.lraspp_head.call(f.feats_backbone);
    f.y = F.interpolate(f.y, x.hw, { mode: "bilinear" });
    return [f.y];
  }
}
