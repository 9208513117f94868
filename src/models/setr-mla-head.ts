/** @file SETR's multi-level aggregation head. Its `init_weight` is never called, so it learns no faster. */
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import { type Args, ArgumentError } from "../nn/args.ts";
import { Layer, type LayerList, Sequential } from "../nn/layer.ts";
import { Conv2D, LayerNorm, Upsample } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import { ConvBNReLU } from "./blocks/conv.ts";
import { type Grid, normalized, repeated } from "./setr-heads.ts";

interface Locals {
  res2: Tensor;
  res3: Tensor;
  res4: Tensor;
  res5: Tensor;
  mla_p5_1x1: Tensor;
  mla_p4_1x1: Tensor;
  mla_p3_1x1: Tensor;
  mla_p2_1x1: Tensor;
  mla_p4_plus: Tensor;
  mla_p3_plus: Tensor;
  mla_p2_plus: Tensor;
  mla_p5: Tensor;
  mla_p4: Tensor;
  mla_p3: Tensor;
  mla_p2: Tensor;
}

/** Four features added from the deepest on, each convolved before and after. */
class ConvMLA extends Layer<readonly [PyList], PyList> {
  readonly mla_p2_1x1: ConvBNReLU;
  readonly mla_p3_1x1: ConvBNReLU;
  readonly mla_p4_1x1: ConvBNReLU;
  readonly mla_p5_1x1: ConvBNReLU;
  readonly mla_p2: ConvBNReLU;
  readonly mla_p3: ConvBNReLU;
  readonly mla_p4: ConvBNReLU;
  readonly mla_p5: ConvBNReLU;

  constructor(from: number, channels: number) {
    super();
    this.mla_p2_1x1 = new ConvBNReLU(from, channels, 1);
    this.mla_p3_1x1 = new ConvBNReLU(from, channels, 1);
    this.mla_p4_1x1 = new ConvBNReLU(from, channels, 1);
    this.mla_p5_1x1 = new ConvBNReLU(from, channels, 1);
    this.mla_p2 = new ConvBNReLU(channels, channels, 3, { padding: 1 });
    this.mla_p3 = new ConvBNReLU(channels, channels, 3, { padding: 1 });
    this.mla_p4 = new ConvBNReLU(channels, channels, 3, { padding: 1 });
    this.mla_p5 = new ConvBNReLU(channels, channels, 3, { padding: 1 });
  }

  forward(f: Locals, x: PyList): PyList {
    f.res2 = x.at(0);
    f.res3 = x.at(1);
    f.res4 = x.at(2);
    f.res5 = x.at(3);
    f.mla_p5_1x1 = this.mla_p5_1x1.call(f.res5);
    f.mla_p4_1x1 = this.mla_p4_1x1.call(f.res4);
    f.mla_p3_1x1 = this.mla_p3_1x1.call(f.res3);
    f.mla_p2_1x1 = this.mla_p2_1x1.call(f.res2);
    f.mla_p4_plus = t.add(f.mla_p5_1x1, f.mla_p4_1x1);
    f.mla_p3_plus = t.add(f.mla_p4_plus, f.mla_p3_1x1);
    f.mla_p2_plus = t.add(f.mla_p3_plus, f.mla_p2_1x1);
    f.mla_p5 = this.mla_p5.call(f.mla_p5_1x1);
    f.mla_p4 = this.mla_p4.call(f.mla_p4_plus);
    f.mla_p3 = this.mla_p3.call(f.mla_p3_plus);
    f.mla_p2 = this.mla_p2.call(f.mla_p2_plus);
    const list = new PyList();
    list.extend([f.mla_p2, f.mla_p3, f.mla_p4, f.mla_p5]);
    return list;
  }
}

interface HeadLocals {
  logits: PyList;
  feats: PyList;
  feat_mix: Tensor;
}

/** Logits of the four features together, in training after them those of each alone. */
export class MLAHead extends Layer<readonly [PyList, Grid], PyList> {
  readonly norms: LayerList<LayerNorm>;
  readonly mla: ConvMLA;
  readonly aux_heads: LayerList<Conv2D>;
  readonly feat_convs: LayerList<Sequential>;
  readonly cls_head: Conv2D;
  private readonly indices: readonly number[];
  private readonly dim: number;

  constructor(args: Args, classes: number, indices: readonly number[], dim: number) {
    super();
    const channels = args.int("mla_channels", 256);
    const narrow = args.int("mlahead_channels", 128);
    args.ignore("lr_multiple");
    const count = indices.length;
    if (count !== 4) {
      throw new ArgumentError(args.type, "backbone_indices", "the mla head needs four backbone_indices");
    }
    this.indices = indices;
    this.dim = dim;
    this.norms = repeated(count, () => new LayerNorm(dim));
    this.mla = new ConvMLA(dim, channels);
    this.aux_heads = repeated(count, () => new Conv2D(channels, classes, 1));
    this.feat_convs = repeated(
      count,
      () =>
        new Sequential(
          new ConvBNReLU(channels, narrow, 3, { padding: 1 }),
          new ConvBNReLU(narrow, narrow, 3, { padding: 1 }),
          new Upsample({ scaleFactor: 4 }, { mode: "bilinear" }),
        ),
    );
    this.cls_head = new Conv2D(4 * narrow, classes, 3, { padding: 1 });
  }

  forward(f: HeadLocals, x: PyList, grid: Grid): PyList {
    f.logits = new PyList();
    f.feats = new PyList();
    for (const index of this.indices) f.feats.append(x.at(index));
    const count = this.indices.length;
    for (let i = 0; i < count; i++) f.feats.set(i, normalized(this.norms.at(i), f.feats.at(i), this.dim, grid));
    f.feats = this.mla.call(f.feats);
    if (this.training) {
      for (let i = 0; i < count; i++) f.logits.append(this.aux_heads.at(i).call(f.feats.at(i)));
    }
    for (let i = 0; i < count; i++) f.feats.set(i, this.feat_convs.at(i).call(f.feats.at(i)));
    f.feat_mix = t.concat(f.feats, 1);
    f.logits.insert(0, this.cls_head.call(f.feat_mix));
    return f.logits;
  }
}
