/** @file FastFCN (`paddleseg/models/fastfcn.py`). */
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import { type Args, ArgumentError } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer, LayerList } from "../nn/layer.ts";
import { Conv2D, Linear } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { AuxLayer, ConvBNReLU } from "./blocks/conv.ts";
import { EncModule } from "./blocks/encoding.ts";
import { JPU } from "./blocks/jpu.ts";
import type { Network } from "./network.ts";

interface Locals {
  feats: PyList | readonly Tensor[];
  fcn_feat: Tensor;
  feat: Tensor;
  laterals: PyList;
  encode_feat: Tensor;
  out: Tensor;
  output: PyList;
  fcn_out: Tensor;
  se_out: Tensor;
}

export class FastFCN extends Layer<readonly [Tensor], PyList> implements Network {
  readonly backbone: Backbone;
  readonly jpu_layer: JPU | undefined;
  readonly bottleneck: ConvBNReLU;
  readonly lateral_convs: LayerList<ConvBNReLU> | undefined;
  readonly fusion: ConvBNReLU | undefined;
  readonly enc_module: EncModule;
  readonly cls_seg: Conv2D;
  readonly fcn_head: AuxLayer | undefined;
  readonly se_layer: Linear | undefined;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    this.backbone = buildBackbone(args.component("backbone"));
    const codes = args.count("num_codes", 32);
    const mid = args.int("mid_channels", 512);
    const channels = this.backbone.feat_channels;
    // With JPU PaddleSeg returns four maps, whatever the backbone has.
    if (channels.length < 4) throw new ArgumentError("FastFCN", "backbone", "FastFCN needs four feature maps");
    const convolution = (from: number, kernel: number) =>
      new ConvBNReLU(from, mid, kernel, { padding: (kernel - 1) / 2, bias: false });
    if (args.boolean("use_jpu", true)) {
      this.jpu_layer = new JPU(channels, mid);
      this.bottleneck = convolution(mid * 4, 1);
    } else {
      this.bottleneck = convolution(channels.at(-1)!, 3);
    }
    if (args.boolean("add_lateral", false)) {
      this.lateral_convs = new LayerList([convolution(channels[0]!, 1), convolution(channels[1]!, 1)]);
      this.fusion = convolution(3 * mid, 3);
    }
    this.enc_module = new EncModule(mid, codes);
    this.cls_seg = new Conv2D(mid, classes, 1);
    if (args.boolean("aux_loss", true)) this.fcn_head = new AuxLayer(channels.at(-2)!, mid, classes);
    if (args.boolean("use_se_loss", true)) this.se_layer = new Linear(mid, classes);
    args.finish();
  }

  forward(f: Locals, inputs: Tensor): PyList {
    const size = inputs.hw;
    f.feats = this.backbone.call(inputs);
    if (this.jpu_layer) f.feats = this.jpu_layer.call(...f.feats);
    const feats = [...f.feats];
    f.fcn_feat = feats[2]!;
    f.feat = this.bottleneck.call(feats.at(-1)!);
    if (this.lateral_convs && this.fusion) {
      f.laterals = new PyList();
      for (const [i, conv] of [...this.lateral_convs].entries()) {
        f.laterals.append(F.interpolate(conv.call(feats[i]!), f.feat.hw, { mode: "bilinear" }));
      }
      f.feat = this.fusion.call(t.concat([f.feat, ...f.laterals], 1));
    }
    const [encoded, feat] = this.enc_module.call(f.feat);
    f.encode_feat = encoded;
    f.feat = feat;
    f.out = this.cls_seg.call(f.feat);
    f.out = F.interpolate(f.out, size, { mode: "bilinear" });
    f.output = new PyList();
    f.output.append(f.out);
    if (!this.training) return f.output;
    // Without auxiliary loss PaddleSeg's training fails here: the head was never made.
    if (!this.fcn_head)
      throw new ArgumentError("FastFCN", "aux_loss", "FastFCN cannot be trained with aux_loss: false");
    f.fcn_out = this.fcn_head.call(f.fcn_feat);
    f.fcn_out = F.interpolate(f.fcn_out, size, { mode: "bilinear" });
    f.output.append(f.fcn_out);
    if (this.se_layer) {
      f.se_out = this.se_layer.call(f.encode_feat);
      f.output.append(f.se_out);
    }
    return f.output;
  }
}
