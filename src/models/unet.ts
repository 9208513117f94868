/** @file U-Net (`paddleseg/models/unet.py`). */
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer, LayerList, Sequential } from "../nn/layer.ts";
import { Conv2D, Conv2DTranspose } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import { ConvBNReLU } from "./blocks/conv.ts";
import { UNetEncoder } from "./blocks/unet-encoder.ts";
import type { Network } from "./network.ts";

/** Doubles the size, joins the skipped features, two convolutions. */
class UpSampling extends Layer<readonly [Tensor, Tensor]> {
  readonly deconv: Conv2DTranspose | undefined;
  readonly double_conv: Sequential;

  constructor(inChannels: number, outChannels: number, useDeconv: boolean) {
    super();
    const half = Math.floor(outChannels / 2);
    if (useDeconv) this.deconv = new Conv2DTranspose(inChannels, half, 2, { stride: 2 });
    const joined = useDeconv ? inChannels + half : inChannels * 2;
    this.double_conv = new Sequential(
      new ConvBNReLU(joined, outChannels, 3),
      new ConvBNReLU(outChannels, outChannels, 3),
    );
  }

  forward(f: { x: Tensor }, x: Tensor, shortCut: Tensor): Tensor {
    f.x = this.deconv ? this.deconv.call(x) : F.interpolate(x, shortCut.hw, { mode: "bilinear" });
    f.x = t.concat([f.x, shortCut], 1);
    f.x = this.double_conv.call(f.x);
    return f.x;
  }
}

const upChannels = [
  [512, 256],
  [256, 128],
  [128, 64],
  [64, 64],
] as const;

class Decoder extends Layer<readonly [Tensor, PyList]> {
  readonly up_sample_list: LayerList<UpSampling>;

  constructor(useDeconv: boolean) {
    super();
    this.up_sample_list = new LayerList(upChannels.map(([from, to]) => new UpSampling(from, to, useDeconv)));
  }

  forward(f: { x: Tensor }, x: Tensor, shortCuts: PyList): Tensor {
    f.x = x;
    for (let i = 0; i < shortCuts.length; i++) {
      f.x = this.up_sample_list.at(i).call(f.x, shortCuts.at(-(i + 1)));
    }
    return f.x;
  }
}

export class UNet extends Layer<readonly [Tensor], PyList> implements Network {
  readonly encode: UNetEncoder;
  readonly decode: Decoder;
  readonly cls: Conv2D;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    args.boolean("align_corners", false);
    this.encode = new UNetEncoder(args.int("in_channels", 3), [
      [64, 128],
      [128, 256],
      [256, 512],
      [512, 512],
    ]);
    this.decode = new Decoder(args.boolean("use_deconv", false));
    this.cls = new Conv2D(64, classes, 3, { padding: 1 });
    args.finish();
  }

  forward(f: { logit_list: PyList; x: Tensor; short_cuts: PyList; logit: Tensor }, x: Tensor): PyList {
    f.logit_list = new PyList();
    const [deepest, shortCuts] = this.encode.call(x);
    f.x = deepest;
    f.short_cuts = shortCuts;
    f.x = this.decode.call(f.x, f.short_cuts);
    f.logit = this.cls.call(f.x);
    f.logit_list.append(f.logit);
    return f.logit_list;
  }
}
