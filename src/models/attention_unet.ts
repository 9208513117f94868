/** @file Attention U-Net (`paddleseg/models/attention_unet.py`). */
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import { Layer, Sequential } from "../nn/layer.ts";
import { BatchNorm2D, Conv2D, ReLU, Sigmoid, Upsample } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import { UNetEncoder } from "./blocks/unet-encoder.ts";
import type { Network } from "./network.ts";

/** Weighs the skipped features x by a map worked out from them and the gate g. */
class AttentionBlock extends Layer<readonly [Tensor, Tensor]> {
  readonly W_g: Sequential;
  readonly W_x: Sequential;
  readonly psi: Sequential;
  readonly relu: ReLU;

  constructor(gateChannels: number, skipChannels: number, middle: number) {
    super();
    this.W_g = new Sequential(new Conv2D(gateChannels, middle, 1), new BatchNorm2D(middle));
    this.W_x = new Sequential(new Conv2D(skipChannels, middle, 1), new BatchNorm2D(middle));
    this.psi = new Sequential(new Conv2D(middle, 1, 1), new BatchNorm2D(1), new Sigmoid());
    this.relu = new ReLU();
  }

  forward(f: { g1: Tensor; x1: Tensor; psi: Tensor; res: Tensor }, g: Tensor, x: Tensor): Tensor {
    f.g1 = this.W_g.call(g);
    f.x1 = this.W_x.call(x);
    f.psi = this.relu.call(t.add(f.g1, f.x1));
    f.psi = this.psi.call(f.psi);
    f.res = t.multiply(x, f.psi);
    return f.res;
  }
}

class UpConv extends Layer {
  readonly up: Sequential;

  constructor(inChannels: number, outChannels: number) {
    super();
    this.up = new Sequential(
      new Upsample({ scaleFactor: 2 }, { mode: "bilinear" }),
      new Conv2D(inChannels, outChannels, 3, { padding: 1 }),
      new BatchNorm2D(outChannels),
      new ReLU(),
    );
  }

  forward(_f: object, x: Tensor): Tensor {
    return this.up.call(x);
  }
}

class ConvBlock extends Layer {
  readonly conv: Sequential;

  constructor(inChannels: number, outChannels: number) {
    super();
    this.conv = new Sequential(
      new Conv2D(inChannels, outChannels, 3, { padding: 1 }),
      new BatchNorm2D(outChannels),
      new ReLU(),
      new Conv2D(outChannels, outChannels, 3, { padding: 1 }),
      new BatchNorm2D(outChannels),
      new ReLU(),
    );
  }

  forward(_f: object, x: Tensor): Tensor {
    return this.conv.call(x);
  }
}

interface Locals {
  x5: Tensor;
  x4: Tensor;
  x3: Tensor;
  x2: Tensor;
  x1: Tensor;
  d5: Tensor;
  d4: Tensor;
  d3: Tensor;
  d2: Tensor;
  logit: Tensor;
  logit_list: PyList;
}

const filters = [64, 128, 256, 512, 1024] as const;

export class AttentionUNet extends Layer<readonly [Tensor], PyList> implements Network {
  readonly encoder: UNetEncoder;
  readonly up5: UpConv;
  readonly att5: AttentionBlock;
  readonly up_conv5: ConvBlock;
  readonly up4: UpConv;
  readonly att4: AttentionBlock;
  readonly up_conv4: ConvBlock;
  readonly up3: UpConv;
  readonly att3: AttentionBlock;
  readonly up_conv3: ConvBlock;
  readonly up2: UpConv;
  readonly att2: AttentionBlock;
  readonly up_conv2: ConvBlock;
  readonly conv_1x1: Conv2D;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    const inChannels = args.int("in_channels", 3);
    args.finish();
    const [c0, c1, c2, c3, c4] = filters;
    this.encoder = new UNetEncoder(
      inChannels,
      [c0, c1, c2, c3].map((channel) => [channel, channel * 2] as const),
    );
    this.up5 = new UpConv(c4, c3);
    this.att5 = new AttentionBlock(c3, c3, c2);
    this.up_conv5 = new ConvBlock(c4, c3);
    this.up4 = new UpConv(c3, c2);
    this.att4 = new AttentionBlock(c2, c2, c1);
    this.up_conv4 = new ConvBlock(c3, c2);
    this.up3 = new UpConv(c2, c1);
    this.att3 = new AttentionBlock(c1, c1, c0);
    this.up_conv3 = new ConvBlock(c2, c1);
    this.up2 = new UpConv(c1, c0);
    this.att2 = new AttentionBlock(c0, c0, Math.floor(c0 / 2));
    this.up_conv2 = new ConvBlock(c1, c0);
    this.conv_1x1 = new Conv2D(c0, classes, 1);
  }

  forward(f: Locals, x: Tensor): PyList {
    this.encode(f, x);
    f.d5 = this.up5.call(f.x5);
    f.x4 = this.att5.call(f.d5, f.x4);
    f.d5 = t.concat([f.x4, f.d5], 1);
    f.d5 = this.up_conv5.call(f.d5);

    f.d4 = this.up4.call(f.d5);
    f.x3 = this.att4.call(f.d4, f.x3);
    f.d4 = t.concat([f.x3, f.d4], 1);
    f.d4 = this.up_conv4.call(f.d4);

    f.d3 = this.up3.call(f.d4);
    f.x2 = this.att3.call(f.d3, f.x2);
    f.d3 = t.concat([f.x2, f.d3], 1);
    f.d3 = this.up_conv3.call(f.d3);

    f.d2 = this.up2.call(f.d3);
    f.x1 = this.att2.call(f.d2, f.x1);
    f.d2 = t.concat([f.x1, f.d2], 1);
    f.d2 = this.up_conv2.call(f.d2);

    f.logit = this.conv_1x1.call(f.d2);
    f.logit_list = new PyList();
    f.logit_list.append(f.logit);
    return f.logit_list;
  }

  /** `x5, (x1, x2, x3, x4) = self.encoder(x)`: the list dies, its items live on under their names. */
  private encode(f: Locals, x: Tensor): void {
    const [deepest, skipped] = this.encoder.call(x);
    f.x5 = deepest;
    f.x1 = skipped.at(0);
    f.x2 = skipped.at(1);
    f.x3 = skipped.at(2);
    f.x4 = skipped.at(3);
    skipped.drop();
  }
}
