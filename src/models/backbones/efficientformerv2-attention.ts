/** @file EfficientFormerV2's attention, with biases learnt for each pair of offsets; plain and downsampling. */
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { buffer, type Held } from "../../nn/held.ts";
import { Layer, Parameter, Sequential } from "../../nn/layer.ts";
import { BatchNorm2D, Conv2D, GELU, Pool2D, Upsample } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";

/** The classes' own defaults: PaddleSeg sets none of them. */
const heads = 8;
const attnRatio = 4;
const [plainKeys, downKeys] = [32, 16];
/** Tokens of the buffers that only checkpoints need: a 7×7 and a 14×14 image. */
const [smallTokens, largeTokens] = [49, 196];

function convBN(from: number, to: number): Sequential {
  return new Sequential(new Conv2D(from, to, 1), new BatchNorm2D(to));
}

function localBN(dim: number, stride: number): Sequential {
  return new Sequential(new Conv2D(dim, dim, 3, { stride, padding: 1, groups: dim }), new BatchNorm2D(dim));
}

function projection(from: number, to: number): Sequential {
  return new Sequential(new GELU(), new Conv2D(from, to, 1), new BatchNorm2D(to));
}

/** Distinct offsets along one axis between `fewer` queries, `step` apart, and `count` keys. */
function offsetsAlong(fewer: number, count: number): number {
  const step = Math.ceil(count / fewer);
  const distances = new Set<number>();
  for (let i = 0; i < fewer; i++) for (let j = 0; j < count; j++) distances.add(Math.abs(i * step - j));
  return distances.size;
}

interface Locals {
  x: Tensor;
  q: Tensor;
  k: Tensor;
  v: Tensor;
  v_local: Tensor;
  attn: Tensor;
  bias: Tensor;
  out: Tensor;
}

/** Biases and their index: `queries` × `queries` attend to `keys` × `keys`. */
abstract class BiasedAttention extends Layer {
  attention_biases_seg!: Parameter;
  protected attention_biases!: Held;
  protected attention_bias_idxs!: Held;
  protected attention_bias_idxs_seg!: Held;

  protected makeBiases(queries: number, keys: number, tokens: number): void {
    this.attention_biases = buffer(t.full([heads, tokens]));
    this.attention_bias_idxs = buffer(t.full([smallTokens, tokens], "int64"));
    const offsets = offsetsAlong(queries, keys) ** 2;
    this.attention_biases_seg = new Parameter([heads, offsets], { initializer: "full" });
    this.attention_bias_idxs_seg = buffer(t.toTensor([queries ** 2, keys ** 2], "int64"));
  }

  /** Adds the biases, interpolated to the attention's size. */
  protected addBias(f: Locals): void {
    const index = this.attention_bias_idxs_seg.tensor;
    const shape = [heads, index.dim(0), index.dim(1)];
    f.bias = t.reshape(t.gather(this.attention_biases_seg, t.flatten(index), 1), shape);
    f.bias = F.interpolate(t.unsqueeze(f.bias, 0), f.attn.shape.slice(-2), { mode: "bicubic" });
    f.attn = t.add(f.attn, f.bias);
  }

  protected split(x: Tensor, batch: number, tokens: number): Tensor {
    return t.reshape(t.flatten(x, 2), [batch, heads, -1, tokens]);
  }
}

/** Self-attention, at half the size where `stride` is given. */
export class Attention4D extends BiasedAttention {
  readonly stride_conv: Sequential | undefined;
  readonly upsample: Upsample | undefined;
  readonly q: Sequential;
  readonly k: Sequential;
  readonly v: Sequential;
  readonly v_local: Sequential;
  readonly talking_head1: Conv2D;
  readonly talking_head2: Conv2D;
  readonly proj: Sequential;
  private readonly values: number;

  constructor(dim: number, resolution: number, stride: number | undefined) {
    super();
    if (stride !== undefined) {
      this.stride_conv = localBN(dim, stride);
      this.upsample = new Upsample({ scaleFactor: stride }, { mode: "bilinear" });
    }
    const side = Math.ceil(resolution / (stride ?? 1));
    const keys = plainKeys * heads;
    this.values = attnRatio * plainKeys * heads;
    this.q = convBN(dim, keys);
    this.k = convBN(dim, keys);
    this.v = convBN(dim, this.values);
    this.v_local = localBN(this.values, 1);
    this.talking_head1 = new Conv2D(heads, heads, 1);
    this.talking_head2 = new Conv2D(heads, heads, 1);
    this.proj = projection(this.values, dim);
    this.makeBiases(side, side, smallTokens);
  }

  forward(f: Locals, x: Tensor): Tensor {
    const batch = x.dim(0);
    let [height, width] = x.hw;
    f.x = x;
    if (this.stride_conv) {
      f.x = this.stride_conv.call(f.x);
      [height, width] = [Math.floor(height / 2), Math.floor(width / 2)];
    }
    const tokens = height * width;
    f.q = t.transpose(this.split(this.q.call(f.x), batch, tokens), [0, 1, 3, 2]);
    f.k = t.transpose(this.split(this.k.call(f.x), batch, tokens), [0, 1, 2, 3]);
    f.v = this.v.call(f.x);
    f.v_local = this.v_local.call(f.v);
    f.v = t.transpose(this.split(f.v, batch, tokens), [0, 1, 3, 2]);
    f.attn = t.scale(t.matrixProduct(f.q, f.k));
    this.addBias(f);
    f.attn = this.talking_head1.call(f.attn);
    f.attn = F.softmax(f.attn);
    f.attn = this.talking_head2.call(f.attn);
    f.x = t.matrixProduct(f.attn, f.v);
    const image = t.reshape(t.transpose(f.x, [0, 1, 3, 2]), [batch, this.values, height, width]);
    f.out = t.add(image, f.v_local);
    if (this.upsample) f.out = this.upsample.call(f.out);
    f.out = this.proj.call(f.out);
    return f.out;
  }
}

/** Queries of a quarter of the tokens: a strided convolution and every second pixel. */
class LGQuery extends Layer {
  readonly pool: Pool2D;
  readonly local: Sequential;
  readonly proj: Sequential;

  constructor(from: number, to: number) {
    super();
    this.pool = new Pool2D(1, { stride: 2, padding: 0 });
    this.local = new Sequential(new Conv2D(from, from, 3, { stride: 2, padding: 1, groups: from }));
    this.proj = convBN(from, to);
  }

  forward(f: { local_q: Tensor; pool_q: Tensor; q: Tensor }, x: Tensor): Tensor {
    f.local_q = this.local.call(x);
    f.pool_q = this.pool.call(x);
    f.q = t.add(f.local_q, f.pool_q);
    f.q = this.proj.call(f.q);
    return f.q;
  }
}

/** Attention whose result is half as high and wide. */
export class Attention4DDownsample extends BiasedAttention {
  readonly q: LGQuery;
  readonly k: Sequential;
  readonly v: Sequential;
  readonly v_local: Sequential;
  readonly proj: Sequential;
  private readonly values: number;

  constructor(dim: number, outDim: number, resolution: number) {
    super();
    const keys = downKeys * heads;
    this.values = attnRatio * downKeys * heads;
    this.q = new LGQuery(dim, keys);
    this.k = convBN(dim, keys);
    this.v = convBN(dim, this.values);
    this.v_local = localBN(this.values, 2);
    this.proj = projection(this.values, outDim);
    this.makeBiases(Math.ceil(resolution / 2), resolution, largeTokens);
  }

  forward(f: Locals, x: Tensor): Tensor {
    const batch = x.dim(0);
    const [height, width] = x.hw;
    const tokens = height * width;
    f.q = t.transpose(this.split(this.q.call(x), batch, Math.floor(tokens / 4)), [0, 1, 3, 2]);
    f.k = t.transpose(this.split(this.k.call(x), batch, tokens), [0, 1, 2, 3]);
    f.v = this.v.call(x);
    f.v_local = this.v_local.call(f.v);
    f.v = t.transpose(this.split(f.v, batch, tokens), [0, 1, 3, 2]);
    f.attn = t.scale(t.matrixProduct(f.q, f.k));
    this.addBias(f);
    f.attn = F.softmax(f.attn);
    f.x = t.transpose(t.matrixProduct(f.attn, f.v), [0, 1, 3, 2]);
    const image = t.reshape(f.x, [batch, this.values, Math.floor(height / 2), Math.floor(width / 2)]);
    f.out = t.add(image, f.v_local);
    f.out = this.proj.call(f.out);
    return f.out;
  }
}
