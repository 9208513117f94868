/** @file UPerNet (`paddleseg/models/upernet.py`): pyramid pooling on the coarsest map, a feature pyramid up from it. */
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer, LayerList, Sequential } from "../nn/layer.ts";
import { Conv2D } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { AuxLayer, ConvBNReLU } from "./blocks/conv.ts";
import { requiredFeatures } from "./blocks/features.ts";
import { upsampled } from "./blocks/logits.ts";
import { PPModule } from "./blocks/pyramid-pool.ts";
import type { Network } from "./network.ts";

/** Locals of the feature pyramid. */
export interface PyramidLocals {
  laterals: PyList;
  fpn_outs: PyList;
  fuse_out: Tensor;
}

interface HeadLocals extends PyramidLocals {
  x: Tensor;
  logits_list: PyList;
  aux_out: Tensor;
}

/** The layers of the head, and the pyramid that its forward begins with; K-Net's kernel head has another end. */
export abstract class UPerNetPyramid<R> extends Layer<readonly [readonly Tensor[]], R> {
  readonly ppm: PPModule;
  readonly lateral_convs: LayerList<ConvBNReLU>;
  readonly fpn_convs: LayerList<ConvBNReLU>;
  readonly aux_head: AuxLayer | undefined;
  readonly fpn_bottleneck: ConvBNReLU;
  readonly conv_last: Sequential;
  readonly conv_seg: Conv2D;

  constructor(args: Args, classes: number, planes: readonly number[]) {
    super();
    const channels = args.int("channels", 512);
    const dropout = args.number("dropout_prob", 0.1);
    // The bins of PSPNet's paper (Zhao et al. 2017, 3.2).
    this.ppm = new PPModule(planes.at(-1)!, channels, [1, 2, 3, 6], true);
    this.lateral_convs = new LayerList();
    this.fpn_convs = new LayerList();
    for (const from of planes.slice(0, -1)) {
      this.lateral_convs.append(new ConvBNReLU(from, channels, 1));
      this.fpn_convs.append(new ConvBNReLU(channels, channels, 3, { bias: false }));
    }
    const third = planes[2]!;
    if (args.boolean("enable_auxiliary_loss", false)) this.aux_head = new AuxLayer(third, third, classes, { dropout });
    this.fpn_bottleneck = new ConvBNReLU(planes.length * channels, channels, 3, { padding: 1 });
    // Made and never called.
    this.conv_last = new Sequential(
      new ConvBNReLU(planes.length * channels, channels, 3, { bias: false }),
      new Conv2D(channels, classes, 1),
    );
    this.conv_seg = new Conv2D(channels, classes, 1);
  }

  /** Fills the pyramid's locals in the caller's frame; returns the fused features. */
  protected pyramid(f: PyramidLocals, inputs: readonly Tensor[]): Tensor {
    f.laterals = new PyList();
    for (const [i, lateral] of [...this.lateral_convs].entries()) f.laterals.append(lateral.call(inputs[i]!));
    f.laterals.append(this.ppm.call(inputs.at(-1)!));
    const levels = f.laterals.length;
    for (let i = levels - 1; i > 0; i--) {
      const finer = f.laterals.at(i - 1);
      const enlarged = F.interpolate(f.laterals.at(i), finer.hw, { mode: "bilinear" });
      f.laterals.set(i - 1, t.add(finer, enlarged));
    }
    f.fpn_outs = new PyList();
    for (let i = 0; i < levels - 1; i++) f.fpn_outs.append(this.fpn_convs.at(i).call(f.laterals.at(i)));
    f.fpn_outs.append(f.laterals.at(-1));
    const size = f.fpn_outs.at(0).hw;
    for (let i = levels - 1; i > 0; i--) {
      f.fpn_outs.set(i, F.interpolate(f.fpn_outs.at(i), size, { mode: "bilinear" }));
    }
    f.fuse_out = t.concat(f.fpn_outs, 1);
    return this.fpn_bottleneck.call(f.fuse_out);
  }
}

class UPerNetHead extends UPerNetPyramid<PyList> {
  forward(f: HeadLocals, inputs: readonly Tensor[]): PyList {
    f.x = this.pyramid(f, inputs);
    f.x = this.conv_seg.call(f.x);
    f.logits_list = new PyList();
    f.logits_list.append(f.x);
    if (this.aux_head) {
      f.aux_out = this.aux_head.call(inputs[2]!);
      f.logits_list.append(f.aux_out);
    }
    return f.logits_list;
  }
}

export class UPerNet extends Layer<readonly [Tensor], PyList> implements Network {
  readonly backbone: Backbone;
  readonly head: UPerNetHead;
  private readonly indices: readonly number[];

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    this.backbone = buildBackbone(args.component("backbone"));
    const { indices, channels } = requiredFeatures(args, this.backbone, 3);
    this.indices = indices;
    this.head = new UPerNetHead(args, classes, channels);
    args.ignore("align_corners");
    args.finish();
  }

  forward(f: { feats: PyList | readonly Tensor[]; logit_list: PyList }, x: Tensor): PyList {
    const feats = this.backbone.call(x);
    f.feats = feats;
    const chosen = this.indices.map((i) => feats.at(i));
    f.feats = chosen;
    f.logit_list = this.head.call(chosen);
    f.logit_list = upsampled(f.logit_list, x.hw);
    return f.logit_list;
  }
}
