/** @file Blocks of the context autoencoder: attention with a bias for the relative position of every two patches. */
import { current } from "../../engine/engine.ts";
import { drop, release, retain } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { Layer, Parameter } from "../../nn/layer.ts";
import { Dropout, LayerNorm, Linear } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { stochasticDepth } from "./transformer_utils.ts";
import { Mlp } from "./vision_transformer-blocks.ts";

export interface CaeOptions {
  readonly heads: number;
  readonly mlpRatio: number;
  readonly qkvBias: boolean;
  readonly drop: number;
  readonly attnDrop: number;
  /** Patches along height and width, where positions have a bias. */
  readonly window: readonly [number, number] | undefined;
  /** Whether each branch is scaled by a vector (`init_values`). */
  readonly scaled: boolean;
}

function held(x: Tensor): Tensor {
  retain(x);
  return x;
}

/**
 * Place of every two tokens in the table, int64 [N + 1, N + 1]: the class token has three places of its own. `locals` are the names
 * that the constructor holds until it returns.
 */
function positionIndex([height, width]: readonly [number, number]): { index: Tensor; locals: readonly Tensor[] } {
  const [rows, columns] = [held(t.arange(height)), held(t.arange(width))];
  const coords = held(t.stack(t.meshgrid(rows, columns)));
  const first = t.unsqueeze(t.flatten(coords, 1), 2);
  const second = t.unsqueeze(t.flatten(coords, 1), 1);
  const copies = [t.assign(first), t.assign(second)] as const;
  const relative = held(t.transpose(t.subtract(...copies), [1, 2, 0]));
  // Shifted to start from 0, one axis at a time, then the rows made as long as the table's.
  for (const axis of [0, 1, 0]) {
    const shifted = t.scale(t.select(relative, 2, axis));
    t.setValue(relative, shifted);
    drop(shifted);
  }
  const tokens = height * width + 1;
  const index = held(t.zeros([tokens, tokens], "int64"));
  current().setKind(index.storage, "buffer");
  const sums = t.sum(relative, -1);
  t.setValue(index, sums);
  drop(sums);
  for (const part of [[tokens], [tokens], []]) t.setNumber(index, part);
  return { index, locals: [rows, columns, coords, relative] };
}

interface AttentionLocals {
  qkv_bias: Tensor | undefined;
  qkv: Tensor;
  q: Tensor;
  k: Tensor;
  v: Tensor;
  attn: Tensor;
  relative_position_bias: Tensor;
  x: Tensor;
}

class Attention extends Layer {
  readonly qkv: Linear;
  readonly q_bias: Parameter | undefined;
  readonly v_bias: Parameter | undefined;
  readonly relative_position_bias_table: Parameter | undefined;
  readonly attn_drop: Dropout;
  readonly proj: Linear;
  readonly proj_drop: Dropout;
  private readonly index: Tensor | undefined;
  private readonly heads: number;

  constructor(dim: number, { heads, qkvBias, drop: rate, attnDrop, window }: CaeOptions) {
    super();
    this.heads = heads;
    this.qkv = new Linear(dim, dim * 3, { bias: false });
    if (qkvBias) {
      this.q_bias = new Parameter([dim], { initializer: "full" });
      this.v_bias = new Parameter([dim], { initializer: "full" });
    }
    let locals: readonly Tensor[] = [];
    if (window) {
      const distances = (2 * window[0] - 1) * (2 * window[1] - 1) + 3;
      this.relative_position_bias_table = new Parameter([distances, heads], { initializer: "full" });
      const position = positionIndex(window);
      this.index = position.index;
      locals = position.locals;
    }
    this.attn_drop = new Dropout(attnDrop);
    this.proj = new Linear(dim, dim);
    this.proj_drop = new Dropout(rate);
    release(locals);
  }

  forward(f: AttentionLocals, x: Tensor): Tensor {
    const [tokens, dim] = [x.dim(1), x.dim(2)];
    if (this.q_bias && this.v_bias) f.qkv_bias = t.concat([this.q_bias, t.fullLike(this.v_bias), this.v_bias]);
    f.qkv = F.linear(x, this.qkv.weight, f.qkv_bias);
    const shape = [-1, tokens, 3, this.heads, Math.floor(dim / this.heads)];
    f.qkv = t.transpose(t.reshape(f.qkv, shape), [2, 0, 3, 1, 4]);
    const [q, k, v] = [t.select(f.qkv, 0, 0), t.select(f.qkv, 0, 1), t.select(f.qkv, 0, 2)];
    f.q = q;
    f.k = k;
    f.v = v;
    f.attn = t.scale(t.matmul(f.q, t.transpose(f.k, [0, 1, 3, 2])));
    if (this.relative_position_bias_table && this.index) {
      const places = t.unsqueeze(t.reshape(this.index, [-1]), -1);
      const gathered = t.gatherNd(this.relative_position_bias_table, places);
      f.relative_position_bias = t.reshape(gathered, [this.index.dim(0), this.index.dim(1), -1]);
      f.relative_position_bias = t.transpose(f.relative_position_bias, [2, 0, 1]);
      f.attn = t.add(f.attn, t.unsqueeze(f.relative_position_bias, 0));
    }
    f.attn = F.softmax(f.attn);
    f.attn = this.attn_drop.call(f.attn);
    f.x = t.reshape(t.transpose(t.matmul(f.attn, f.v), [0, 2, 1, 3]), [-1, tokens, dim]);
    f.x = this.proj.call(f.x);
    f.x = this.proj_drop.call(f.x);
    return f.x;
  }
}

/** Attention and MLP, each normalised before and added to what came in. Tokens [B, N + 1, C]. */
export class CaeBlock extends Layer {
  readonly norm1: LayerNorm;
  readonly attn: Attention;
  readonly drop_path: Layer;
  readonly norm2: LayerNorm;
  readonly mlp: Mlp;
  readonly gamma_1: Parameter | undefined;
  readonly gamma_2: Parameter | undefined;

  constructor(dim: number, dropPath: number, options: CaeOptions) {
    super();
    this.norm1 = new LayerNorm(dim);
    this.attn = new Attention(dim, options);
    this.drop_path = stochasticDepth(dropPath);
    this.norm2 = new LayerNorm(dim);
    this.mlp = new Mlp(dim, Math.floor(dim * options.mlpRatio), options.drop);
    if (options.scaled) {
      this.gamma_1 = new Parameter([dim], { initializer: "full" });
      this.gamma_2 = new Parameter([dim], { initializer: "full" });
    }
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    const attended = this.attn.call(this.norm1.call(x));
    f.x = t.add(x, this.drop_path.call(this.gamma_1 ? t.multiply(this.gamma_1, attended) : attended));
    const mixed = this.mlp.call(this.norm2.call(f.x));
    f.x = t.add(f.x, this.drop_path.call(this.gamma_2 ? t.multiply(this.gamma_2, mixed) : mixed));
    return f.x;
  }
}
