/** @file ENCNet (`paddleseg/models/encnet.py`). */
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
import { chosenMaps, features } from "./blocks/features.ts";
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

export class ENCNet extends Layer<readonly [Tensor], PyList> implements Network {
  readonly backbone: Backbone;
  readonly bottleneck: ConvBNReLU;
  readonly lateral_convs: LayerList<ConvBNReLU> | undefined;
  readonly fusion: ConvBNReLU | undefined;
  readonly enc_module: EncModule;
  readonly head: Conv2D;
  readonly fcn_head: AuxLayer;
  readonly se_layer: Linear | undefined;
  private readonly indices: readonly number[];

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    this.backbone = buildBackbone(args.component("backbone"));
    const { indices, channels } = features(args, this.backbone, [1, 2, 3], 1);
    this.indices = indices;
    const codes = args.count("num_codes", 32);
    const mid = args.int("mid_channels", 512);
    const third = this.backbone.feat_channels[2];
    if (third === undefined) throw new ArgumentError("ENCNet", "backbone", "ENCNet needs three or more feature maps");
    this.bottleneck = new ConvBNReLU(channels.at(-1)!, mid, 3, { padding: 1 });
    if (args.boolean("add_lateral", false)) {
      this.lateral_convs = new LayerList(channels.slice(0, -1).map((from) => new ConvBNReLU(from, mid, 1)));
      this.fusion = new ConvBNReLU(channels.length * mid, mid, 3, { padding: 1 });
    }
    this.enc_module = new EncModule(mid, codes);
    this.head = new Conv2D(mid, classes, 1);
    this.fcn_head = new AuxLayer(third, mid, classes);
    if (args.boolean("use_se_loss", true)) this.se_layer = new Linear(mid, classes);
    args.finish();
  }

  forward(f: Locals, inputs: Tensor): PyList {
    const size = inputs.hw;
    const all = this.backbone.call(inputs);
    f.feats = all;
    f.fcn_feat = all.at(2);
    const feats = chosenMaps(all, this.indices);
    f.feats = feats;
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
    f.out = this.head.call(f.feat);
    f.out = F.interpolate(f.out, size, { mode: "bilinear" });
    f.output = new PyList();
    f.output.append(f.out);
    if (!this.training) return f.output;
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
