/** @file GSCNN's head: gated convolutions on the shape stream, ASPP with its edges, DeepLab's decoder. */
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer, LayerList, Sequential } from "../nn/layer.ts";
import { AdaptiveAvgPool2D, BatchNorm2D, Conv2D, Dropout, ReLU, Sigmoid } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import { BasicBlock } from "./backbones/resnet_vd-blocks.ts";
import { ConvBNReLU } from "./blocks/conv.ts";
import type { Features } from "./blocks/features.ts";
import { Decoder } from "./deeplab.ts";

/** A mask from both inputs weighs the first. */
class GatedSpatailConv2d extends Layer<readonly [Tensor, Tensor]> {
  readonly _gate_conv: Sequential;
  readonly conv: Conv2D;

  constructor(channels: number) {
    super();
    const joined = channels + 1;
    this._gate_conv = new Sequential(
      new BatchNorm2D(joined),
      new Conv2D(joined, joined, 1),
      new ReLU(),
      new Conv2D(joined, 1, 1),
      new BatchNorm2D(1),
      new Sigmoid(),
    );
    this.conv = new Conv2D(channels, channels, 1, { bias: false });
  }

  forward(f: { cat: Tensor; alphas: Tensor; x: Tensor }, features: Tensor, gates: Tensor): Tensor {
    f.cat = t.concat([features, gates], 1);
    f.alphas = this._gate_conv.call(f.cat);
    f.x = t.multiply(features, t.add(f.alphas, 1));
    f.x = this.conv.call(f.x);
    return f.x;
  }
}

interface ASPPLocals {
  x: Tensor;
  outputs: PyList;
  y: Tensor;
  img_avg: Tensor;
  edge_features: Tensor;
}

/** Atrous spatial pyramid pooling with one more branch: the edges. */
class EdgeASPPModule extends Layer<readonly [Tensor, Tensor]> {
  readonly aspp_blocks: LayerList<ConvBNReLU>;
  readonly global_avg_pool: Sequential;
  readonly edge_conv: ConvBNReLU;
  readonly conv_bn_relu: ConvBNReLU;
  readonly dropout: Dropout;

  constructor(ratios: readonly number[], inChannels: number, outChannels: number) {
    super();
    this.aspp_blocks = new LayerList(
      ratios.map((ratio) => {
        const one = ratio === 1;
        return new ConvBNReLU(inChannels, outChannels, one ? 1 : 3, { dilation: ratio, padding: one ? 0 : ratio });
      }),
    );
    const pooled = new ConvBNReLU(inChannels, outChannels, 1, { bias: false });
    this.global_avg_pool = new Sequential(new AdaptiveAvgPool2D(1), pooled);
    this.edge_conv = new ConvBNReLU(1, outChannels, 1, { bias: false });
    this.conv_bn_relu = new ConvBNReLU(outChannels * (ratios.length + 2), outChannels, 1);
    // PaddleSeg's own rate.
    this.dropout = new Dropout(0.1);
  }

  forward(f: ASPPLocals, x: Tensor, edge: Tensor): Tensor {
    f.x = x;
    f.outputs = new PyList();
    for (const block of this.aspp_blocks) {
      f.y = block.call(f.x);
      f.y = F.interpolate(f.y, x.hw, { mode: "bilinear" });
      f.outputs.append(f.y);
    }
    f.img_avg = this.global_avg_pool.call(f.x);
    f.img_avg = F.interpolate(f.img_avg, x.hw, { mode: "bilinear" });
    f.outputs.append(f.img_avg);
    f.edge_features = F.interpolate(edge, x.hw, { mode: "bilinear" });
    f.edge_features = this.edge_conv.call(f.edge_features);
    f.outputs.append(f.edge_features);
    f.x = t.concat(f.outputs, 1);
    f.x = this.conv_bn_relu.call(f.x);
    f.x = this.dropout.call(f.x);
    return f.x;
  }
}

interface HeadLocals {
  x: Tensor;
  m1f: Tensor;
  l1: Tensor;
  l2: Tensor;
  l3: Tensor;
  s1: Tensor;
  s2: Tensor;
  s3: Tensor;
  canny: Tensor;
  cs: Tensor;
  edge_out: Tensor;
  cat: Tensor;
  acts: Tensor;
  low_level_feat: Tensor;
  logit: Tensor;
}

function block(channels: number): BasicBlock {
  return new BasicBlock(channels, channels, {
    stride: 1,
    dilation: 1,
    shortcut: true,
    first: false,
    dataFormat: "NCHW",
  });
}

/** Everything on the shape stream has the image's size. */
export class GSCNNHead extends Layer<readonly [Tensor, PyList, Tensor], readonly Tensor[]> {
  readonly dsn1: Conv2D;
  readonly dsn2: Conv2D;
  readonly dsn3: Conv2D;
  readonly res1: BasicBlock;
  readonly d1: Conv2D;
  readonly gate1: GatedSpatailConv2d;
  readonly res2: BasicBlock;
  readonly d2: Conv2D;
  readonly gate2: GatedSpatailConv2d;
  readonly res3: BasicBlock;
  readonly d3: Conv2D;
  readonly gate3: GatedSpatailConv2d;
  readonly fuse: Conv2D;
  readonly cw: Conv2D;
  readonly aspp: EdgeASPPModule;
  readonly decoder: Decoder;
  private readonly indices: readonly number[];

  constructor(args: Args, classes: number, { indices, channels }: Features, all: readonly number[]) {
    super();
    this.indices = indices;
    const ratios = args.numbers("aspp_ratios", [1, 6, 12, 18]);
    const width = args.int("aspp_out_channels", 256);
    this.dsn1 = new Conv2D(channels[1]!, 1, 1);
    this.dsn2 = new Conv2D(channels[2]!, 1, 1);
    this.dsn3 = new Conv2D(channels[3]!, 1, 1);
    // 64 channels, halved three times (Takikawa et al. 2019, 4.1).
    this.res1 = block(64);
    this.d1 = new Conv2D(64, 32, 1);
    this.gate1 = new GatedSpatailConv2d(32);
    this.res2 = block(32);
    this.d2 = new Conv2D(32, 16, 1);
    this.gate2 = new GatedSpatailConv2d(16);
    this.res3 = block(16);
    this.d3 = new Conv2D(16, 8, 1);
    this.gate3 = new GatedSpatailConv2d(8);
    this.fuse = new Conv2D(8, 1, 1, { bias: false });
    this.cw = new Conv2D(2, 1, 1, { bias: false });
    this.aspp = new EdgeASPPModule(ratios, all.at(-1)!, width);
    this.decoder = new Decoder(classes, all[0]!, "NCHW");
  }

  forward(f: HeadLocals, x: Tensor, feats: PyList, stem: Tensor): readonly Tensor[] {
    const large = (y: Tensor) => F.interpolate(y, x.hw, { mode: "bilinear" });
    f.x = x;
    f.m1f = large(stem);
    f.l1 = feats.at(this.indices[1]!);
    f.l2 = feats.at(this.indices[2]!);
    f.l3 = feats.at(this.indices[3]!);
    f.s1 = large(this.dsn1.call(f.l1));
    f.s2 = large(this.dsn2.call(f.l2));
    f.s3 = large(this.dsn3.call(f.l3));
    // The image's gradient: worked out in host memory in double precision.
    f.canny = t.cast(t.toTensor([x.dim(0), 1, ...x.hw], "float64"), "float32");
    f.cs = this.res1.call(f.m1f);
    f.cs = large(f.cs);
    f.cs = this.d1.call(f.cs);
    f.cs = this.gate1.call(f.cs, f.s1);
    f.cs = this.res2.call(f.cs);
    f.cs = large(f.cs);
    f.cs = this.d2.call(f.cs);
    f.cs = this.gate2.call(f.cs, f.s2);
    f.cs = this.res3.call(f.cs);
    f.cs = large(f.cs);
    f.cs = this.d3.call(f.cs);
    f.cs = this.gate3.call(f.cs, f.s3);
    f.cs = this.fuse.call(f.cs);
    f.cs = large(f.cs);
    f.edge_out = F.sigmoid(f.cs);
    f.cat = t.concat([f.edge_out, f.canny], 1);
    f.acts = this.cw.call(f.cat);
    f.acts = F.sigmoid(f.acts);
    f.x = this.aspp.call(f.l3, f.acts);
    f.low_level_feat = feats.at(this.indices[0]!);
    f.logit = this.decoder.call(f.x, f.low_level_feat);
    return [f.logit, f.edge_out];
  }
}
