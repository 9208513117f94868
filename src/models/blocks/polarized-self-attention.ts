/** @file Polarized self-attention (`paddleseg/models/layers/polaried_self_attention.py`). */
import { scope } from "../../engine/frame.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { Layer, refill } from "../../nn/layer.ts";
import { AdaptiveAvgPool2D, Conv2D, Sigmoid, Softmax } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";

interface SpatialLocals {
  x: Tensor;
  input_x: Tensor;
  context_mask: Tensor;
  context: Tensor;
  mask_ch: Tensor;
  out: Tensor;
}

interface ChannelLocals {
  x: Tensor;
  g_x: Tensor;
  avg_x: Tensor;
  theta_x: Tensor;
  context: Tensor;
  mask_sp: Tensor;
  out: Tensor;
}

/** A mask over channels and a mask over pixels, each times x, added. */
export class PolarizedSelfAttentionModule extends Layer {
  readonly conv_q_right: Conv2D;
  readonly conv_v_right: Conv2D;
  readonly conv_up: Conv2D;
  readonly softmax_right: Softmax;
  readonly sigmoid: Sigmoid;
  readonly conv_q_left: Conv2D;
  readonly avg_pool: AdaptiveAvgPool2D;
  readonly conv_v_left: Conv2D;
  readonly softmax_left: Softmax;
  private readonly middle: number;

  constructor(inPlanes: number, planes: number) {
    super();
    this.middle = Math.floor(planes / 2);
    this.conv_q_right = new Conv2D(inPlanes, 1, 1, { bias: false });
    this.conv_v_right = new Conv2D(inPlanes, this.middle, 1, { bias: false });
    this.conv_up = new Conv2D(this.middle, planes, 1, { bias: false });
    this.softmax_right = new Softmax();
    this.sigmoid = new Sigmoid();
    this.conv_q_left = new Conv2D(inPlanes, this.middle, 1, { bias: false });
    this.avg_pool = new AdaptiveAvgPool2D(1);
    this.conv_v_left = new Conv2D(inPlanes, this.middle, 1, { bias: false });
    this.softmax_left = new Softmax();
    const filled = [this.conv_q_right, this.conv_v_right, this.conv_q_left, this.conv_v_left, this.conv_up];
    for (const conv of filled) refill(conv.weight, "gaussian");
  }

  forward(f: { context_channel: Tensor; context_spatial: Tensor; out: Tensor }, x: Tensor): Tensor {
    f.context_channel = this.spatialPool(x);
    f.context_spatial = this.channelPool(x);
    f.out = t.add(f.context_spatial, f.context_channel);
    return f.out;
  }

  private spatialPool(x: Tensor): Tensor {
    return scope({ x }, (f: SpatialLocals) => {
      f.input_x = this.conv_v_right.call(f.x);
      const [batch, height, width] = [f.input_x.dim(0), f.input_x.dim(2), f.input_x.dim(3)];
      f.input_x = t.reshape(f.input_x, [batch, this.middle, height * width]);
      f.context_mask = this.conv_q_right.call(f.x);
      f.context_mask = t.reshape(f.context_mask, [batch, 1, height * width]);
      f.context_mask = this.softmax_right.call(f.context_mask);
      f.context = t.matmul(f.input_x, t.transpose(f.context_mask, [0, 2, 1]));
      f.context = t.unsqueeze(f.context, -1);
      f.context = this.conv_up.call(f.context);
      f.mask_ch = this.sigmoid.call(f.context);
      f.out = t.multiply(f.x, f.mask_ch);
      return f.out;
    });
  }

  private channelPool(x: Tensor): Tensor {
    return scope({ x }, (f: ChannelLocals) => {
      f.g_x = this.conv_q_left.call(f.x);
      const [batch, height, width] = [f.g_x.dim(0), f.g_x.dim(2), f.g_x.dim(3)];
      f.avg_x = this.avg_pool.call(f.g_x);
      const channel = f.avg_x.dim(1);
      f.avg_x = t.reshape(f.avg_x, [batch, channel, 1]);
      f.avg_x = t.reshape(f.avg_x, [batch, 1, channel]);
      f.theta_x = t.reshape(this.conv_v_left.call(f.x), [batch, this.middle, height * width]);
      f.context = t.matmul(f.avg_x, f.theta_x);
      f.context = this.softmax_left.call(f.context);
      f.context = t.reshape(f.context, [batch, 1, height, width]);
      f.mask_sp = this.sigmoid.call(f.context);
      f.out = t.multiply(f.x, f.mask_sp);
      return f.out;
    });
  }
}
