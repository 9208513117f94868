/** @file U-Net++ (`paddleseg/models/unet_plusplus.py`). */
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import { Layer, refill, Sequential, sublayers } from "../nn/layer.ts";
import { BatchNorm2D, Conv2D, Conv2DTranspose, Pool2D, ReLU, Upsample } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import type { Network } from "./network.ts";

class DoubleConv extends Layer {
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

  forward(f: { conv: Tensor }, inputs: Tensor): Tensor {
    f.conv = this.conv.call(inputs);
    return f.conv;
  }
}

/** Doubles the size of the deeper features and joins the ones of this level. */
class UpSampling extends Layer<readonly [Tensor, ...Tensor[]]> {
  readonly up: Layer;
  readonly conv: DoubleConv;

  constructor(inChannels: number, outChannels: number, joined: number, useDeconv: boolean) {
    super();
    this.up = useDeconv
      ? new Conv2DTranspose(inChannels, outChannels, 2, { stride: 2 })
      : new Sequential(new Upsample({ scaleFactor: 2 }, { mode: "bilinear" }), new Conv2D(inChannels, outChannels, 1));
    this.conv = new DoubleConv(joined * outChannels, outChannels);
  }

  forward(
    f: { features: PyList; feature: Tensor; cat_features: Tensor; out: Tensor },
    high: Tensor,
    ...low: Tensor[]
  ): Tensor {
    f.features = new PyList();
    f.features.append(this.up.call(high));
    for (const feature of low) {
      f.feature = feature;
      f.features.append(f.feature);
    }
    f.cat_features = t.concat(f.features, 1);
    f.out = this.conv.call(f.cat_features);
    return f.out;
  }
}

interface Locals {
  X0_0: Tensor;
  pool_0: Tensor;
  X1_0: Tensor;
  pool_1: Tensor;
  X2_0: Tensor;
  pool_2: Tensor;
  X3_0: Tensor;
  pool_3: Tensor;
  X4_0: Tensor;
  X0_1: Tensor;
  X1_1: Tensor;
  X2_1: Tensor;
  X3_1: Tensor;
  X0_2: Tensor;
  X1_2: Tensor;
  X2_2: Tensor;
  X0_3: Tensor;
  X1_3: Tensor;
  X0_4: Tensor;
  out_1: Tensor;
  out_2: Tensor;
  out_3: Tensor;
  out_4: Tensor;
  output: Tensor;
}

const channels = [32, 64, 128, 256, 512] as const;

/** `X{level}_{column}`: levels are scales, columns count the joins. */
export class UNetPlusPlus extends Layer<readonly [Tensor], readonly Tensor[]> implements Network {
  readonly pool: Pool2D;
  readonly conv0_0: DoubleConv;
  readonly conv1_0: DoubleConv;
  readonly conv2_0: DoubleConv;
  readonly conv3_0: DoubleConv;
  readonly conv4_0: DoubleConv;
  readonly up_cat0_1: UpSampling;
  readonly up_cat1_1: UpSampling;
  readonly up_cat2_1: UpSampling;
  readonly up_cat3_1: UpSampling;
  readonly up_cat0_2: UpSampling;
  readonly up_cat1_2: UpSampling;
  readonly up_cat2_2: UpSampling;
  readonly up_cat0_3: UpSampling;
  readonly up_cat1_3: UpSampling;
  readonly up_cat0_4: UpSampling;
  readonly out_1: Conv2D;
  readonly out_2: Conv2D;
  readonly out_3: Conv2D;
  readonly out_4: Conv2D;
  private readonly averages: boolean;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    const inChannels = args.int("in_channels", 3);
    const useDeconv = args.boolean("use_deconv", false);
    args.boolean("align_corners", false);
    this.averages = args.boolean("is_ds", true);
    args.finish();
    const [c0, c1, c2, c3, c4] = channels;
    this.pool = new Pool2D(2, { stride: 2 });
    this.conv0_0 = new DoubleConv(inChannels, c0);
    this.conv1_0 = new DoubleConv(c0, c1);
    this.conv2_0 = new DoubleConv(c1, c2);
    this.conv3_0 = new DoubleConv(c2, c3);
    this.conv4_0 = new DoubleConv(c3, c4);
    const join = (level: 0 | 1 | 2 | 3, count: number) =>
      new UpSampling(channels[level + 1]!, channels[level], count, useDeconv);
    this.up_cat0_1 = join(0, 2);
    this.up_cat1_1 = join(1, 2);
    this.up_cat2_1 = join(2, 2);
    this.up_cat3_1 = join(3, 2);
    this.up_cat0_2 = join(0, 3);
    this.up_cat1_2 = join(1, 3);
    this.up_cat2_2 = join(2, 3);
    this.up_cat0_3 = join(0, 4);
    this.up_cat1_3 = join(1, 4);
    this.up_cat0_4 = join(0, 5);
    this.out_1 = new Conv2D(c0, classes, 1);
    this.out_2 = new Conv2D(c0, classes, 1);
    this.out_3 = new Conv2D(c0, classes, 1);
    this.out_4 = new Conv2D(c0, classes, 1);
    // init_weight: convolutions once more; BatchNorm2D is none of the classes it looks for.
    for (const layer of sublayers(this)) if (layer instanceof Conv2D) refill(layer.weight, "gaussian");
  }

  forward(f: Locals, inputs: Tensor): readonly Tensor[] {
    f.X0_0 = this.conv0_0.call(inputs);
    f.pool_0 = this.pool.call(f.X0_0);
    f.X1_0 = this.conv1_0.call(f.pool_0);
    f.pool_1 = this.pool.call(f.X1_0);
    f.X2_0 = this.conv2_0.call(f.pool_1);
    f.pool_2 = this.pool.call(f.X2_0);
    f.X3_0 = this.conv3_0.call(f.pool_2);
    f.pool_3 = this.pool.call(f.X3_0);
    f.X4_0 = this.conv4_0.call(f.pool_3);

    f.X0_1 = this.up_cat0_1.call(f.X1_0, f.X0_0);
    f.X1_1 = this.up_cat1_1.call(f.X2_0, f.X1_0);
    f.X2_1 = this.up_cat2_1.call(f.X3_0, f.X2_0);
    f.X3_1 = this.up_cat3_1.call(f.X4_0, f.X3_0);

    f.X0_2 = this.up_cat0_2.call(f.X1_1, f.X0_0, f.X0_1);
    f.X1_2 = this.up_cat1_2.call(f.X2_1, f.X1_0, f.X1_1);
    f.X2_2 = this.up_cat2_2.call(f.X3_1, f.X2_0, f.X2_1);

    f.X0_3 = this.up_cat0_3.call(f.X1_2, f.X0_0, f.X0_1, f.X0_2);
    f.X1_3 = this.up_cat1_3.call(f.X2_2, f.X1_0, f.X1_1, f.X1_2);

    f.X0_4 = this.up_cat0_4.call(f.X1_3, f.X0_0, f.X0_1, f.X0_2, f.X0_3);

    f.out_1 = this.out_1.call(f.X0_1);
    f.out_2 = this.out_2.call(f.X0_2);
    f.out_3 = this.out_3.call(f.X0_3);
    f.out_4 = this.out_4.call(f.X0_4);
    f.output = t.divide(t.add(t.add(t.add(f.out_1, f.out_2), f.out_3), f.out_4), channels.length - 1);
    return this.averages ? [f.output] : [f.out_4];
  }
}
