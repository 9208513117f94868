/** @file DeepLabV3 and DeepLabV3+ (`paddleseg/models/deeplab.py`). */
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer } from "../nn/layer.ts";
import { Conv2D } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { ConvBNReLU, SeparableConvBNReLU } from "./blocks/conv.ts";
import { type Features, features } from "./blocks/features.ts";
import { upsampled } from "./blocks/logits.ts";
import { ASPPModule } from "./blocks/pyramid-pool.ts";
import type { Network } from "./network.ts";

type DataFormat = "NCHW" | "NHWC";

/** Joins the enlarged context with the fine features; widths 48 and 256 are the paper's (Chen et al. 2018, 4.1). */
export class Decoder extends Layer<readonly [Tensor, Tensor]> {
  readonly conv_bn_relu1: ConvBNReLU;
  readonly conv_bn_relu2: SeparableConvBNReLU;
  readonly conv_bn_relu3: SeparableConvBNReLU;
  readonly conv: Conv2D;
  private readonly dataFormat: DataFormat;

  constructor(classes: number, inChannels: number, dataFormat: DataFormat) {
    super();
    this.dataFormat = dataFormat;
    this.conv_bn_relu1 = new ConvBNReLU(inChannels, 48, 1, { dataFormat });
    this.conv_bn_relu2 = new SeparableConvBNReLU(304, 256, 3, { padding: 1, dataFormat });
    this.conv_bn_relu3 = new SeparableConvBNReLU(256, 256, 3, { padding: 1, dataFormat });
    this.conv = new Conv2D(256, classes, 1, { dataFormat });
  }

  forward(f: { x: Tensor; low_level_feat: Tensor }, x: Tensor, low: Tensor): Tensor {
    const last = this.dataFormat === "NHWC";
    f.low_level_feat = this.conv_bn_relu1.call(low);
    const size = last ? f.low_level_feat.shape.slice(1, 3) : f.low_level_feat.hw;
    f.x = F.interpolate(x, size, { mode: "bilinear", dataFormat: this.dataFormat });
    f.x = t.concat([f.x, f.low_level_feat], last ? 3 : 1);
    f.x = this.conv_bn_relu2.call(f.x);
    f.x = this.conv_bn_relu3.call(f.x);
    f.x = this.conv.call(f.x);
    return f.x;
  }
}

class DeepLabV3PHead extends Layer<readonly [PyList], PyList> {
  readonly aspp: ASPPModule;
  readonly decoder: Decoder;
  private readonly indices: readonly number[];

  constructor(args: Args, classes: number, { indices, channels }: Features, dataFormat: DataFormat) {
    super();
    this.indices = indices;
    const { ratios, width } = asppArguments(args);
    this.aspp = new ASPPModule(ratios, channels[1]!, width, { separable: true, imagePooling: true, dataFormat });
    this.decoder = new Decoder(classes, channels[0]!, dataFormat);
  }

  forward(f: { logit_list: PyList; low_level_feat: Tensor; x: Tensor; logit: Tensor }, feats: PyList): PyList {
    f.logit_list = new PyList();
    f.low_level_feat = feats.at(this.indices[0]!);
    f.x = feats.at(this.indices[1]!);
    f.x = this.aspp.call(f.x);
    f.logit = this.decoder.call(f.x, f.low_level_feat);
    f.logit_list.append(f.logit);
    return f.logit_list;
  }
}

class DeepLabV3Head extends Layer<readonly [PyList], PyList> {
  readonly aspp: ASPPModule;
  readonly cls: Conv2D;
  private readonly indices: readonly number[];

  constructor(args: Args, classes: number, { indices, channels }: Features) {
    super();
    this.indices = indices;
    const { ratios, width } = asppArguments(args);
    this.aspp = new ASPPModule(ratios, channels[0]!, width, { imagePooling: true });
    this.cls = new Conv2D(width, classes, 1);
  }

  forward(f: { logit_list: PyList; x: Tensor; logit: Tensor }, feats: PyList): PyList {
    f.logit_list = new PyList();
    f.x = feats.at(this.indices[0]!);
    f.x = this.aspp.call(f.x);
    f.logit = this.cls.call(f.x);
    f.logit_list.append(f.logit);
    return f.logit_list;
  }
}

/** Dilations and width as the paper has them for output stride 16. */
function asppArguments(args: Args): { ratios: readonly number[]; width: number } {
  return { ratios: args.numbers("aspp_ratios", [1, 6, 12, 18]), width: args.int("aspp_out_channels", 256) };
}

/** Both networks: backbone, head, logits brought to the image's size. */
abstract class DeepLab extends Layer<readonly [Tensor], PyList> implements Network {
  readonly backbone: Backbone;
  abstract readonly head: Layer<readonly [PyList], PyList>;
  readonly dataFormat: DataFormat;

  constructor(args: Args, dataFormat: DataFormat) {
    super();
    this.dataFormat = dataFormat;
    args.ignore("align_corners");
    this.backbone = buildBackbone(args.component("backbone"));
  }

  forward(f: { feat_list: PyList; logit_list: PyList }, x: Tensor): PyList {
    f.feat_list = this.backbone.call(x);
    f.logit_list = this.head.call(f.feat_list);
    const size = this.dataFormat === "NHWC" ? ([x.dim(1), x.dim(2)] as const) : x.hw;
    return upsampled(f.logit_list, size, this.dataFormat);
  }
}

export class DeepLabV3P extends DeepLab {
  readonly head: DeepLabV3PHead;

  constructor(args: Args) {
    const dataFormat = args.string("data_format", "NCHW", ["NCHW", "NHWC"]);
    super(args, dataFormat);
    const from = features(args, this.backbone, [0, 3], 2);
    this.head = new DeepLabV3PHead(args, args.int("num_classes"), from, dataFormat);
    args.finish();
  }
}

export class DeepLabV3 extends DeepLab {
  readonly head: DeepLabV3Head;

  constructor(args: Args) {
    super(args, "NCHW");
    const from = features(args, this.backbone, [3], 1);
    this.head = new DeepLabV3Head(args, args.int("num_classes"), from);
    args.finish();
  }
}
