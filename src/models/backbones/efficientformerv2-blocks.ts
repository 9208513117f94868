/** @file EfficientFormerV2's blocks: MLP of convolutions, with or without attention, and the embeddings between stages. */
import { drop } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { Layer, Parameter } from "../../nn/layer.ts";
import { BatchNorm2D, Conv2D, Dropout, GELU } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { normalConvolutions } from "../blocks/init-weight.ts";
import { Attention4D, Attention4DDownsample } from "./efficientformerv2-attention.ts";
import { stochasticDepth } from "./transformer_utils.ts";

class Mlp extends Layer {
  readonly fc1: Conv2D;
  readonly act: GELU;
  readonly fc2: Conv2D;
  readonly drop: Dropout;
  readonly mid: Conv2D;
  readonly norm1: BatchNorm2D;
  readonly norm2: BatchNorm2D;

  constructor(dim: number, hidden: number, dropRate: number) {
    super();
    this.fc1 = new Conv2D(dim, hidden, 1);
    this.act = new GELU();
    this.fc2 = new Conv2D(hidden, dim, 1);
    this.drop = new Dropout(dropRate);
    this.mid = new Conv2D(hidden, hidden, 3, { stride: 1, padding: 1, groups: hidden });
    this.norm1 = new BatchNorm2D(hidden);
    this.norm2 = new BatchNorm2D(dim);
    normalConvolutions(this);
  }

  forward(f: { x: Tensor; x_mid: Tensor }, x: Tensor): Tensor {
    f.x = this.fc1.call(x);
    f.x = this.norm1.call(f.x);
    f.x = this.act.call(f.x);
    f.x_mid = this.mid.call(f.x);
    f.x = this.act.call(f.x_mid);
    f.x = this.drop.call(f.x);
    f.x = this.fc2.call(f.x);
    f.x = this.norm2.call(f.x);
    f.x = this.drop.call(f.x);
    return f.x;
  }
}

/** `value * paddle.ones([dim])` as [dim, 1, 1], which the parameters are then assigned. */
function scaleValue(dim: number): Tensor {
  return t.scale(t.unsqueeze(t.unsqueeze(t.full([dim]), -1), -1));
}

function scaleParameter(dim: number): Parameter {
  return new Parameter([dim, 1, 1], { initializer: "assign_value" });
}

export interface BlockOptions {
  readonly mlpRatio: number;
  readonly dropRate: number;
  readonly dropPath: number;
}

/** Attention and MLP, each scaled by a learnt vector of channels. */
export class AttnFFN extends Layer {
  readonly layer_scale_1: Parameter;
  readonly layer_scale_2: Parameter;
  readonly token_mixer: Attention4D;
  readonly mlp: Mlp;
  readonly drop_path: Layer;

  constructor(dim: number, resolution: number, stride: number | undefined, options: BlockOptions) {
    super();
    this.token_mixer = new Attention4D(dim, resolution, stride);
    this.mlp = new Mlp(dim, Math.trunc(dim * options.mlpRatio), options.dropRate);
    this.drop_path = stochasticDepth(options.dropPath);
    const value = scaleValue(dim);
    this.layer_scale_1 = scaleParameter(dim);
    this.layer_scale_2 = scaleParameter(dim);
    drop(value);
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = t.add(x, this.drop_path.call(t.multiply(this.layer_scale_1, this.token_mixer.call(x))));
    f.x = t.add(f.x, this.drop_path.call(t.multiply(this.layer_scale_2, this.mlp.call(f.x))));
    return f.x;
  }
}

/** The MLP alone. */
export class FFN extends Layer {
  readonly layer_scale_2: Parameter;
  readonly mlp: Mlp;
  readonly drop_path: Layer;

  constructor(dim: number, options: BlockOptions) {
    super();
    this.mlp = new Mlp(dim, Math.trunc(dim * options.mlpRatio), options.dropRate);
    this.drop_path = stochasticDepth(options.dropPath);
    const value = scaleValue(dim);
    this.layer_scale_2 = scaleParameter(dim);
    drop(value);
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = t.add(x, this.drop_path.call(t.multiply(this.layer_scale_2, this.mlp.call(x))));
    return f.x;
  }
}

function strided(from: number, to: number): Conv2D {
  return new Conv2D(from, to, 3, { stride: 2, padding: 1 });
}

/** A strided convolution with batch norm. */
export class Embedding extends Layer {
  readonly proj: Conv2D;
  readonly norm: BatchNorm2D;

  constructor(from: number, to: number) {
    super();
    this.proj = strided(from, to);
    this.norm = new BatchNorm2D(to);
  }

  forward(f: { x: Tensor; out: Tensor }, x: Tensor): Tensor {
    f.x = this.proj.call(x);
    f.out = this.norm.call(f.x);
    return f.out;
  }
}

/** A strided convolution with batch norm, added to attention that halves the size. */
export class AttentionEmbedding extends Layer {
  readonly attn: Attention4DDownsample;
  readonly conv: Conv2D;
  readonly bn: BatchNorm2D;

  constructor(from: number, to: number, resolution: number) {
    super();
    this.attn = new Attention4DDownsample(from, to, resolution);
    this.conv = strided(from, to);
    this.bn = new BatchNorm2D(to);
  }

  forward(f: { out_conv: Tensor; out: Tensor }, x: Tensor): Tensor {
    f.out_conv = this.conv.call(x);
    f.out_conv = this.bn.call(f.out_conv);
    f.out = t.add(this.attn.call(x), f.out_conv);
    return f.out;
  }
}
