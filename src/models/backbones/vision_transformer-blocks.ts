/** @file Blocks of VisionTransformer, which Segmenter's mask head uses too. */
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { Layer } from "../../nn/layer.ts";
import { Dropout, GELU, LayerNorm, Linear } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { stochasticDepth } from "./transformer_utils.ts";

/** Two linear layers with GELU between, each followed by dropout. */
export class Mlp extends Layer {
  readonly fc1: Linear;
  readonly act: GELU;
  readonly fc2: Linear;
  readonly drop: Dropout;

  constructor(dim: number, hidden: number, rate: number) {
    super();
    this.fc1 = new Linear(dim, hidden);
    this.act = new GELU();
    this.fc2 = new Linear(hidden, dim);
    this.drop = new Dropout(rate);
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = this.fc1.call(x);
    f.x = this.act.call(f.x);
    f.x = this.drop.call(f.x);
    f.x = this.fc2.call(f.x);
    f.x = this.drop.call(f.x);
    return f.x;
  }
}

/** Rates and sizes of a block. */
export interface BlockOptions {
  readonly heads: number;
  readonly mlpRatio: number;
  readonly qkvBias: boolean;
  readonly drop: number;
  readonly attnDrop: number;
}

interface AttentionLocals {
  qkv: Tensor;
  q: Tensor;
  k: Tensor;
  v: Tensor;
  attn: Tensor;
  x: Tensor;
}

/** Self-attention over all tokens. */
export class Attention extends Layer {
  readonly qkv: Linear;
  readonly attn_drop: Dropout;
  readonly proj: Linear;
  readonly proj_drop: Dropout;
  private readonly heads: number;

  constructor(dim: number, { heads, qkvBias, attnDrop, drop }: BlockOptions) {
    super();
    this.heads = heads;
    this.qkv = new Linear(dim, dim * 3, { bias: qkvBias });
    this.attn_drop = new Dropout(attnDrop);
    this.proj = new Linear(dim, dim);
    this.proj_drop = new Dropout(drop);
  }

  forward(f: AttentionLocals, x: Tensor): Tensor {
    const [tokens, dim] = [x.dim(1), x.dim(2)];
    const shape = [-1, tokens, 3, this.heads, Math.floor(dim / this.heads)];
    f.qkv = t.transpose(t.reshape(this.qkv.call(x), shape), [2, 0, 3, 1, 4]);
    const [q, k, v] = [t.select(f.qkv, 0, 0), t.select(f.qkv, 0, 1), t.select(f.qkv, 0, 2)];
    f.q = q;
    f.k = k;
    f.v = v;
    f.attn = t.scale(t.matmul(f.q, t.transpose(f.k, [0, 1, 3, 2])));
    f.attn = F.softmax(f.attn);
    f.attn = this.attn_drop.call(f.attn);
    f.x = t.reshape(t.transpose(t.matmul(f.attn, f.v), [0, 2, 1, 3]), [-1, tokens, dim]);
    f.x = this.proj.call(f.x);
    f.x = this.proj_drop.call(f.x);
    return f.x;
  }
}

/** Attention and MLP, each normalised before and added to what came in. */
export class Block extends Layer {
  readonly norm1: LayerNorm;
  readonly attn: Attention;
  readonly drop_path: Layer;
  readonly norm2: LayerNorm;
  readonly mlp: Mlp;

  constructor(dim: number, dropPath: number, options: BlockOptions) {
    super();
    this.norm1 = new LayerNorm(dim);
    this.attn = new Attention(dim, options);
    this.drop_path = stochasticDepth(dropPath);
    this.norm2 = new LayerNorm(dim);
    this.mlp = new Mlp(dim, Math.floor(dim * options.mlpRatio), options.drop);
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = t.add(x, this.drop_path.call(this.attn.call(this.norm1.call(x))));
    f.x = t.add(f.x, this.drop_path.call(this.mlp.call(this.norm2.call(f.x))));
    return f.x;
  }
}
