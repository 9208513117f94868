/** @file Blocks of TopTransformer: inverted residuals, attention on convolutions, injection of global features. */
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { Lambda, Layer, LayerList, Sequential } from "../../nn/layer.ts";
import { BatchNorm2D, Conv2D, Dropout, Identity, ReLU } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { stochasticDepth } from "./transformer_utils.ts";

interface X {
  x: Tensor;
}

export interface ConvOptions {
  readonly kernel?: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly groups?: number;
  /** Factor on the learning rate of every parameter. */
  readonly learningRate?: number;
}

function convolution(from: number, to: number, options: ConvOptions): Conv2D {
  const { kernel = 1, stride = 1, padding = 0, groups = 1, learningRate = 1 } = options;
  return new Conv2D(from, to, kernel, { stride, padding, groups, learningRate, bias: false });
}

/** Convolution and batch norm under short names. */
export class Conv2DBN extends Layer {
  readonly c: Conv2D;
  readonly bn: BatchNorm2D;

  constructor(from: number, to: number, options: ConvOptions = {}) {
    super();
    this.c = convolution(from, to, options);
    this.bn = new BatchNorm2D(to, { learningRate: options.learningRate ?? 1 });
  }

  forward(f: { out: Tensor }, inputs: Tensor): Tensor {
    f.out = this.c.call(inputs);
    f.out = this.bn.call(f.out);
    return f.out;
  }
}

/** Convolution, batch norm, activation (none: the identity). */
export class ConvBNAct extends Layer {
  readonly conv: Conv2D;
  readonly act: Layer;
  readonly bn: BatchNorm2D;

  constructor(from: number, to: number, options: ConvOptions & { readonly act?: Layer } = {}) {
    super();
    this.conv = convolution(from, to, options);
    this.act = options.act ?? new Identity();
    this.bn = new BatchNorm2D(to, { learningRate: options.learningRate ?? 1 });
  }

  forward(f: X, x: Tensor): Tensor {
    f.x = this.conv.call(x);
    f.x = this.bn.call(f.x);
    f.x = this.act.call(f.x);
    return f.x;
  }
}

/** `relu6(x + 3) / 6`. */
export class HSigmoid extends Layer {
  readonly relu = new Lambda(F.relu6);

  forward(_f: object, x: Tensor): Tensor {
    return t.divide(this.relu.call(t.add(x, 3)), 6);
  }
}

/** Convolutions with a depthwise one and an activation between. */
export class MLP extends Layer {
  readonly fc1: Conv2DBN;
  readonly dwconv: Conv2D;
  readonly act: Layer;
  readonly fc2: Conv2DBN;
  readonly drop: Dropout;

  constructor(dim: number, hidden: number, act: Layer, learningRate = 1) {
    super();
    this.fc1 = new Conv2DBN(dim, hidden, { learningRate });
    this.dwconv = new Conv2D(hidden, hidden, 3, { stride: 1, padding: 1, groups: hidden, learningRate });
    this.act = act;
    this.fc2 = new Conv2DBN(hidden, dim, { learningRate });
    this.drop = new Dropout(0);
  }

  forward(f: X, x: Tensor): Tensor {
    f.x = this.fc1.call(x);
    f.x = this.dwconv.call(f.x);
    f.x = this.act.call(f.x);
    f.x = this.drop.call(f.x);
    f.x = this.fc2.call(f.x);
    f.x = this.drop.call(f.x);
    return f.x;
  }
}

/** Kernel, expansion, channels, stride of an inverted residual. */
export type Inverted = readonly [kernel: number, expansion: number, channels: number, stride: number];

export class InvertedResidual extends Layer {
  readonly conv: Sequential;
  private readonly residual: boolean;

  constructor(from: number, to: number, [kernel, expansion, , stride]: Inverted, learningRate: number) {
    super();
    const hidden = Math.round(from * expansion);
    this.residual = stride === 1 && from === to;
    this.conv = new Sequential();
    if (expansion !== 1) {
      this.conv.append(new Conv2DBN(from, hidden, { learningRate }));
      this.conv.append(new ReLU());
    }
    const padding = Math.floor(kernel / 2);
    this.conv.append(new Conv2DBN(hidden, hidden, { kernel, stride, padding, groups: hidden, learningRate }));
    this.conv.append(new ReLU());
    this.conv.append(new Conv2DBN(hidden, to, { learningRate }));
  }

  forward(_f: object, x: Tensor): Tensor {
    return this.residual ? t.add(x, this.conv.call(x)) : this.conv.call(x);
  }
}

export interface AttentionPlan {
  readonly keyDim: number;
  readonly heads: number;
  readonly attnRatio: number;
  readonly mlpRatio: number;
  readonly learningRate: number;
}

interface AttentionLocals {
  qq: Tensor;
  kk: Tensor;
  vv: Tensor;
  attn: Tensor;
  xx: Tensor;
}

const relu6 = (): Layer => new Lambda(F.relu6);

class Attention extends Layer {
  readonly to_q: Conv2DBN;
  readonly to_k: Conv2DBN;
  readonly to_v: Conv2DBN;
  readonly proj: Sequential;
  private readonly plan: AttentionPlan;
  private readonly each: number;

  constructor(dim: number, plan: AttentionPlan) {
    super();
    const { keyDim, heads, attnRatio, learningRate } = plan;
    this.plan = plan;
    this.each = Math.floor(attnRatio * keyDim);
    this.to_q = new Conv2DBN(dim, keyDim * heads, { learningRate });
    this.to_k = new Conv2DBN(dim, keyDim * heads, { learningRate });
    this.to_v = new Conv2DBN(dim, this.each * heads, { learningRate });
    this.proj = new Sequential(relu6(), new Conv2DBN(this.each * heads, dim, { learningRate }));
  }

  forward(f: AttentionLocals, x: Tensor): Tensor {
    const [height, width] = x.hw;
    const { heads, keyDim } = this.plan;
    f.qq = t.transpose(t.reshape(this.to_q.call(x), [0, heads, keyDim, -1]), [0, 1, 3, 2]);
    f.kk = t.reshape(this.to_k.call(x), [0, heads, keyDim, -1]);
    f.vv = t.transpose(t.reshape(this.to_v.call(x), [0, heads, this.each, -1]), [0, 1, 3, 2]);
    f.attn = t.matmul(f.qq, f.kk);
    f.attn = F.softmax(f.attn);
    f.xx = t.matmul(f.attn, f.vv);
    f.xx = t.reshape(t.transpose(f.xx, [0, 1, 3, 2]), [0, this.each * heads, height, width]);
    f.xx = this.proj.call(f.xx);
    return f.xx;
  }
}

class Block extends Layer {
  readonly attn: Attention;
  readonly drop_path: Layer;
  readonly mlp: MLP;

  constructor(dim: number, plan: AttentionPlan, dropPath: number) {
    super();
    this.attn = new Attention(dim, plan);
    this.drop_path = stochasticDepth(dropPath);
    this.mlp = new MLP(dim, Math.floor(dim * plan.mlpRatio), relu6(), plan.learningRate);
  }

  forward(f: { h: Tensor; x: Tensor }, x: Tensor): Tensor {
    f.h = x;
    f.x = this.attn.call(x);
    f.x = this.drop_path.call(f.x);
    f.x = t.add(f.h, f.x);
    f.h = f.x;
    f.x = this.mlp.call(f.x);
    f.x = this.drop_path.call(f.x);
    f.x = t.add(f.x, f.h);
    return f.x;
  }
}

/** One block for each rate of stochastic depth. */
export class BasicLayer extends Layer {
  readonly transformer_blocks: LayerList<Block>;

  constructor(dim: number, plan: AttentionPlan, dropPaths: readonly number[]) {
    super();
    this.transformer_blocks = new LayerList(dropPaths.map((rate) => new Block(dim, plan, rate)));
  }

  forward(f: X, x: Tensor): Tensor {
    f.x = x;
    for (const block of this.transformer_blocks) f.x = block.call(f.x);
    return f.x;
  }
}
