/** @file Non-local attention (`paddleseg/models/layers/nonlocal2d.py`) and its disentangled kind (`paddleseg/models/dnlnet.py`). */
import { scope } from "../../engine/frame.ts";
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { Layer } from "../../nn/layer.ts";
import { Conv2D } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { ConvBNReLU } from "./conv.ts";

/** The modes that are modelled: gaussian asks for a transpose that Paddle refuses, concatenation is used by no config. */
export const nonLocalModes = ["embedded_gaussian", "dot_product"] as const;
export type NonLocalMode = (typeof nonLocalModes)[number];

export interface NonLocalOptions {
  /** Reduction of the channels inside. */
  readonly reduction: number;
  /** Divides the scores by the root of the channels. */
  readonly scaled: boolean;
  readonly mode: NonLocalMode;
}

interface Locals {
  g_x: Tensor;
  theta_x: Tensor;
  phi_x: Tensor;
  pairwise_weight: Tensor;
  y: Tensor;
  unary_mask: Tensor;
  unary_x: Tensor;
  output: Tensor;
}

interface Pair {
  theta_x: Tensor;
  phi_x: Tensor;
  pairwise_weight: Tensor;
}

/** Whitened pairwise attention, a map of (H·W)², and a unary mask for all places. */
export class DisentangledNonLocal2D extends Layer {
  readonly g: Conv2D;
  readonly conv_out: ConvBNReLU;
  readonly theta: Conv2D;
  readonly phi: Conv2D;
  readonly conv_mask: Conv2D;
  private readonly inter: number;
  private readonly options: NonLocalOptions;

  constructor(channels: number, options: NonLocalOptions) {
    super();
    this.options = options;
    this.inter = Math.max(Math.floor(channels / options.reduction), 1);
    this.g = new Conv2D(channels, this.inter, 1);
    this.conv_out = new ConvBNReLU(this.inter, channels, 1, { bias: false });
    this.theta = new Conv2D(channels, this.inter, 1);
    this.phi = new Conv2D(channels, this.inter, 1);
    this.conv_mask = new Conv2D(channels, 1, 1);
  }

  forward(f: Locals, x: Tensor): Tensor {
    f.g_x = t.transpose(t.reshape(this.g.call(x), [0, this.inter, -1]), [0, 2, 1]);
    f.theta_x = t.transpose(t.reshape(this.theta.call(x), [0, this.inter, -1]), [0, 2, 1]);
    f.phi_x = t.reshape(this.phi.call(x), [0, this.inter, -1]);
    f.theta_x = t.subtract(f.theta_x, t.mean(f.theta_x, -2, true));
    f.phi_x = t.subtract(f.phi_x, t.mean(f.phi_x, -1, true));
    f.pairwise_weight = this.options.mode === "dot_product" ? dotProduct(f) : this.embeddedGaussian(f);
    const y = t.transpose(t.matmul(f.pairwise_weight, f.g_x), [0, 2, 1]);
    f.y = t.reshape(y, [0, this.inter, ...x.hw]);
    f.unary_mask = F.softmax(t.reshape(this.conv_mask.call(x), [0, 1, -1]));
    const unary = t.transpose(t.matmul(f.unary_mask, f.g_x), [0, 2, 1]);
    f.unary_x = t.reshape(unary, [0, this.inter, 1, 1]);
    f.output = t.add(x, this.conv_out.call(t.add(f.y, f.unary_x)));
    return f.output;
  }

  private embeddedGaussian({ theta_x, phi_x }: Pair): Tensor {
    return scope({ theta_x, phi_x }, (f: Pair) => {
      f.pairwise_weight = t.matmul(f.theta_x, f.phi_x);
      if (this.options.scaled) f.pairwise_weight = t.scale(f.pairwise_weight);
      // The temperature.
      f.pairwise_weight = t.scale(f.pairwise_weight);
      f.pairwise_weight = F.softmax(f.pairwise_weight);
      return f.pairwise_weight;
    });
  }
}

function dotProduct({ theta_x, phi_x }: Pair): Tensor {
  return scope({ theta_x, phi_x }, (f: Pair) => {
    f.pairwise_weight = t.matmul(f.theta_x, f.phi_x);
    f.pairwise_weight = t.scale(f.pairwise_weight);
    return f.pairwise_weight;
  });
}
