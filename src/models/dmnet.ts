/** @file DMNet (`paddleseg/models/dmnet.py`). */
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import { type Args, ArgumentError } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer, LayerList, Sequential } from "../nn/layer.ts";
import { AdaptiveAvgPool2D, BatchNorm2D, Conv2D, ReLU } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { ConvBNReLU } from "./blocks/conv.ts";
import type { Network } from "./network.ts";

/** Dynamic convolution: filters made from the pooled input, one for each channel of each image. */
class DCM extends Layer {
  readonly avg_pool: AdaptiveAvgPool2D;
  readonly filter_gen_conv: Conv2D;
  readonly input_redu_conv: ConvBNReLU;
  readonly norm: BatchNorm2D;
  readonly act: ReLU;
  readonly fusion_conv: ConvBNReLU | undefined;
  private readonly size: number;
  private readonly channels: number;

  constructor(size: number, fusion: boolean, inChannels: number, channels: number) {
    super();
    this.size = size;
    this.channels = channels;
    this.avg_pool = new AdaptiveAvgPool2D(size);
    this.filter_gen_conv = new Conv2D(inChannels, channels, 1);
    this.input_redu_conv = new ConvBNReLU(inChannels, channels, 1);
    this.norm = new BatchNorm2D(channels);
    this.act = new ReLU();
    if (fusion) this.fusion_conv = new ConvBNReLU(channels, channels, 1);
  }

  forward(f: { generated_filter: Tensor; x: Tensor; output: Tensor }, x: Tensor): Tensor {
    f.generated_filter = this.filter_gen_conv.call(this.avg_pool.call(x));
    f.x = this.input_redu_conv.call(x);
    const [b, c, h, w] = [f.x.dim(0), f.x.dim(1), f.x.dim(2), f.x.dim(3)];
    f.x = t.unsqueeze(t.flatten(f.x, 0, 1), 0);
    f.generated_filter = t.reshape(f.generated_filter, [b * c, 1, this.size, this.size]);
    // An even filter is padded by one more on the left and at the top.
    const after = Math.floor((this.size - 1) / 2);
    const before = this.size - 1 - after;
    f.x = F.pad(f.x, [before, after, before, after]);
    f.output = F.conv2d(f.x, f.generated_filter, undefined, { groups: b * c });
    f.output = t.reshape(f.output, [b, this.channels, h, w]);
    f.output = this.norm.call(f.output);
    f.output = this.act.call(f.output);
    if (this.fusion_conv) f.output = this.fusion_conv.call(f.output);
    return f.output;
  }
}

/** The output stride that PaddleSeg's code takes for granted. */
const stride = 8;

export class DMNet extends Layer<readonly [Tensor], PyList> implements Network {
  readonly backbone: Backbone;
  readonly dcm_modules: LayerList<DCM>;
  readonly bottleneck: ConvBNReLU;
  readonly cls: Conv2D;
  readonly fcn_head: Sequential;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    this.backbone = buildBackbone(args.component("backbone"));
    const mid = args.int("mid_channels", 512);
    const sizes = args.numbers("filter_sizes", [1, 3, 5, 7]);
    const fusion = args.boolean("fusion", false);
    args.finish();
    const channels = this.backbone.feat_channels;
    const last = channels.at(-1)!;
    if (channels[2] === undefined)
      throw new ArgumentError("DMNet", "backbone", "DMNet needs three or more feature maps");
    this.dcm_modules = new LayerList(sizes.map((size) => new DCM(size, fusion, last, mid)));
    this.bottleneck = new ConvBNReLU(last + sizes.length * mid, mid, 3, { padding: 1 });
    this.cls = new Conv2D(mid, classes, 1);
    this.fcn_head = new Sequential(new ConvBNReLU(channels[2], mid, 3, { padding: 1 }), new Conv2D(mid, classes, 1));
  }

  forward(
    f: { feats: PyList; x: Tensor; dcm_outs: PyList | Tensor; output: PyList; fcn_out: Tensor },
    x: Tensor,
  ): PyList {
    f.feats = this.backbone.call(x);
    f.x = f.feats.at(-1);
    const outs = new PyList();
    f.dcm_outs = outs;
    outs.append(f.x);
    for (const module of this.dcm_modules) outs.append(module.call(f.x));
    const joined = t.concat(outs, 1);
    f.dcm_outs = joined;
    f.x = this.bottleneck.call(joined);
    f.x = this.cls.call(f.x);
    f.x = F.interpolateBy(f.x, stride, { mode: "bilinear" });
    f.output = new PyList();
    f.output.append(f.x);
    if (!this.training) return f.output;
    f.fcn_out = this.fcn_head.call(f.feats.at(2));
    f.fcn_out = F.interpolateBy(f.fcn_out, stride, { mode: "bilinear" });
    f.output.append(f.fcn_out);
    return f.output;
  }
}
