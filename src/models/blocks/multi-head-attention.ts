/** @file `nn.MultiHeadAttention`: projections, scaled dot products, dropout of the weights. */
import { scope } from "../../engine/frame.ts";
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { Layer } from "../../nn/layer.ts";
import { Linear } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";

interface Locals {
  q: Tensor;
  k: Tensor;
  v: Tensor;
  product: Tensor;
  weights: Tensor;
  out: Tensor;
}

/** Query, key and value [N, L, C] to [N, L, C]. */
export class MultiHeadAttention extends Layer<readonly [Tensor, Tensor, Tensor]> {
  readonly q_proj: Linear;
  readonly k_proj: Linear;
  readonly v_proj: Linear;
  readonly out_proj: Linear;
  private readonly heads: number;
  private readonly dropout: number;

  constructor(dim: number, heads: number, dropout = 0) {
    super();
    this.heads = heads;
    this.dropout = dropout;
    this.q_proj = new Linear(dim, dim);
    this.k_proj = new Linear(dim, dim);
    this.v_proj = new Linear(dim, dim);
    this.out_proj = new Linear(dim, dim);
  }

  /** The four projections, in order of creation. */
  projections(): readonly Linear[] {
    return [this.q_proj, this.k_proj, this.v_proj, this.out_proj];
  }

  private split(x: Tensor): Tensor {
    return t.reshape(x, [0, 0, this.heads, x.dim(-1) / this.heads]);
  }

  /** `compute_kv`. */
  private keysAndValues(key: Tensor, value: Tensor): readonly [Tensor, Tensor] {
    return scope({}, (f: { k: Tensor; v: Tensor }) => {
      f.k = this.k_proj.call(key);
      f.v = this.v_proj.call(value);
      f.k = this.split(f.k);
      f.k = t.transpose(f.k, [0, 2, 1, 3]);
      f.v = this.split(f.v);
      f.v = t.transpose(f.v, [0, 2, 1, 3]);
      return [f.k, f.v];
    });
  }

  /** `_prepare_qkv`. */
  private projected(query: Tensor, key: Tensor, value: Tensor): readonly [Tensor, Tensor, Tensor] {
    return scope({}, (f: { q: Tensor; k: Tensor; v: Tensor }) => {
      f.q = this.q_proj.call(query);
      f.q = this.split(f.q);
      f.q = t.transpose(f.q, [0, 2, 1, 3]);
      [f.k, f.v] = this.keysAndValues(key, value);
      return [f.q, f.k, f.v];
    });
  }

  forward(f: Locals, query: Tensor, key: Tensor, value: Tensor): Tensor {
    [f.q, f.k, f.v] = this.projected(query, key, value);
    f.product = t.matmul(t.scale(f.q), f.k, false, true);
    f.weights = F.softmax(f.product);
    f.weights = F.dropout(f.weights, this.dropout, this.training);
    f.out = t.matmul(f.weights, f.v);
    f.out = t.transpose(f.out, [0, 2, 1, 3]);
    f.out = t.reshape(f.out, [0, 0, f.out.dim(2) * f.out.dim(3)]);
    f.out = this.out_proj.call(f.out);
    return f.out;
  }
}
