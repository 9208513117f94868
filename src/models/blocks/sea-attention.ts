/** @file Squeeze-enhanced axial attention, as SeaFormer and StrideFormer have it. */
import { drop } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { Lambda, Layer, LayerList, Parameter, Sequential } from "../../nn/layer.ts";
import { BatchNorm2D, Conv2D, Dropout } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { stochasticDepth } from "../backbones/transformer_utils.ts";

/** What the two networks do in their own way. */
export interface SeaParts {
  /** Convolution with batch norm: pointwise, or 3×3 depthwise. */
  conv(from: number, to: number, depthwise?: boolean): Layer;
  /** The gate at the end. */
  gate(): Layer;
  /** How a position's parameter is filled: drawn by its own initialiser, or drawn first and then assigned. */
  readonly positions: "drawn" | "assigned";
  /** Attention on an image of half the size. */
  readonly halved: boolean;
}

export interface SeaPlan {
  readonly keyDim: number;
  readonly heads: number;
  readonly attnRatio: number;
  readonly mlpRatio: number;
}

/** Positions along an axis before interpolation. */
const positionCount = 16;

/** Adds positions, interpolated to the axis's length. */
class SqueezeAxialPositionalEmbedding extends Layer {
  readonly pos_embed: Parameter;

  constructor(dim: number, how: SeaParts["positions"]) {
    super();
    const shape = [1, dim, positionCount];
    if (how === "drawn") {
      this.pos_embed = new Parameter(shape, { initializer: "gaussian" });
    } else {
      const drawn = t.gaussian(shape);
      this.pos_embed = new Parameter(shape, { initializer: "assign_value" });
      drop(drawn);
    }
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = t.add(x, F.interpolate(this.pos_embed, [x.dim(2)], { mode: "linear" }));
    return f.x;
  }
}

interface Locals {
  x: Tensor;
  q: Tensor;
  k: Tensor;
  v: Tensor;
  qkv: Tensor;
  qrow: Tensor;
  krow: Tensor;
  vrow: Tensor;
  attn_row: Tensor;
  xx_row: Tensor;
  qcolumn: Tensor;
  kcolumn: Tensor;
  vcolumn: Tensor;
  attn_column: Tensor;
  xx_column: Tensor;
  xx: Tensor;
}

const relu6 = (): Layer => new Lambda(F.relu6);
const turned = (x: Tensor): Tensor => t.transpose(x, [0, 1, 3, 2]);

class SeaAttention extends Layer {
  readonly to_q: Layer;
  readonly to_k: Layer;
  readonly to_v: Layer;
  readonly stride_conv: Sequential | undefined;
  readonly proj: Sequential;
  readonly proj_encode_row: Sequential;
  readonly pos_emb_rowq: SqueezeAxialPositionalEmbedding;
  readonly pos_emb_rowk: SqueezeAxialPositionalEmbedding;
  readonly proj_encode_column: Sequential;
  readonly pos_emb_columnq: SqueezeAxialPositionalEmbedding;
  readonly pos_emb_columnk: SqueezeAxialPositionalEmbedding;
  readonly dwconv: Layer;
  readonly act: Layer;
  readonly pwconv: Layer;
  readonly sigmoid: Layer;
  private readonly heads: number;
  private readonly valueDim: number;

  constructor(dim: number, { keyDim, heads, attnRatio }: SeaPlan, parts: SeaParts) {
    super();
    const keys = keyDim * heads;
    const values = Math.floor(attnRatio * keyDim) * heads;
    this.heads = heads;
    this.valueDim = values;
    const position = () => new SqueezeAxialPositionalEmbedding(keys, parts.positions);
    this.to_q = parts.conv(dim, keys);
    this.to_k = parts.conv(dim, keys);
    this.to_v = parts.conv(dim, values);
    if (parts.halved) {
      const conv = new Conv2D(dim, dim, 3, { stride: 2, padding: 1, groups: dim });
      this.stride_conv = new Sequential(conv, new BatchNorm2D(dim));
    }
    this.proj = new Sequential(relu6(), parts.conv(values, dim));
    this.proj_encode_row = new Sequential(relu6(), parts.conv(values, values));
    this.pos_emb_rowq = position();
    this.pos_emb_rowk = position();
    this.proj_encode_column = new Sequential(relu6(), parts.conv(values, values));
    this.pos_emb_columnq = position();
    this.pos_emb_columnk = position();
    this.dwconv = parts.conv(2 * values, 2 * values, true);
    this.act = relu6();
    this.pwconv = parts.conv(2 * values, dim);
    this.sigmoid = parts.gate();
  }

  forward(f: Locals, x: Tensor): Tensor {
    f.x = this.stride_conv ? this.stride_conv.call(x) : x;
    f.q = this.to_q.call(f.x);
    f.k = this.to_k.call(f.x);
    f.v = this.to_v.call(f.x);
    f.qkv = t.concat([f.q, f.k, f.v], 1);
    f.qkv = this.act.call(this.dwconv.call(f.qkv));
    f.qkv = this.pwconv.call(f.qkv);
    this.rows(f);
    this.columns(f);
    f.xx = t.add(f.xx_row, f.xx_column);
    f.xx = t.add(f.v, f.xx);
    f.xx = this.proj.call(f.xx);
    f.xx = t.multiply(this.sigmoid.call(f.xx), f.qkv);
    if (this.stride_conv) f.xx = F.interpolate(f.xx, x.hw, { mode: "bilinear" });
    return f.xx;
  }

  private rows(f: Locals): void {
    const [batch, height] = [f.x.dim(0), f.x.dim(2)];
    const shape = [batch, this.heads, -1, height];
    f.qrow = turned(t.reshape(this.pos_emb_rowq.call(t.mean(f.q, -1)), shape));
    f.krow = t.reshape(this.pos_emb_rowk.call(t.mean(f.k, -1)), shape);
    f.vrow = turned(t.reshape(t.mean(f.v, -1), shape));
    f.attn_row = t.scale(t.matmul(f.qrow, f.krow));
    f.attn_row = F.softmax(f.attn_row);
    f.xx_row = t.matmul(f.attn_row, f.vrow);
    f.xx_row = this.proj_encode_row.call(t.reshape(turned(f.xx_row), [batch, this.valueDim, height, 1]));
  }

  private columns(f: Locals): void {
    const [batch, width] = [f.x.dim(0), f.x.dim(3)];
    const shape = [batch, this.heads, -1, width];
    f.qcolumn = turned(t.reshape(this.pos_emb_columnq.call(t.mean(f.q, -2)), shape));
    f.kcolumn = t.reshape(this.pos_emb_columnk.call(t.mean(f.k, -2)), shape);
    f.vcolumn = turned(t.reshape(t.mean(f.v, -2), shape));
    f.attn_column = t.scale(t.matmul(f.qcolumn, f.kcolumn));
    f.attn_column = F.softmax(f.attn_column);
    f.xx_column = t.matmul(f.attn_column, f.vcolumn);
    f.xx_column = this.proj_encode_column.call(t.reshape(turned(f.xx_column), [batch, this.valueDim, 1, width]));
  }
}

class Mlp extends Layer {
  readonly fc1: Layer;
  readonly dwconv: Conv2D;
  readonly act: Layer;
  readonly fc2: Layer;
  readonly drop: Dropout;

  constructor(dim: number, hidden: number, { conv }: SeaParts) {
    super();
    this.fc1 = conv(dim, hidden);
    this.dwconv = new Conv2D(hidden, hidden, 3, { stride: 1, padding: 1, groups: hidden });
    this.act = relu6();
    this.fc2 = conv(hidden, dim);
    this.drop = new Dropout(0);
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = this.fc1.call(x);
    f.x = this.dwconv.call(f.x);
    f.x = this.act.call(f.x);
    f.x = this.drop.call(f.x);
    f.x = this.fc2.call(f.x);
    f.x = this.drop.call(f.x);
    return f.x;
  }
}

class Block extends Layer {
  readonly attn: SeaAttention;
  readonly drop_path: Layer;
  readonly mlp: Mlp;

  constructor(dim: number, plan: SeaPlan, dropPath: number, parts: SeaParts) {
    super();
    this.attn = new SeaAttention(dim, plan, parts);
    this.drop_path = stochasticDepth(dropPath);
    this.mlp = new Mlp(dim, Math.floor(dim * plan.mlpRatio), parts);
  }

  forward(f: { x1: Tensor }, x1: Tensor): Tensor {
    f.x1 = t.add(x1, this.drop_path.call(this.attn.call(x1)));
    f.x1 = t.add(f.x1, this.drop_path.call(this.mlp.call(f.x1)));
    return f.x1;
  }
}

/** Attention and MLP blocks, one for each rate of stochastic depth. */
export class SeaBlocks extends Layer {
  readonly transformer_blocks: LayerList<Block>;

  constructor(dim: number, plan: SeaPlan, dropPaths: readonly number[], parts: SeaParts) {
    super();
    this.transformer_blocks = new LayerList(dropPaths.map((rate) => new Block(dim, plan, rate, parts)));
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = x;
    for (const block of this.transformer_blocks) f.x = block.call(f.x);
    return f.x;
  }
}
