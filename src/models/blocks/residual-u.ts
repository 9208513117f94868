/** @file The residual U-blocks of U²-Net (RSU7 to RSU4, RSU4F in `paddleseg/models/u2net.py`). */
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { type AnyLayer, Layer } from "../../nn/layer.ts";
import { BatchNorm2D, Conv2D, Pool2D, ReLU } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";

class REBNCONV extends Layer {
  readonly conv_s1: Conv2D;
  readonly bn_s1: BatchNorm2D;
  readonly relu_s1: ReLU;

  constructor(inChannels: number, outChannels: number, dilation: number) {
    super();
    this.conv_s1 = new Conv2D(inChannels, outChannels, 3, { padding: dilation, dilation });
    this.bn_s1 = new BatchNorm2D(outChannels);
    this.relu_s1 = new ReLU();
  }

  forward(f: { xout: Tensor }, x: Tensor): Tensor {
    f.xout = this.relu_s1.call(this.bn_s1.call(this.conv_s1.call(x)));
    return f.xout;
  }
}

/** Resizes to the height and width of another tensor. */
export function upsampleLike(source: Tensor, target: Tensor): Tensor {
  return F.interpolate(source, target.hw, { mode: "bilinear" });
}

export interface ResidualUOptions {
  /** Convolutions on the way down, `rebnconv1` to `rebnconv{depth}`. */
  readonly depth: number;
  /** Dilation of each of them. */
  readonly dilations: readonly number[];
  /** Pool between them; without it all stays at full size and is dilated instead. */
  readonly pools: boolean;
}

/** Channels: in, middle, out. A small U-Net inside; its result is added to the first convolution's. */
export class ResidualU extends Layer {
  readonly rebnconvin: REBNCONV;
  /** `rebnconv1` … and `pool1` …, then `rebnconv{depth-1}d` … `rebnconv1d`, in Python's order. */
  private readonly named: (readonly [string, Layer])[] = [];
  private readonly down: REBNCONV[] = [];
  private readonly pool: Pool2D[] = [];
  private readonly up: REBNCONV[] = [];

  constructor(inChannels: number, middle: number, outChannels: number, options: ResidualUOptions) {
    super();
    const { depth, dilations, pools } = options;
    this.rebnconvin = new REBNCONV(inChannels, outChannels, 1);
    for (let i = 1; i <= depth; i++) {
      const conv = new REBNCONV(i === 1 ? outChannels : middle, middle, dilations[i - 1]!);
      this.down.push(conv);
      this.named.push([`rebnconv${i}`, conv]);
      if (!pools || i > depth - 2) continue;
      const pool = new Pool2D(2, { stride: 2, ceilMode: true });
      this.pool.push(pool);
      this.named.push([`pool${i}`, pool]);
    }
    for (let i = depth - 1; i >= 1; i--) {
      const conv = new REBNCONV(middle * 2, i === 1 ? outChannels : middle, pools ? 1 : dilations[i - 1]!);
      this.up[i] = conv;
      this.named.push([`rebnconv${i}d`, conv]);
    }
  }

  override *children(): Iterable<readonly [string, AnyLayer]> {
    yield ["rebnconvin", this.rebnconvin];
    yield* this.named;
  }

  forward(f: Record<string, Tensor>, x: Tensor): Tensor {
    const depth = this.down.length;
    f.hx = x;
    f.hxin = this.rebnconvin.call(f.hx);
    let from = "hxin";
    for (const [i, conv] of this.down.entries()) {
      const name = `hx${i + 1}`;
      f[name] = conv.call(f[from]!);
      const pool = this.pool[i];
      if (pool) f.hx = pool.call(f[name]);
      from = pool ? "hx" : name;
    }
    from = `hx${depth}`;
    for (let i = depth - 1; i >= 1; i--) {
      f[`hx${i}d`] = this.up[i]!.call(t.concat([f[from]!, f[`hx${i}`]!], 1));
      if (i === 1) break;
      from = `hx${i}d`;
      if (this.pool.length === 0) continue;
      f[`hx${i}dup`] = upsampleLike(f[from]!, f[`hx${i - 1}`]!);
      from = `hx${i}dup`;
    }
    return t.add(f.hx1d!, f.hxin);
  }
}
