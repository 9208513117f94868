/** @file UNet 3+ (`paddleseg/models/unet_3plus.py`). */
import { scope } from "../engine/frame.ts";
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Lambda, Layer, refill, Sequential, sublayers } from "../nn/layer.ts";
import { BatchNorm2D, Conv2D, Dropout, Pool2D, ReLU, Sigmoid, Upsample } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import { UNet3PlusDecoder } from "./blocks/full-scale-decoder.ts";
import type { Network } from "./network.ts";

/** `nn.BatchNorm` in Paddle, alike in memory. Two convolutions, each with its normalisation. */
class UnetConv2D extends Layer {
  readonly conv1: Sequential;
  readonly conv2: Sequential;

  constructor(inChannels: number, outChannels: number, norm: boolean) {
    super();
    const conv = (from: number) =>
      norm
        ? new Sequential(new Conv2D(from, outChannels, 3, { padding: 1 }), new BatchNorm2D(outChannels), new ReLU())
        : new Sequential(new Conv2D(from, outChannels, 3, { padding: 1 }), new ReLU());
    this.conv1 = conv(inChannels);
    this.conv2 = conv(outChannels);
  }

  forward(f: { x: Tensor }, inputs: Tensor): Tensor {
    f.x = this.conv1.call(inputs);
    f.x = this.conv2.call(f.x);
    return f.x;
  }
}

function poolConv(inChannels: number, outChannels: number, norm: boolean): Sequential {
  return new Sequential(new Pool2D(2), new UnetConv2D(inChannels, outChannels, norm));
}

const filters = [64, 128, 256, 512, 1024] as const;

class Encoder extends Layer<readonly [Tensor], readonly Tensor[]> {
  readonly conv1: UnetConv2D;
  readonly poolconv2: Sequential;
  readonly poolconv3: Sequential;
  readonly poolconv4: Sequential;
  readonly poolconv5: Sequential;

  constructor(inChannels: number, norm: boolean) {
    super();
    const [c1, c2, c3, c4, c5] = filters;
    this.conv1 = new UnetConv2D(inChannels, c1, norm);
    this.poolconv2 = poolConv(c1, c2, norm);
    this.poolconv3 = poolConv(c2, c3, norm);
    this.poolconv4 = poolConv(c3, c4, norm);
    this.poolconv5 = poolConv(c4, c5, norm);
  }

  forward(f: { h1: Tensor; h2: Tensor; h3: Tensor; h4: Tensor; hd5: Tensor }, inputs: Tensor): readonly Tensor[] {
    f.h1 = this.conv1.call(inputs);
    f.h2 = this.poolconv2.call(f.h1);
    f.h3 = this.poolconv3.call(f.h2);
    f.h4 = this.poolconv4.call(f.h3);
    f.hd5 = this.poolconv5.call(f.h4);
    return [f.h1, f.h2, f.h3, f.h4, f.hd5];
  }
}

/** A logit of every level, brought to the image's size. */
class DeepSup extends Layer<readonly [readonly Tensor[]], readonly Tensor[]> {
  readonly convup5: Sequential;
  readonly convup4: Sequential;
  readonly convup3: Sequential;
  readonly convup2: Sequential;
  readonly outconv1: Conv2D;

  constructor(upChannels: number, classes: number) {
    super();
    const convUp = (from: number, factor: number) =>
      new Sequential(
        new Conv2D(from, classes, 3, { padding: 1 }),
        new Upsample({ scaleFactor: factor }, { mode: "bilinear" }),
      );
    this.convup5 = convUp(filters[4], 16);
    this.convup4 = convUp(upChannels, 8);
    this.convup3 = convUp(upChannels, 4);
    this.convup2 = convUp(upChannels, 2);
    this.outconv1 = new Conv2D(upChannels, classes, 3, { padding: 1 });
  }

  forward(
    f: { d5: Tensor; d4: Tensor; d3: Tensor; d2: Tensor; d1: Tensor },
    inputs: readonly Tensor[],
  ): readonly Tensor[] {
    const [hd1, hd2, hd3, hd4, hd5] = inputs;
    f.d5 = this.convup5.call(hd5!);
    f.d4 = this.convup4.call(hd4!);
    f.d3 = this.convup3.call(hd3!);
    f.d2 = this.convup2.call(hd2!);
    f.d1 = this.outconv1.call(hd1!);
    return [f.d1, f.d2, f.d3, f.d4, f.d5];
  }
}

interface Locals {
  hs: readonly Tensor[];
  hds: readonly Tensor[];
  out: PyList | readonly Tensor[];
  cls_branch: Tensor;
  cls_branch_max: Tensor;
}

export class UNet3Plus extends Layer<readonly [Tensor], PyList | readonly Tensor[]> implements Network {
  readonly encoder: Encoder;
  readonly decoder: UNet3PlusDecoder;
  readonly deepsup: DeepSup | undefined;
  readonly cls: Sequential | undefined;
  readonly outconv1: Conv2D | undefined;

  constructor(args: Args) {
    super();
    const inChannels = args.int("in_channels", 3);
    const classes = args.int("num_classes", 2);
    const norm = args.boolean("is_batchnorm", true);
    const guided = args.boolean("is_CGM", false);
    const deep = args.boolean("is_deepsup", false) || guided;
    args.finish();
    this.encoder = new Encoder(inChannels, norm);
    this.decoder = new UNet3PlusDecoder(filters);
    const upChannels = this.decoder.upChannels;
    if (deep) this.deepsup = new DeepSup(upChannels, classes);
    if (guided) {
      this.cls = new Sequential(
        new Dropout(0.5),
        new Conv2D(filters[4], 2, 1),
        new Lambda((x) => F.adaptiveMaxPool2d(x, 1)),
        new Sigmoid(),
      );
    }
    if (!deep) this.outconv1 = new Conv2D(upChannels, classes, 3, { padding: 1 });
    for (const layer of sublayers(this)) {
      if (layer instanceof Conv2D || layer instanceof BatchNorm2D) refill(layer.weight, "gaussian");
    }
  }

  forward(f: Locals, inputs: Tensor): PyList | readonly Tensor[] {
    f.hs = this.encoder.call(inputs);
    f.hds = this.decoder.call(f.hs);
    if (this.outconv1) {
      f.out = [this.outconv1.call(f.hds[0]!)];
      return f.out;
    }
    f.out = this.deepsup!.call(f.hds);
    if (this.cls) {
      f.cls_branch = t.squeeze(t.squeeze(this.cls.call(f.hds.at(-1)!), 3), 2);
      f.cls_branch_max = t.argmax(f.cls_branch, 1);
      // `astype("float")`: Python's float has 64 bits, and so have the logits from here on.
      f.cls_branch_max = t.cast(t.reshape(f.cls_branch_max, [-1, 1]), "float64");
      f.out = guidedBy(f.out, f.cls_branch_max);
    }
    return f.out;
  }
}

/** `[self.dotProduct(d, cls) for d in out]`. */
function guidedBy(out: PyList | readonly Tensor[], cls: Tensor): PyList {
  return scope({ out, cls }, (f: { out: PyList | readonly Tensor[]; cls: Tensor; d: Tensor; result: PyList }) => {
    f.result = new PyList();
    for (const d of f.out) {
      f.d = d;
      f.result.append(dotProduct(f.d, f.cls));
    }
    return f.result;
  });
}

/** Weighs each logit [N, C, H, W] by the image's class [N, 1]. */
function dotProduct(seg: Tensor, cls: Tensor): Tensor {
  return scope({ seg, cls }, (f: { seg: Tensor; cls: Tensor; clssp: Tensor; ecls: Tensor; final: Tensor }) => {
    const [n, c, h, w] = f.seg.shape;
    f.seg = t.reshape(f.seg, [n!, c!, h! * w!]);
    f.clssp = t.ones([1, c!]);
    f.ecls = t.reshape(t.multiply(f.cls, f.clssp), [n!, c!, 1]);
    f.final = t.multiply(f.seg, f.ecls);
    f.final = t.reshape(f.final, [n!, c!, h!, w!]);
    return f.final;
  });
}
