/** @file U²-Net and its small form (`paddleseg/models/u2net.py`). */
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import { Layer } from "../nn/layer.ts";
import { Conv2D, Pool2D } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import { ResidualU, type ResidualUOptions, upsampleLike } from "./blocks/residual-u.ts";
import type { Network } from "./network.ts";

/** RSU4 to RSU7: the deepest convolution is dilated by 2. */
function pooled(depth: number): ResidualUOptions {
  return { depth, dilations: [...new Array<number>(depth - 1).fill(1), 2], pools: true };
}

const rsu7 = pooled(7);
const rsu6 = pooled(6);
const rsu5 = pooled(5);
const rsu4 = pooled(4);
const rsu4f: ResidualUOptions = { depth: 4, dilations: [1, 2, 4, 8], pools: false };

/** Middle and output channels of each stage; the decoder's stages from the deepest to the finest. */
export interface U2NetChannels {
  readonly encoder: readonly (readonly [middle: number, out: number])[];
  readonly decoder: readonly (readonly [middle: number, out: number])[];
}

export const u2net: U2NetChannels = {
  encoder: [
    [32, 64],
    [32, 128],
    [64, 256],
    [128, 512],
    [256, 512],
    [256, 512],
  ],
  decoder: [
    [256, 512],
    [128, 256],
    [64, 128],
    [32, 64],
    [16, 64],
  ],
};

export const u2netp: U2NetChannels = {
  encoder: new Array<readonly [number, number]>(6).fill([16, 64]),
  decoder: new Array<readonly [number, number]>(5).fill([16, 64]),
};

interface Locals {
  hx: Tensor;
  hx1: Tensor;
  hx2: Tensor;
  hx3: Tensor;
  hx4: Tensor;
  hx5: Tensor;
  hx6: Tensor;
  hx6up: Tensor;
  hx5d: Tensor;
  hx5dup: Tensor;
  hx4d: Tensor;
  hx4dup: Tensor;
  hx3d: Tensor;
  hx3dup: Tensor;
  hx2d: Tensor;
  hx2dup: Tensor;
  hx1d: Tensor;
  d0: Tensor;
  d1: Tensor;
  d2: Tensor;
  d3: Tensor;
  d4: Tensor;
  d5: Tensor;
  d6: Tensor;
}

/** Seven logits: the fused one, then the side outputs from the finest. */
export class U2Net extends Layer<readonly [Tensor], readonly Tensor[]> implements Network {
  readonly stage1: ResidualU;
  readonly pool12: Pool2D;
  readonly stage2: ResidualU;
  readonly pool23: Pool2D;
  readonly stage3: ResidualU;
  readonly pool34: Pool2D;
  readonly stage4: ResidualU;
  readonly pool45: Pool2D;
  readonly stage5: ResidualU;
  readonly pool56: Pool2D;
  readonly stage6: ResidualU;
  readonly stage5d: ResidualU;
  readonly stage4d: ResidualU;
  readonly stage3d: ResidualU;
  readonly stage2d: ResidualU;
  readonly stage1d: ResidualU;
  readonly side1: Conv2D;
  readonly side2: Conv2D;
  readonly side3: Conv2D;
  readonly side4: Conv2D;
  readonly side5: Conv2D;
  readonly side6: Conv2D;
  readonly outconv: Conv2D;

  constructor(args: Args, { encoder, decoder }: U2NetChannels) {
    super();
    const classes = args.int("num_classes");
    let from = args.int("in_channels", 3);
    args.finish();
    const pool = () => new Pool2D(2, { stride: 2, ceilMode: true });
    const down = (stage: number, options: ResidualUOptions) => {
      const [middle, out] = encoder[stage - 1]!;
      const block = new ResidualU(from, middle, out, options);
      from = out;
      return block;
    };
    this.stage1 = down(1, rsu7);
    this.pool12 = pool();
    this.stage2 = down(2, rsu6);
    this.pool23 = pool();
    this.stage3 = down(3, rsu5);
    this.pool34 = pool();
    this.stage4 = down(4, rsu4);
    this.pool45 = pool();
    this.stage5 = down(5, rsu4f);
    this.pool56 = pool();
    this.stage6 = down(6, rsu4f);
    const up = (stage: number, options: ResidualUOptions) => {
      const [middle, out] = decoder[decoder.length - stage]!;
      const block = new ResidualU(from + encoder[stage - 1]![1], middle, out, options);
      from = out;
      return block;
    };
    this.stage5d = up(5, rsu4f);
    this.stage4d = up(4, rsu4);
    this.stage3d = up(3, rsu5);
    this.stage2d = up(2, rsu6);
    this.stage1d = up(1, rsu7);
    const side = (channels: number) => new Conv2D(channels, classes, 3, { padding: 1 });
    const outs = decoder.map(([, out]) => out);
    this.side1 = side(outs[4]!);
    this.side2 = side(outs[3]!);
    this.side3 = side(outs[2]!);
    this.side4 = side(outs[1]!);
    this.side5 = side(outs[0]!);
    this.side6 = side(encoder[5]![1]);
    this.outconv = new Conv2D(6 * classes, classes, 1);
  }

  forward(f: Locals, x: Tensor): readonly Tensor[] {
    f.hx = x;
    f.hx1 = this.stage1.call(f.hx);
    f.hx = this.pool12.call(f.hx1);
    f.hx2 = this.stage2.call(f.hx);
    f.hx = this.pool23.call(f.hx2);
    f.hx3 = this.stage3.call(f.hx);
    f.hx = this.pool34.call(f.hx3);
    f.hx4 = this.stage4.call(f.hx);
    f.hx = this.pool45.call(f.hx4);
    f.hx5 = this.stage5.call(f.hx);
    f.hx = this.pool56.call(f.hx5);
    f.hx6 = this.stage6.call(f.hx);
    f.hx6up = upsampleLike(f.hx6, f.hx5);

    f.hx5d = this.stage5d.call(t.concat([f.hx6up, f.hx5], 1));
    f.hx5dup = upsampleLike(f.hx5d, f.hx4);
    f.hx4d = this.stage4d.call(t.concat([f.hx5dup, f.hx4], 1));
    f.hx4dup = upsampleLike(f.hx4d, f.hx3);
    f.hx3d = this.stage3d.call(t.concat([f.hx4dup, f.hx3], 1));
    f.hx3dup = upsampleLike(f.hx3d, f.hx2);
    f.hx2d = this.stage2d.call(t.concat([f.hx3dup, f.hx2], 1));
    f.hx2dup = upsampleLike(f.hx2d, f.hx1);
    f.hx1d = this.stage1d.call(t.concat([f.hx2dup, f.hx1], 1));

    f.d1 = this.side1.call(f.hx1d);
    f.d2 = this.side2.call(f.hx2d);
    f.d2 = upsampleLike(f.d2, f.d1);
    f.d3 = this.side3.call(f.hx3d);
    f.d3 = upsampleLike(f.d3, f.d1);
    f.d4 = this.side4.call(f.hx4d);
    f.d4 = upsampleLike(f.d4, f.d1);
    f.d5 = this.side5.call(f.hx5d);
    f.d5 = upsampleLike(f.d5, f.d1);
    f.d6 = this.side6.call(f.hx6);
    f.d6 = upsampleLike(f.d6, f.d1);
    f.d0 = this.outconv.call(t.concat([f.d1, f.d2, f.d3, f.d4, f.d5, f.d6], 1));
    return [f.d0, f.d1, f.d2, f.d3, f.d4, f.d5, f.d6];
  }
}
