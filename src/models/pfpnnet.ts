/** @file PFPNNet (`paddleseg/models/pfpnnet.py`): panoptic feature pyramid. */
import { scope } from "../engine/frame.ts";
import type { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer, LayerList, Sequential } from "../nn/layer.ts";
import { Conv2D, Dropout2D, Upsample } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { ConvBNReLU } from "./blocks/conv.ts";
import { requiredFeatures } from "./blocks/features.ts";
import { buildPyramid, type PyramidLocals, pyramidLayers } from "./blocks/fpn.ts";
import { upsampled } from "./blocks/logits.ts";
import type { Network } from "./network.ts";

/** Convolutions, each followed by an enlargement, as many as a map is coarser than the finest. */
function scaleHead(from: number, finest: number, channels: number): Sequential {
  const length = Math.max(1, Math.trunc(Math.log2(from) - Math.log2(finest)));
  const layers = Array.from({ length }, () => {
    const conv = new ConvBNReLU(channels, channels, 3, { padding: 1 });
    return from === finest ? [conv] : [conv, new Upsample({ scaleFactor: 2 }, { mode: "bilinear" })];
  });
  return new Sequential(...layers.flat());
}

interface HeadLocals extends PyramidLocals {
  x: Tensor;
  dsn: Tensor;
}

class PFPNHead extends Layer<readonly [readonly Tensor[]], readonly Tensor[]> {
  readonly lateral_convs: LayerList<Sequential>;
  readonly fpn_out: LayerList<Sequential>;
  readonly scale_heads: LayerList<Sequential>;
  readonly dropout: Dropout2D | undefined;
  readonly dsn: Sequential | undefined;
  readonly conv_last: Sequential;
  readonly conv_seg: Conv2D;

  constructor(args: Args, classes: number) {
    super();
    const planes = args.numbers("fpn_inplanes", [256, 512, 1024, 2048]);
    const channels = args.int("channels");
    const rate = args.number("dropout_ratio", 0.1);
    const { lateral_convs, fpn_out } = pyramidLayers(planes, channels);
    this.lateral_convs = lateral_convs;
    this.fpn_out = fpn_out;
    this.scale_heads = new LayerList(planes.map((from) => scaleHead(from, planes[0]!, channels)));
    if (rate > 0) this.dropout = new Dropout2D(rate);
    if (args.boolean("enable_auxiliary_loss", false)) {
      const third = planes[2]!;
      const conv = new ConvBNReLU(third, third, 3, { padding: 1 });
      const dropout = rate > 0 ? [new Dropout2D(rate)] : [];
      this.dsn = new Sequential(conv, ...dropout, new Conv2D(third, classes, 1));
    }
    // Made and never called.
    this.conv_last = new Sequential(
      new ConvBNReLU(planes.length * channels, channels, 3, { bias: false }),
      new Conv2D(channels, classes, 1),
    );
    this.conv_seg = new Conv2D(channels, classes, 1);
  }

  private classify(feat: Tensor): Tensor {
    return scope({ feat }, (f: { feat: Tensor; output: Tensor }) => {
      if (this.dropout) f.feat = this.dropout.call(f.feat);
      f.output = this.conv_seg.call(f.feat);
      return f.output;
    });
  }

  forward(f: HeadLocals, maps: readonly Tensor[]): readonly Tensor[] {
    buildPyramid(f, this, maps);
    const size = f.fpn_feature_list.at(-1).hw;
    f.x = this.scale_heads.at(0).call(f.fpn_feature_list.at(-1));
    for (let i = this.scale_heads.length - 2; i > 0; i--) {
      const head = this.scale_heads.at(i).call(f.fpn_feature_list.at(i));
      f.x = t.add(f.x, F.interpolate(head, size, { mode: "bilinear" }));
    }
    f.x = this.classify(f.x);
    if (this.dsn === undefined) return [f.x];
    f.dsn = this.dsn.call(maps[2]!);
    return [f.x, f.dsn];
  }
}

export class PFPNNet extends Layer<readonly [Tensor], PyList> implements Network {
  readonly backbone: Backbone;
  readonly head: PFPNHead;
  private readonly indices: readonly number[];

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    this.backbone = buildBackbone(args.component("backbone"));
    this.indices = requiredFeatures(args, this.backbone, 3).indices;
    this.head = new PFPNHead(args, classes);
    args.ignore("align_corners");
    args.finish();
  }

  forward(f: { feats: PyList | readonly Tensor[]; logit_list: readonly Tensor[] }, x: Tensor): PyList {
    const feats = this.backbone.call(x);
    f.feats = feats;
    const chosen = this.indices.map((i) => feats.at(i));
    f.feats = chosen;
    f.logit_list = this.head.call(chosen);
    return upsampled(f.logit_list, x.hw);
  }
}
