/** @file PSPNet (`paddleseg/models/pspnet.py`). */
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import { Layer } from "../nn/layer.ts";
import { Conv2D, Dropout } from "../nn/layers.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { AuxLayer } from "./blocks/conv.ts";
import { type Features, features } from "./blocks/features.ts";
import { PPModule } from "./blocks/pyramid-pool.ts";
import { BackboneAndHead } from "./encoder-decoder.ts";

class PSPNetHead extends Layer<readonly [PyList], PyList> {
  readonly psp_module: PPModule;
  readonly dropout: Dropout;
  readonly conv: Conv2D;
  readonly auxlayer: AuxLayer | undefined;
  private readonly indices: readonly number[];

  constructor(args: Args, classes: number, { indices, channels }: Features) {
    super();
    this.indices = indices;
    const [low, high] = channels;
    const width = args.int("pp_out_channels", 1024);
    this.psp_module = new PPModule(high!, width, args.numbers("bin_sizes", [1, 2, 3, 6]), true);
    // PaddleSeg's own rate.
    this.dropout = new Dropout(0.1);
    this.conv = new Conv2D(width, classes, 1);
    const auxiliary = args.boolean("enable_auxiliary_loss", true);
    if (auxiliary) this.auxlayer = new AuxLayer(low!, Math.floor(low! / 4), classes);
  }

  forward(
    f: { logit_list: PyList; x: Tensor; logit: Tensor; auxiliary_feat: Tensor; auxiliary_logit: Tensor },
    feats: PyList,
  ): PyList {
    f.logit_list = new PyList();
    f.x = feats.at(this.indices[1]!);
    f.x = this.psp_module.call(f.x);
    f.x = this.dropout.call(f.x);
    f.logit = this.conv.call(f.x);
    f.logit_list.append(f.logit);
    if (this.auxlayer) {
      f.auxiliary_feat = feats.at(this.indices[0]!);
      f.auxiliary_logit = this.auxlayer.call(f.auxiliary_feat);
      f.logit_list.append(f.auxiliary_logit);
    }
    return f.logit_list;
  }
}

export class PSPNet extends BackboneAndHead {
  readonly backbone: Backbone;
  readonly head: PSPNetHead;

  constructor(args: Args) {
    super();
    this.backbone = buildBackbone(args.component("backbone"));
    this.head = new PSPNetHead(args, args.int("num_classes"), features(args, this.backbone, [2, 3], 2));
    args.ignore("align_corners");
    args.finish();
  }
}
