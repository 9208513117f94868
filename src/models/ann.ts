/** @file ANN (`paddleseg/models/ann.py`). */
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import { Layer, Sequential } from "../nn/layer.ts";
import { Conv2D } from "../nn/layers.ts";
import { AFNB, APNB } from "./ann-blocks.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { AuxLayer, ConvBNReLU } from "./blocks/conv.ts";
import { type Features, features } from "./blocks/features.ts";
import { BackboneAndHead } from "./encoder-decoder.ts";

interface HeadLocals {
  logit_list: PyList;
  low_level_x: Tensor;
  high_level_x: Tensor;
  x: Tensor;
  logit: Tensor;
  auxiliary_logit: Tensor;
}

class ANNHead extends Layer<readonly [PyList], PyList> {
  readonly fusion: AFNB;
  readonly context: Sequential;
  readonly cls: Conv2D;
  readonly auxlayer: AuxLayer;
  private readonly indices: readonly number[];
  private readonly auxiliary: boolean;

  constructor(args: Args, classes: number, { indices, channels }: Features) {
    super();
    this.indices = indices;
    const [low, high] = [channels[0]!, channels[1]!];
    const key = args.int("key_value_channels", 256);
    const inter = args.int("inter_channels", 512);
    const sizes = args.numbers("psp_size", [1, 3, 6, 8]);
    this.auxiliary = args.boolean("enable_auxiliary_loss", true);
    this.fusion = new AFNB({ low, high, out: high, key }, sizes);
    this.context = new Sequential(new ConvBNReLU(high, inter, 3, { padding: 1 }), new APNB(inter, key, sizes));
    this.cls = new Conv2D(inter, classes, 1);
    // PaddleSeg's rate; the layer is made also where it is not used.
    this.auxlayer = new AuxLayer(low, Math.floor(low / 2), classes, { dropout: 0.05 });
  }

  forward(f: HeadLocals, feats: PyList): PyList {
    f.logit_list = new PyList();
    f.low_level_x = feats.at(this.indices[0]!);
    f.high_level_x = feats.at(this.indices[1]!);
    f.x = this.fusion.call(f.low_level_x, f.high_level_x);
    f.x = this.context.call(f.x);
    f.logit = this.cls.call(f.x);
    f.logit_list.append(f.logit);
    if (this.auxiliary) {
      f.auxiliary_logit = this.auxlayer.call(f.low_level_x);
      f.logit_list.append(f.auxiliary_logit);
    }
    return f.logit_list;
  }
}

export class ANN extends BackboneAndHead {
  readonly backbone: Backbone;
  readonly head: ANNHead;

  constructor(args: Args) {
    super();
    this.backbone = buildBackbone(args.component("backbone"));
    this.head = new ANNHead(args, args.int("num_classes"), features(args, this.backbone, [2, 3], 2));
    args.ignore("align_corners");
    args.finish();
  }
}
