/** @file SegFormer (`paddleseg/models/segformer.py`): linear layers on four features, fused at the finest. */
import type { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer } from "../nn/layer.ts";
import { Conv2D, Dropout2D, Linear } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { ConvBNReLU } from "./blocks/conv.ts";
import type { Network } from "./network.ts";

class MLP extends Layer {
  readonly proj: Linear;

  constructor(from: number, dim: number) {
    super();
    this.proj = new Linear(from, dim);
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = t.transpose(t.flatten(x, 2), [0, 2, 1]);
    f.x = this.proj.call(f.x);
    return f.x;
  }
}

interface Locals {
  feats: PyList;
  c1: Tensor;
  c2: Tensor;
  c3: Tensor;
  c4: Tensor;
  _c4: Tensor;
  _c3: Tensor;
  _c2: Tensor;
  _c1: Tensor;
  _c: Tensor;
  logit: Tensor;
}

export class SegFormer extends Layer<readonly [Tensor], readonly Tensor[]> implements Network {
  readonly backbone: Backbone;
  readonly linear_c4: MLP;
  readonly linear_c3: MLP;
  readonly linear_c2: MLP;
  readonly linear_c1: MLP;
  readonly dropout: Dropout2D;
  readonly linear_fuse: ConvBNReLU;
  readonly linear_pred: Conv2D;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    const dim = args.int("embedding_dim");
    args.ignore("align_corners");
    this.backbone = buildBackbone(args.component("backbone"));
    args.finish();
    const from = this.backbone.feat_channels;
    this.linear_c4 = new MLP(from[3]!, dim);
    this.linear_c3 = new MLP(from[2]!, dim);
    this.linear_c2 = new MLP(from[1]!, dim);
    this.linear_c1 = new MLP(from[0]!, dim);
    this.dropout = new Dropout2D(0.1);
    this.linear_fuse = new ConvBNReLU(dim * 4, dim, 1, { bias: false });
    this.linear_pred = new Conv2D(dim, classes, 1);
  }

  forward(f: Locals, x: Tensor): readonly Tensor[] {
    f.feats = this.backbone.call(x);
    f.c1 = f.feats.at(0);
    f.c2 = f.feats.at(1);
    f.c3 = f.feats.at(2);
    f.c4 = f.feats.at(3);
    const size = f.c1.hw;
    f._c4 = embedded(this.linear_c4, f.c4);
    f._c4 = F.interpolate(f._c4, size, { mode: "bilinear" });
    f._c3 = embedded(this.linear_c3, f.c3);
    f._c3 = F.interpolate(f._c3, size, { mode: "bilinear" });
    f._c2 = embedded(this.linear_c2, f.c2);
    f._c2 = F.interpolate(f._c2, size, { mode: "bilinear" });
    f._c1 = embedded(this.linear_c1, f.c1);
    f._c = this.linear_fuse.call(t.concat([f._c4, f._c3, f._c2, f._c1], 1));
    f.logit = this.dropout.call(f._c);
    f.logit = this.linear_pred.call(f.logit);
    return [F.interpolate(f.logit, x.hw, { mode: "bilinear" })];
  }
}

/** A feature through its linear layer, as an image again (a view). */
function embedded(layer: MLP, feature: Tensor): Tensor {
  const [height, width] = feature.hw;
  return t.reshape(t.transpose(layer.call(feature), [0, 2, 1]), [0, 0, height, width]);
}
