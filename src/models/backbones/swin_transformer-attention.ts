/** @file Attention in windows of SwinTransformer, and the cutting of an image into windows. */
import { scope } from "../../engine/frame.ts";
import { release } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { Layer, Parameter, refill } from "../../nn/layer.ts";
import { Dropout, Linear, Softmax } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { relativePositionIndex } from "../blocks/relative-position.ts";

/** [B, H, W, C] to [windows·B, size, size, C]. */
export function windowPartition(x: Tensor, size: number): Tensor {
  return scope({ x }, (f: { x: Tensor; windows: Tensor }) => {
    const [b, h, w, c] = [f.x.dim(0), f.x.dim(1), f.x.dim(2), f.x.dim(3)];
    f.x = t.reshape(f.x, [b, Math.floor(h / size), size, Math.floor(w / size), size, c]);
    f.windows = t.reshape(t.transpose(f.x, [0, 1, 3, 2, 4, 5]), [-1, size, size, c]);
    return f.windows;
  });
}

/** The way back. */
export function windowReverse(windows: Tensor, size: number, height: number, width: number): Tensor {
  return scope({ windows }, (f: { windows: Tensor; x: Tensor }) => {
    const [rows, columns] = [Math.floor(height / size), Math.floor(width / size)];
    const batch = Math.floor(f.windows.dim(0) / ((height * width) / size / size));
    f.x = t.reshape(f.windows, [batch, rows, columns, size, size, -1]);
    f.x = t.reshape(t.transpose(f.x, [0, 1, 3, 2, 4, 5]), [batch, height, width, -1]);
    return f.x;
  });
}

/** What all blocks of the network share. */
export interface SwinOptions {
  readonly window: number;
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
  index: Tensor;
  bias: Tensor;
  x: Tensor;
}

/** Attention within windows of N = size² tokens, with a learned bias for each relative position. */
export class WindowAttention extends Layer<readonly [Tensor, Tensor | undefined]> {
  readonly relative_position_bias_table: Parameter;
  readonly qkv: Linear;
  readonly attn_drop: Dropout;
  readonly proj: Linear;
  readonly proj_drop: Dropout;
  readonly softmax: Softmax;
  /** `register_buffer("relative_position_index")`: [N, N] int64. */
  private readonly relativePositionIndex: Tensor;
  private readonly heads: number;

  constructor(dim: number, heads: number, { window, qkvBias, attnDrop, drop }: SwinOptions) {
    super();
    this.heads = heads;
    this.relative_position_bias_table = new Parameter([(2 * window - 1) ** 2, heads], { initializer: "full" });
    const { index, locals } = relativePositionIndex(window);
    this.relativePositionIndex = index;
    this.qkv = new Linear(dim, dim * 3, { bias: qkvBias });
    this.attn_drop = new Dropout(attnDrop);
    this.proj = new Linear(dim, dim);
    this.proj_drop = new Dropout(drop);
    refill(this.relative_position_bias_table, "truncated_gaussian_random");
    this.softmax = new Softmax();
    release(locals);
  }

  forward(f: AttentionLocals, x: Tensor, mask: Tensor | undefined): Tensor {
    const [windows, tokens, channels, heads] = [x.dim(0), x.dim(1), x.dim(2), this.heads];
    const qkv = t.reshape(this.qkv.call(x), [windows, tokens, 3, heads, Math.floor(channels / heads)]);
    f.qkv = t.transpose(qkv, [2, 0, 3, 1, 4]);
    const [q, k, v] = [t.select(f.qkv, 0, 0), t.select(f.qkv, 0, 1), t.select(f.qkv, 0, 2)];
    f.q = q;
    f.k = k;
    f.v = v;
    f.q = t.multiply(f.q, 1);
    f.attn = t.matmul(f.q, t.transpose(f.k, [0, 1, 3, 2]));
    f.index = t.reshape(this.relativePositionIndex, [-1]);
    f.bias = t.indexSelect(this.relative_position_bias_table, f.index);
    f.bias = t.reshape(f.bias, [tokens, tokens, -1]);
    f.bias = t.transpose(f.bias, [2, 0, 1]);
    f.attn = t.add(f.attn, t.unsqueeze(f.bias, 0));
    if (mask !== undefined) {
      const images = mask.dim(0);
      const attn = t.reshape(f.attn, [Math.floor(windows / images), images, heads, tokens, tokens]);
      f.attn = t.add(attn, t.unsqueeze(t.unsqueeze(mask, 1), 0));
      f.attn = t.reshape(f.attn, [-1, heads, tokens, tokens]);
    }
    f.attn = this.softmax.call(f.attn);
    f.attn = this.attn_drop.call(f.attn);
    f.x = t.reshape(t.transpose(t.matmul(f.attn, f.v), [0, 2, 1, 3]), [windows, tokens, channels]);
    f.x = this.proj.call(f.x);
    f.x = this.proj_drop.call(f.x);
    return f.x;
  }
}
