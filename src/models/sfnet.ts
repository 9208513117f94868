/** @file SFNet (`paddleseg/models/sfnet.py`): a feature pyramid whose maps are aligned by a flow. */
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import { type Args, ArgumentError } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer, LayerList, Sequential } from "../nn/layer.ts";
import { BatchNorm2D, Conv2D, ReLU } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { AuxLayer, ConvBNReLU } from "./blocks/conv.ts";
import { requiredFeatures } from "./blocks/features.ts";
import { flowWarp } from "./blocks/flow-warp.ts";
import { upsampled } from "./blocks/logits.ts";
import { PPModule } from "./blocks/pyramid-pool.ts";
import type { Network } from "./network.ts";

interface AlignLocals {
  low_feature: Tensor;
  h_feature: Tensor;
  h_feature_orign: Tensor;
  flow: Tensor;
}

/** The coarse map, warped to the fine one. */
class AlignedModule extends Layer<readonly [readonly Tensor[]]> {
  readonly down_h: Conv2D;
  readonly down_l: Conv2D;
  readonly flow_make: Conv2D;

  constructor(inPlane: number, outPlane: number) {
    super();
    this.down_h = new Conv2D(inPlane, outPlane, 1, { bias: false });
    this.down_l = new Conv2D(inPlane, outPlane, 1, { bias: false });
    this.flow_make = new Conv2D(outPlane * 2, 2, 3, { padding: 1, bias: false });
  }

  forward(f: AlignLocals, x: readonly Tensor[]): Tensor {
    f.low_feature = x[0]!;
    f.h_feature = x[1]!;
    f.h_feature_orign = f.h_feature;
    const size = f.low_feature.hw;
    f.low_feature = this.down_l.call(f.low_feature);
    f.h_feature = this.down_h.call(f.h_feature);
    f.h_feature = F.interpolate(f.h_feature, size, { mode: "bilinear" });
    f.flow = this.flow_make.call(t.concat([f.h_feature, f.low_feature], 1));
    f.h_feature = flowWarp(f.h_feature_orign, f.flow, size);
    return f.h_feature;
  }
}

interface HeadLocals {
  psp_out: Tensor;
  f: Tensor;
  fpn_feature_list: PyList;
  out: PyList;
  conv_x: Tensor;
  fusion_list: PyList;
  fusion_out: Tensor;
  x: Tensor;
}

class SFNetHead extends Layer<readonly [readonly Tensor[]], PyList | readonly Tensor[]> {
  readonly ppm: PPModule;
  readonly fpn_in: LayerList<Sequential>;
  readonly fpn_out: LayerList<Sequential>;
  readonly fpn_out_align: LayerList<AlignedModule>;
  readonly dsn: LayerList<Sequential> | undefined;
  readonly conv_last: Sequential;

  constructor(classes: number, planes: readonly number[], dim: number, auxiliary: boolean) {
    super();
    // The bins of PSPNet's paper (Zhao et al. 2017, 3.2).
    this.ppm = new PPModule(planes.at(-1)!, dim, [1, 2, 3, 6], true);
    const fine = planes.slice(0, -1);
    this.fpn_in = new LayerList(
      fine.map((from) => new Sequential(new Conv2D(from, dim, 1), new BatchNorm2D(dim), new ReLU())),
    );
    this.fpn_out = new LayerList();
    this.fpn_out_align = new LayerList();
    const dsn = new LayerList<Sequential>();
    for (const _ of fine) {
      this.fpn_out.append(new Sequential(new ConvBNReLU(dim, dim, 3, { bias: false })));
      this.fpn_out_align.append(new AlignedModule(dim, Math.floor(dim / 2)));
      if (auxiliary) dsn.append(new Sequential(new AuxLayer(dim, dim, classes)));
    }
    if (auxiliary) this.dsn = dsn;
    this.conv_last = new Sequential(
      new ConvBNReLU(planes.length * dim, dim, 3, { bias: false }),
      new Conv2D(dim, classes, 1),
    );
  }

  forward(f: HeadLocals, maps: readonly Tensor[]): PyList | readonly Tensor[] {
    f.psp_out = this.ppm.call(maps.at(-1)!);
    f.f = f.psp_out;
    const list = new PyList();
    f.fpn_feature_list = list;
    list.append(f.psp_out);
    f.out = new PyList();
    for (let i = maps.length - 2; i >= 0; i--) {
      f.conv_x = maps[i]!;
      f.conv_x = this.fpn_in.at(i).call(f.conv_x);
      f.f = this.fpn_out_align.at(i).call([f.conv_x, f.f]);
      f.f = t.add(f.conv_x, f.f);
      list.append(this.fpn_out.at(i).call(f.f));
      if (this.dsn) f.out.append(this.dsn.at(i).call(f.f));
    }
    const finest = list.at(-1);
    f.fusion_list = new PyList();
    f.fusion_list.append(finest);
    for (let i = list.length - 2; i >= 0; i--) {
      f.fusion_list.append(F.interpolate(list.at(i), finest.hw, { mode: "bilinear" }));
    }
    f.fusion_out = t.concat(f.fusion_list, 1);
    f.x = this.conv_last.call(f.fusion_out);
    if (this.dsn === undefined) return [f.x];
    f.out.append(f.x);
    return f.out;
  }
}

export class SFNet extends Layer<readonly [Tensor], PyList> implements Network {
  readonly backbone: Backbone;
  readonly head: SFNetHead;
  private readonly indices: readonly number[];

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    this.backbone = buildBackbone(args.component("backbone"));
    this.indices = requiredFeatures(args, this.backbone, 1).indices;
    // PaddleSeg asks for the number of layers: 18 has narrow maps.
    const narrow = this.backbone.layers === 18;
    if (this.backbone.layers === undefined) {
      throw new ArgumentError(args.type, "backbone", `${args.type} needs a ResNet_vd backbone`);
    }
    const planes = narrow ? [64, 128, 256, 512] : [256, 512, 1024, 2048];
    this.head = new SFNetHead(classes, planes, narrow ? 128 : 256, args.boolean("enable_auxiliary_loss", false));
    args.ignore("align_corners");
    args.finish();
  }

  forward(f: { feats: PyList | readonly Tensor[]; logit_list: PyList | readonly Tensor[] }, x: Tensor): PyList {
    const feats = this.backbone.call(x);
    f.feats = feats;
    const chosen = this.indices.map((i) => feats.at(i));
    f.feats = chosen;
    const logits = this.head.call(chosen);
    f.logit_list = logits;
    const list = upsampled(logits, x.hw);
    f.logit_list = list;
    return list;
  }
}
