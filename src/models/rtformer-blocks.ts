/** @file RTFormer's blocks: residual convolutions and external attention at two resolutions. */
import { scope } from "../engine/frame.ts";
import type { Tensor } from "../engine/tensor.ts";
import { ArgumentError } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Lambda, Layer, Parameter, refill, Sequential, sublayers } from "../nn/layer.ts";
import { BatchNorm2D, Conv2D, Dropout, GELU, ReLU } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import { stochasticDepth } from "./backbones/transformer_utils.ts";
import { normalConvolutions } from "./blocks/init-weight.ts";

export class BasicBlock extends Layer {
  readonly conv1: Conv2D;
  readonly bn1: BatchNorm2D;
  readonly relu: ReLU;
  readonly conv2: Conv2D;
  readonly bn2: BatchNorm2D;
  readonly downsample: Sequential | undefined;
  private readonly noRelu: boolean;

  constructor(from: number, to: number, stride: number, downsample: Sequential | undefined, noRelu: boolean) {
    super();
    this.conv1 = new Conv2D(from, to, 3, { stride, padding: 1, bias: false });
    this.bn1 = new BatchNorm2D(to);
    this.relu = new ReLU();
    this.conv2 = new Conv2D(to, to, 3, { stride: 1, padding: 1, bias: false });
    this.bn2 = new BatchNorm2D(to);
    this.downsample = downsample;
    this.noRelu = noRelu;
  }

  forward(f: { out: Tensor; residual: Tensor }, x: Tensor): Tensor {
    f.out = this.conv1.call(x);
    f.out = this.bn1.call(f.out);
    f.out = this.relu.call(f.out);
    f.out = this.conv2.call(f.out);
    f.out = this.bn2.call(f.out);
    f.residual = x;
    if (this.downsample) f.residual = this.downsample.call(x);
    f.out = t.add(f.out, f.residual);
    return this.noRelu ? f.out : this.relu.call(f.out);
  }
}

class MLP extends Layer {
  readonly norm: BatchNorm2D;
  readonly conv1: Conv2D;
  readonly act: GELU;
  readonly conv2: Conv2D;
  readonly drop: Dropout;

  constructor(channels: number, dropRate: number) {
    super();
    this.norm = new BatchNorm2D(channels);
    this.conv1 = new Conv2D(channels, channels, 3, { stride: 1, padding: 1 });
    this.act = new GELU();
    this.conv2 = new Conv2D(channels, channels, 3, { stride: 1, padding: 1 });
    this.drop = new Dropout(dropRate);
    normalConvolutions(this);
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = this.norm.call(x);
    f.x = this.conv1.call(f.x);
    f.x = this.act.call(f.x);
    f.x = this.drop.call(f.x);
    f.x = this.conv2.call(f.x);
    f.x = this.drop.call(f.x);
    return f.x;
  }
}

interface X {
  x: Tensor;
}

/** Attention to learnt keys and values, as two pointwise convolutions with a double normalisation between. */
class ExternalAttention extends Layer {
  readonly norm: BatchNorm2D;
  readonly k: Parameter;
  readonly v: Parameter;
  private readonly stride: number;
  private readonly inner: number;
  private readonly heads: number;

  constructor(from: number, to: number, heads: number) {
    super();
    if (to % heads !== 0)
      throw new ArgumentError("RTFormer", "num_heads", `${heads} heads do not divide ${to} channels`);
    this.stride = from === to ? 1 : 2;
    this.inner = to;
    this.heads = heads;
    this.norm = new BatchNorm2D(from);
    this.k = new Parameter([to, from, 1, 1], { initializer: "gaussian" });
    this.v = new Parameter([to, to, 1, 1], { initializer: "gaussian" });
  }

  forward(f: X, x: Tensor): Tensor {
    f.x = this.norm.call(x);
    f.x = F.conv2d(f.x, this.k, undefined, { stride: this.stride });
    f.x = this.act(f.x);
    f.x = F.conv2d(f.x, this.v, undefined);
    return f.x;
  }

  /** `_act_dn`: softmax over pixels, then each head's channels sum to 1. */
  private act(x: Tensor): Tensor {
    return scope({ x }, (f: X) => {
      const [height, width] = f.x.hw;
      f.x = t.reshape(f.x, [0, this.heads, Math.floor(this.inner / this.heads), -1]);
      f.x = F.softmax(f.x);
      f.x = t.divide(f.x, t.add(t.sum(f.x, 2, true), 1e-6));
      f.x = t.reshape(f.x, [0, this.inner, height, width]);
      return f.x;
    });
  }
}

/** Attention of the fine feature to keys and values pooled from the coarse one: grouped convolutions, a group for each image. */
class CrossAttention extends Layer<readonly [Tensor, Tensor, Tensor]> {
  readonly norm: BatchNorm2D;
  private readonly channels: number;
  private readonly inner: number;

  constructor(channels: number, inner: number) {
    super();
    this.channels = channels;
    this.inner = inner;
    this.norm = new BatchNorm2D(channels);
  }

  forward(f: X, x: Tensor, crossK: Tensor, crossV: Tensor): Tensor {
    f.x = this.norm.call(x);
    const groups = f.x.dim(0);
    f.x = t.reshape(f.x, [1, -1, 0, 0]);
    f.x = F.conv2d(f.x, crossK, undefined, { groups });
    f.x = this.act(f.x);
    f.x = F.conv2d(f.x, crossV, undefined, { groups });
    f.x = t.reshape(f.x, [-1, this.channels, 0, 0]);
    return f.x;
  }

  /** `_act_sn`: softmax over the keys. */
  private act(x: Tensor): Tensor {
    return scope({ x }, (f: X) => {
      f.x = t.scale(t.reshape(f.x, [-1, this.inner, 0, 0]));
      f.x = F.softmax(f.x);
      f.x = t.reshape(f.x, [1, -1, 0, 0]);
      return f.x;
    });
  }
}

export interface EAOptions {
  readonly heads: number;
  readonly dropRate: number;
  readonly dropPathRate: number;
  readonly crossSize: number;
  readonly injects: boolean;
}

interface EALocals {
  x_h: Tensor;
  x_l: Tensor;
  x_l_res: Tensor;
  x_l_cp: Tensor;
  cross_kv: Tensor;
  cross_k: Tensor;
  cross_v: Tensor;
}

/** Fine and coarse feature in, both out; each attends, the coarse one is added to the fine, and may get it back. */
export class EABlock extends Layer<readonly [readonly Tensor[]], readonly [Tensor, Tensor]> {
  readonly attn_shortcut_l: Sequential | undefined;
  readonly attn_l: ExternalAttention;
  readonly mlp_l: MLP;
  readonly drop_path: Layer;
  readonly compression: Sequential;
  readonly attn_h: CrossAttention;
  readonly mlp_h: MLP;
  readonly cross_kv: Sequential;
  readonly down: Sequential | undefined;
  private readonly high: number;
  private readonly crossSize: number;

  constructor(high: number, from: number, low: number, options: EAOptions) {
    super();
    const { heads, dropRate, dropPathRate, crossSize, injects } = options;
    this.high = high;
    this.crossSize = crossSize;
    if (from !== low) {
      this.attn_shortcut_l = new Sequential(
        new BatchNorm2D(from),
        new Conv2D(from, low, 1, { stride: 2, bias: false }),
      );
      normalConvolutions(this.attn_shortcut_l);
    }
    this.attn_l = new ExternalAttention(from, low, heads);
    this.mlp_l = new MLP(low, dropRate);
    this.drop_path = stochasticDepth(dropPathRate);
    this.compression = new Sequential(new BatchNorm2D(low), new ReLU(), new Conv2D(low, high, 1, { bias: false }));
    normalConvolutions(this.compression);
    this.attn_h = new CrossAttention(high, crossSize * crossSize);
    this.mlp_h = new MLP(high, dropRate);
    this.cross_kv = new Sequential(
      new BatchNorm2D(low),
      new Lambda((x) => F.adaptiveMaxPool2d(x, crossSize)),
      new Conv2D(low, 2 * high, 1, { bias: false }),
    );
    for (const layer of sublayers(this.cross_kv)) {
      if (layer instanceof Conv2D) refill(layer.weight, "truncated_gaussian_random");
    }
    if (injects) {
      this.down = down(high, low);
      normalConvolutions(this.down);
    }
  }

  forward(f: EALocals, x: readonly Tensor[]): readonly [Tensor, Tensor] {
    f.x_h = x[0]!;
    f.x_l = x[1]!;
    f.x_l_res = this.attn_shortcut_l ? this.attn_shortcut_l.call(f.x_l) : f.x_l;
    f.x_l = t.add(f.x_l_res, this.drop_path.call(this.attn_l.call(f.x_l)));
    f.x_l = t.add(f.x_l, this.drop_path.call(this.mlp_l.call(f.x_l)));
    f.x_l_cp = this.compression.call(f.x_l);
    f.x_h = t.add(f.x_h, F.interpolate(f.x_l_cp, f.x_h.hw, { mode: "bilinear" }));
    f.cross_kv = this.cross_kv.call(f.x_l);
    const [crossK, crossV] = t.splitEvenly(f.cross_kv, 2, 1);
    f.cross_k = crossK!;
    f.cross_v = crossV!;
    f.cross_k = t.reshape(t.transpose(f.cross_k, [0, 2, 3, 1]), [-1, this.high, 1, 1]);
    f.cross_v = t.reshape(f.cross_v, [-1, this.crossSize * this.crossSize, 1, 1]);
    f.x_h = t.add(f.x_h, this.drop_path.call(this.attn_h.call(f.x_h, f.cross_k, f.cross_v)));
    f.x_h = t.add(f.x_h, this.drop_path.call(this.mlp_h.call(f.x_h)));
    if (this.down) f.x_l = t.add(f.x_l, this.down.call(f.x_h));
    return [f.x_h, f.x_l];
  }
}

function down(high: number, low: number): Sequential {
  const half = Math.floor(low / 2);
  return new Sequential(
    new BatchNorm2D(high),
    new ReLU(),
    new Conv2D(high, half, 3, { stride: 2, padding: 1, bias: false }),
    new BatchNorm2D(half),
    new ReLU(),
    new Conv2D(half, low, 3, { stride: 2, padding: 1, bias: false }),
  );
}
