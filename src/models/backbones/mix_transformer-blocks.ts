/** @file Blocks of MixVisionTransformer: attention with fewer keys, MLP with a depthwise convolution, patches. */
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { Layer } from "../../nn/layer.ts";
import { Conv2D, Dropout, GELU, LayerNorm, Linear } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { refillAll, stochasticDepth } from "./transformer_utils.ts";

type Sized = readonly [x: Tensor, height: number, width: number];

interface X {
  x: Tensor;
}

/** A 3×3 depthwise convolution over tokens laid out as an image. */
class DWConv extends Layer<Sized> {
  readonly dwconv: Conv2D;
  private readonly dim: number;

  constructor(dim: number) {
    super();
    this.dim = dim;
    this.dwconv = new Conv2D(dim, dim, 3, { stride: 1, padding: 1, groups: dim });
  }

  forward(f: X, x: Tensor, height: number, width: number): Tensor {
    f.x = t.reshape(t.transpose(x, [0, 2, 1]), [x.dim(0), this.dim, height, width]);
    f.x = this.dwconv.call(f.x);
    f.x = t.transpose(t.flatten(f.x, 2), [0, 2, 1]);
    return f.x;
  }
}

class Mlp extends Layer<Sized> {
  readonly fc1: Linear;
  readonly dwconv: DWConv;
  readonly act: GELU;
  readonly fc2: Linear;
  readonly drop: Dropout;

  constructor(dim: number, hidden: number) {
    super();
    this.fc1 = new Linear(dim, hidden);
    this.dwconv = new DWConv(hidden);
    this.act = new GELU();
    this.fc2 = new Linear(hidden, dim);
    this.drop = new Dropout(0);
    refillAll(this);
  }

  forward(f: X, x: Tensor, height: number, width: number): Tensor {
    f.x = this.fc1.call(x);
    f.x = this.dwconv.call(f.x, height, width);
    f.x = this.act.call(f.x);
    f.x = this.drop.call(f.x);
    f.x = this.fc2.call(f.x);
    f.x = this.drop.call(f.x);
    return f.x;
  }
}

interface AttentionOptions {
  readonly heads: number;
  readonly attnDrop: number;
  /** Keys and values are taken from an image this many times smaller. */
  readonly reduction: number;
}

interface AttentionLocals {
  q: Tensor;
  x_: Tensor;
  kv: Tensor;
  k: Tensor;
  v: Tensor;
  attn: Tensor;
  x: Tensor;
}

class Attention extends Layer<Sized> {
  readonly q: Linear;
  readonly kv: Linear;
  readonly attn_drop: Dropout;
  readonly proj: Linear;
  readonly proj_drop: Dropout;
  readonly sr: Conv2D | undefined;
  readonly norm: LayerNorm | undefined;
  private readonly dim: number;
  private readonly heads: number;

  constructor(dim: number, { heads, attnDrop, reduction }: AttentionOptions) {
    super();
    this.dim = dim;
    this.heads = heads;
    this.q = new Linear(dim, dim);
    this.kv = new Linear(dim, dim * 2);
    this.attn_drop = new Dropout(attnDrop);
    this.proj = new Linear(dim, dim);
    this.proj_drop = new Dropout(0);
    if (reduction > 1) {
      this.sr = new Conv2D(dim, dim, reduction, { stride: reduction });
      this.norm = new LayerNorm(dim);
    }
    refillAll(this);
  }

  forward(f: AttentionLocals, x: Tensor, height: number, width: number): Tensor {
    const [batch, tokens, dim] = [x.dim(0), x.dim(1), this.dim];
    const each = Math.floor(dim / this.heads);
    f.q = t.transpose(t.reshape(this.q.call(x), [batch, tokens, this.heads, each]), [0, 2, 1, 3]);
    const source = this.reduced(f, x, height, width) ? f.x_ : x;
    f.kv = t.transpose(t.reshape(this.kv.call(source), [batch, -1, 2, this.heads, each]), [2, 0, 3, 1, 4]);
    const [k, v] = [t.select(f.kv, 0, 0), t.select(f.kv, 0, 1)];
    f.k = k;
    f.v = v;
    f.attn = t.scale(t.matrixProduct(f.q, t.transpose(f.k, [0, 1, 3, 2])));
    f.attn = F.softmax(f.attn);
    f.attn = this.attn_drop.call(f.attn);
    f.x = t.reshape(t.transpose(t.matrixProduct(f.attn, f.v), [0, 2, 1, 3]), [batch, tokens, dim]);
    f.x = this.proj.call(f.x);
    f.x = this.proj_drop.call(f.x);
    return f.x;
  }

  /** A strided convolution makes `x_`, the smaller image as tokens. */
  private reduced(f: AttentionLocals, x: Tensor, height: number, width: number): boolean {
    if (!this.sr || !this.norm) return false;
    const batch = x.dim(0);
    f.x_ = t.reshape(t.transpose(x, [0, 2, 1]), [batch, this.dim, height, width]);
    f.x_ = t.transpose(t.reshape(this.sr.call(f.x_), [batch, this.dim, -1]), [0, 2, 1]);
    f.x_ = this.norm.call(f.x_);
    return true;
  }
}

/** Attention and MLP, each normalised before and added to what came in. */
export class Block extends Layer<Sized> {
  readonly norm1: LayerNorm;
  readonly attn: Attention;
  readonly drop_path: Layer;
  readonly norm2: LayerNorm;
  readonly mlp: Mlp;

  constructor(dim: number, dropPath: number, options: AttentionOptions & { readonly mlpRatio: number }) {
    super();
    this.norm1 = new LayerNorm(dim);
    this.attn = new Attention(dim, options);
    this.drop_path = stochasticDepth(dropPath);
    this.norm2 = new LayerNorm(dim);
    this.mlp = new Mlp(dim, Math.floor(dim * options.mlpRatio));
    refillAll(this);
  }

  forward(f: X, x: Tensor, height: number, width: number): Tensor {
    f.x = t.add(x, this.drop_path.call(this.attn.call(this.norm1.call(x), height, width)));
    f.x = t.add(f.x, this.drop_path.call(this.mlp.call(this.norm2.call(f.x), height, width)));
    return f.x;
  }
}

/** A strided convolution whose kernel is wider than its stride; gives tokens, height, width. */
export class OverlapPatchEmbed extends Layer<readonly [Tensor], Sized> {
  readonly proj: Conv2D;
  readonly norm: LayerNorm;

  constructor(patch: number, stride: number, channels: number, dim: number) {
    super();
    this.proj = new Conv2D(channels, dim, patch, { stride, padding: Math.floor(patch / 2) });
    this.norm = new LayerNorm(dim);
    refillAll(this);
  }

  forward(f: X, x: Tensor): Sized {
    f.x = this.proj.call(x);
    const [height, width] = f.x.hw;
    f.x = t.transpose(t.flatten(f.x, 2), [0, 2, 1]);
    f.x = this.norm.call(f.x);
    return [f.x, height, width];
  }
}
