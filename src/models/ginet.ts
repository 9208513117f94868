/** @file GINet (`paddleseg/models/ginet.py`): visual and semantic graphs that look at each other. */
import { scope } from "../engine/frame.ts";
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import { type Args, ArgumentError } from "../nn/args.ts";
import { Layer } from "../nn/layer.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { AuxLayer } from "./blocks/conv.ts";
import { features } from "./blocks/features.ts";
import { GIHead } from "./blocks/graph-interaction.ts";
import { JPU } from "./blocks/jpu.ts";
import { upsampled } from "./blocks/logits.ts";
import type { Network } from "./network.ts";

interface Locals {
  x: Tensor;
  _: Tensor;
  c3: Tensor;
  c4: Tensor;
  logit_list: PyList;
  auxout: Tensor;
}

interface BaseLocals {
  x: Tensor;
  feat_list: PyList;
  c1: Tensor;
  c2: Tensor;
  c3: Tensor;
  c4: Tensor;
}

/** The widths are those of ResNet50 and ResNet101, whatever the backbone. */
export class GINet extends Layer<readonly [Tensor], PyList> implements Network {
  readonly backbone: Backbone;
  readonly jpu: JPU | undefined;
  readonly head: GIHead;
  readonly auxlayer: AuxLayer | undefined;
  private readonly indices: readonly number[];

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    this.backbone = buildBackbone(args.component("backbone"));
    this.indices = features(args, this.backbone, [0, 1, 2, 3], 4).indices;
    if (this.indices.length !== 4) {
      throw new ArgumentError(args.type, "backbone_indices", "backbone_indices must be four places");
    }
    if (args.boolean("jpu", true)) this.jpu = new JPU([512, 1024, 2048], 512);
    this.head = new GIHead(2048, classes);
    if (args.boolean("enable_auxiliary_loss", true)) this.auxlayer = new AuxLayer(1024, 256, classes, { bias: false });
    args.ignore("align_corners");
    args.finish();
  }

  forward(f: Locals, x: Tensor): PyList {
    const size = x.hw;
    f.x = x;
    const [c1, c2, c3, c4] = this.base(f.x);
    f._ = c1!;
    f._ = c2!;
    f.c3 = c3!;
    f.c4 = c4!;
    f.logit_list = new PyList();
    const [logit, nodes] = this.head.call(f.c4);
    f.x = logit!;
    f._ = nodes!;
    f.logit_list.append(f.x);
    if (this.auxlayer) {
      f.auxout = this.auxlayer.call(f.c3);
      f.logit_list.append(f.auxout);
    }
    return upsampled(f.logit_list, size);
  }

  private base(x: Tensor): readonly Tensor[] {
    return scope({ x }, (f: BaseLocals) => {
      f.feat_list = this.backbone.call(f.x);
      const [c1, c2, c3, c4] = this.indices.map((i) => f.feat_list.at(i));
      f.c1 = c1!;
      f.c2 = c2!;
      f.c3 = c3!;
      f.c4 = c4!;
      return this.jpu ? this.jpu.call(f.c1, f.c2, f.c3, f.c4) : [f.c1, f.c2, f.c3, f.c4];
    });
  }
}
