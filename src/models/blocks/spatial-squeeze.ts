/** @file The blocks of SINet: spatial squeeze modules and convolutions with PReLU. */
import { scope } from "../../engine/frame.ts";
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { Layer, Sequential } from "../../nn/layer.ts";
import { BatchNorm2D, Conv2D, Linear, Pool2D, PReLU, Upsample } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";

function convolution(from: number, to: number, kernel: number, stride: number, groups = 1): Conv2D {
  return new Conv2D(from, to, kernel, { stride, padding: Math.floor((kernel - 1) / 2), groups, bias: false });
}

interface Locals {
  output: Tensor;
}

/** Convolution, batch norm, PReLU. */
export class CBR extends Layer {
  readonly conv: Conv2D;
  readonly bn: BatchNorm2D;
  readonly act: PReLU;

  constructor(from: number, to: number, kernel: number, stride: number) {
    super();
    this.conv = convolution(from, to, kernel, stride);
    this.bn = new BatchNorm2D(to);
    this.act = new PReLU(to);
  }

  forward(f: Locals, input: Tensor): Tensor {
    f.output = this.conv.call(input);
    f.output = this.bn.call(f.output);
    f.output = this.act.call(f.output);
    return f.output;
  }
}

/** Batch norm and PReLU. */
export class BR extends Layer {
  readonly bn: BatchNorm2D;
  readonly act: PReLU;

  constructor(channels: number) {
    super();
    this.bn = new BatchNorm2D(channels);
    this.act = new PReLU(channels);
  }

  forward(f: Locals, input: Tensor): Tensor {
    f.output = this.bn.call(input);
    f.output = this.act.call(f.output);
    return f.output;
  }
}

/** A convolution alone. */
export class C extends Layer {
  readonly conv: Conv2D;

  constructor(from: number, to: number, kernel: number, stride: number, groups: number) {
    super();
    this.conv = convolution(from, to, kernel, stride, groups);
  }

  forward(f: Locals, input: Tensor): Tensor {
    f.output = this.conv.call(input);
    return f.output;
  }
}

/** Weighs channels by what their means say. */
class SqueezeBlock extends Layer {
  readonly dense: Sequential;

  constructor(channels: number, divide: number) {
    super();
    const middle = Math.floor(channels / divide);
    this.dense =
      divide > 1
        ? new Sequential(
            new Linear(channels, middle),
            new PReLU(middle),
            new Linear(middle, channels),
            new PReLU(channels),
          )
        : new Sequential(new Linear(channels, channels), new PReLU(channels));
  }

  forward(f: { alpha: Tensor; out: Tensor }, x: Tensor): Tensor {
    f.alpha = F.adaptiveAvgPool2d(x, 1);
    f.alpha = t.squeeze(f.alpha, [2, 3]);
    f.alpha = this.dense.call(f.alpha);
    f.alpha = t.unsqueeze(f.alpha, [2, 3]);
    f.out = t.multiply(x, f.alpha);
    return f.out;
  }
}

/** Depthwise convolution, channel weights, pointwise convolution, batch norm, PReLU. */
export class SESeparableCBR extends Layer {
  readonly conv: Sequential;
  readonly bn: BatchNorm2D;
  readonly act: PReLU;

  constructor(from: number, to: number, kernel: number, stride: number, divide: number) {
    super();
    this.conv = new Sequential(
      convolution(from, from, kernel, stride, from),
      new SqueezeBlock(from, divide),
      convolution(from, to, 1, 1),
    );
    this.bn = new BatchNorm2D(to);
    this.act = new PReLU(to);
  }

  forward(f: Locals, input: Tensor): Tensor {
    f.output = this.conv.call(input);
    f.output = this.bn.call(f.output);
    f.output = this.act.call(f.output);
    return f.output;
  }
}

/** A branch at its own scale: pooled, convolved, enlarged again. */
class S2block extends Layer {
  readonly down_res: Pool2D | undefined;
  readonly up_res: Upsample | undefined;
  readonly conv: Sequential;
  readonly act_conv1x1: Sequential;
  readonly bn: BatchNorm2D;

  constructor(from: number, to: number, [kernel, pool]: readonly [number, number]) {
    super();
    if (pool > 1) {
      this.down_res = new Pool2D(pool, { stride: pool });
      this.up_res = new Upsample({ scaleFactor: pool }, { mode: "bilinear" });
    }
    this.conv = new Sequential(convolution(from, from, kernel, 1, from), new BatchNorm2D(from));
    this.act_conv1x1 = new Sequential(new PReLU(from), convolution(from, to, 1, 1));
    this.bn = new BatchNorm2D(to);
  }

  forward(f: { input: Tensor; output: Tensor }, input: Tensor): Tensor {
    f.input = this.down_res ? this.down_res.call(input) : input;
    f.output = this.conv.call(f.input);
    f.output = this.act_conv1x1.call(f.output);
    if (this.up_res) f.output = this.up_res.call(f.output);
    return this.bn.call(f.output);
  }
}

/** Kernel size and pooling of each of the two branches. */
export type S2Plan = readonly [readonly [number, number], readonly [number, number]];

/** Reduces, splits into two branches of different scale, joins; `add`: with a residual. */
export class S2module extends Layer {
  readonly c1: C;
  readonly layer_0: S2block;
  readonly layer_1: S2block;
  readonly BR: BR;
  private readonly add: boolean;

  constructor(from: number, to: number, add: boolean, plan: S2Plan) {
    super();
    const half = Math.floor(to / plan.length);
    this.add = add;
    this.c1 = new C(from, half, 1, 1, plan.length);
    this.layer_0 = new S2block(half, to - half, plan[0]);
    this.layer_1 = new S2block(half, half, plan[1]);
    this.BR = new BR(to);
  }

  forward(
    f: { output1: Tensor; res_0: Tensor; res_1: Tensor; combine: Tensor; output: Tensor },
    input: Tensor,
  ): Tensor {
    f.output1 = this.c1.call(input);
    f.output1 = channelShuffle(f.output1, 2);
    f.res_0 = this.layer_0.call(f.output1);
    f.res_1 = this.layer_1.call(f.output1);
    f.combine = t.concat([f.res_0, f.res_1], 1);
    if (this.add) f.combine = t.add(input, f.combine);
    f.output = this.BR.call(f.combine);
    return f.output;
  }
}

function channelShuffle(x: Tensor, groups: number): Tensor {
  return scope({ x }, (f: { x: Tensor }) => {
    const [n, c, h, w] = f.x.shape;
    f.x = t.reshape(f.x, [n!, groups, Math.floor(c! / groups), h!, w!]);
    f.x = t.transpose(f.x, [0, 2, 1, 3, 4]);
    f.x = t.reshape(f.x, [n!, c!, h!, w!]);
    return f.x;
  });
}
