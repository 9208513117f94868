/** @file ANN's asymmetric non-local blocks: keys and values are pooled to a few places (`paddleseg/models/ann.py`). */
import { scope } from "../engine/frame.ts";
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import * as F from "../nn/functional.ts";
import { Layer, LayerList } from "../nn/layer.ts";
import { Conv2D, Dropout } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import { ConvBN, ConvBNReLU } from "./blocks/conv.ts";

/** Channels of one block. */
export interface Widths {
  readonly low: number;
  readonly high: number;
  readonly out: number;
  /** Of keys and values. */
  readonly key: number;
}

/** PaddleSeg's rate in both blocks. */
const dropout = 0.05;

/** Means over grids of different sizes, side by side. */
function pooled(x: Tensor, sizes: readonly number[]): Tensor {
  return scope({ x }, (f: { x: Tensor; priors: PyList; feat: Tensor; center: Tensor }) => {
    const channels = f.x.dim(1);
    f.priors = new PyList();
    for (const size of sizes) {
      f.feat = F.adaptiveAvgPool2d(f.x, size);
      f.feat = t.reshape(f.feat, [0, channels, -1]);
      f.priors.append(f.feat);
    }
    f.center = t.concat(f.priors, -1);
    return f.center;
  });
}

interface AttentionLocals {
  value: Tensor;
  query: Tensor;
  key: Tensor;
  sim_map: Tensor;
  context: Tensor;
}

/** Queries from one map, keys and values from another; with one map in, queries and keys share a projection. */
class SelfAttention extends Layer<readonly [Tensor, Tensor]> {
  readonly f_key: ConvBNReLU;
  readonly f_query: ConvBNReLU | undefined;
  readonly f_value: Conv2D;
  readonly W: Conv2D;
  private readonly key: number;
  private readonly sizes: readonly number[];

  constructor({ low, high, out, key }: Widths, shared: boolean, sizes: readonly number[]) {
    super();
    this.key = key;
    this.sizes = sizes;
    this.f_key = new ConvBNReLU(low, key, 1);
    if (!shared) this.f_query = new ConvBNReLU(high, key, 1);
    this.f_value = new Conv2D(low, key, 1);
    this.W = new Conv2D(key, out, 1);
  }

  forward(f: AttentionLocals, low: Tensor, high: Tensor): Tensor {
    f.value = this.f_value.call(low);
    f.value = pooled(f.value, this.sizes);
    f.value = t.transpose(f.value, [0, 2, 1]);
    f.query = (this.f_query ?? this.f_key).call(high);
    f.query = t.reshape(f.query, [0, this.key, -1]);
    f.query = t.transpose(f.query, [0, 2, 1]);
    f.key = this.f_key.call(low);
    f.key = pooled(f.key, this.sizes);
    f.sim_map = t.matmul(f.query, f.key);
    f.sim_map = t.scale(f.sim_map);
    f.sim_map = F.softmax(f.sim_map);
    f.context = t.matmul(f.sim_map, f.value);
    f.context = t.transpose(f.context, [0, 2, 1]);
    f.context = t.reshape(f.context, [0, this.key, ...high.hw]);
    f.context = this.W.call(f.context);
    return f.context;
  }
}

interface BlockLocals {
  priors: readonly Tensor[];
  context: Tensor;
  output: Tensor;
}

/** Fusion block: the coarse map asks the fine one. */
export class AFNB extends Layer<readonly [Tensor, Tensor]> {
  readonly stages: LayerList<SelfAttention>;
  readonly conv_bn: ConvBN;
  readonly dropout: Dropout;

  constructor(widths: Widths, sizes: readonly number[]) {
    super();
    this.stages = new LayerList([new SelfAttention(widths, false, sizes)]);
    this.conv_bn = new ConvBN(widths.out + widths.high, widths.out, 1);
    this.dropout = new Dropout(dropout);
  }

  forward(f: BlockLocals, low: Tensor, high: Tensor): Tensor {
    f.priors = [this.stages.at(0).call(low, high)];
    f.context = f.priors[0]!;
    f.output = this.conv_bn.call(t.concat([f.context, high], 1));
    f.output = this.dropout.call(f.output);
    return f.output;
  }
}

/** Pyramid block: the map asks itself. */
export class APNB extends Layer {
  readonly stages: LayerList<SelfAttention>;
  readonly conv_bn: ConvBNReLU;
  readonly dropout: Dropout;

  constructor(channels: number, key: number, sizes: readonly number[]) {
    super();
    const widths = { low: channels, high: channels, out: channels, key };
    this.stages = new LayerList([new SelfAttention(widths, true, sizes)]);
    this.conv_bn = new ConvBNReLU(channels * 2, channels, 1);
    this.dropout = new Dropout(dropout);
  }

  forward(f: BlockLocals, x: Tensor): Tensor {
    f.priors = [this.stages.at(0).call(x, x)];
    f.context = f.priors[0]!;
    f.output = this.conv_bn.call(t.concat([f.context, x], 1));
    f.output = this.dropout.call(f.output);
    return f.output;
  }
}
