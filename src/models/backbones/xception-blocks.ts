/** @file The blocks of Xception (`paddleseg/models/backbones/xception_deeplab.py`). */
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { Layer } from "../../nn/layer.ts";
import { BatchNorm2D, Conv2D, Identity } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { Activation } from "../blocks/activation.ts";

export type Three = readonly [number, number, number];

interface ConvOptions {
  readonly stride?: number;
  readonly padding?: number;
  readonly relu?: boolean;
}

/** PaddleSeg's `Activation` with ReLU or with nothing in it. */
function activation(relu: boolean): Layer {
  return relu ? new Activation("relu") : new Identity();
}

/** Convolution, batch norm, and ReLU or nothing. */
export class ConvBNLayer extends Layer {
  readonly _conv: Conv2D;
  readonly _bn: BatchNorm2D;
  readonly _act_op: Layer;

  constructor(inChannels: number, outChannels: number, kernel: number, options: ConvOptions = {}) {
    super();
    const { stride = 1, padding = 0, relu = false } = options;
    this._conv = new Conv2D(inChannels, outChannels, kernel, { stride, padding, bias: false });
    this._bn = new BatchNorm2D(outChannels);
    this._act_op = activation(relu);
  }

  forward(_f: object, inputs: Tensor): Tensor {
    return this._act_op.call(this._bn.call(this._conv.call(inputs)));
  }
}

interface SeparableOptions {
  readonly stride: number;
  readonly dilation: number;
  readonly relu: boolean;
}

/** Depthwise 3×3 and pointwise convolution, each with batch norm. */
class SeparateConv extends Layer {
  readonly _conv1: Conv2D;
  readonly _bn1: BatchNorm2D;
  readonly _act_op1: Layer;
  readonly _conv2: Conv2D;
  readonly _bn2: BatchNorm2D;
  readonly _act_op2: Layer;

  constructor(inChannels: number, outChannels: number, { stride, dilation, relu }: SeparableOptions) {
    super();
    this._conv1 = new Conv2D(inChannels, inChannels, 3, {
      stride,
      groups: inChannels,
      padding: dilation,
      dilation,
      bias: false,
    });
    this._bn1 = new BatchNorm2D(inChannels);
    this._act_op1 = activation(relu);
    this._conv2 = new Conv2D(inChannels, outChannels, 1, { bias: false });
    this._bn2 = new BatchNorm2D(outChannels);
    this._act_op2 = activation(relu);
  }

  forward(f: { x: Tensor }, inputs: Tensor): Tensor {
    f.x = this._conv1.call(inputs);
    f.x = this._bn1.call(f.x);
    f.x = this._act_op1.call(f.x);
    f.x = this._conv2.call(f.x);
    f.x = this._bn2.call(f.x);
    f.x = this._act_op2.call(f.x);
    return f.x;
  }
}

export interface BlockOptions {
  /** Of the last convolution. */
  readonly stride?: number;
  readonly dilation?: number;
  /** What is added at the end: a convolution of the input, the input, or nothing. */
  readonly skip?: "convolution" | "input" | "none";
  /** ReLU behind each convolution instead of before each separable one. */
  readonly inner?: boolean;
}

/** Three separable convolutions and a shortcut. */
export class XceptionBlock extends Layer {
  readonly _conv1: SeparateConv;
  readonly _conv2: SeparateConv;
  readonly _conv3: SeparateConv;
  readonly _short: ConvBNLayer | undefined;
  private readonly inner: boolean;
  private readonly added: boolean;

  constructor(inChannels: number, [a, b, c]: Three, options: BlockOptions) {
    super();
    const { stride = 1, dilation = 1, skip = "convolution", inner = false } = options;
    this.inner = inner;
    this.added = skip !== "none";
    const one = { stride: 1, dilation, relu: inner };
    this._conv1 = new SeparateConv(inChannels, a, one);
    this._conv2 = new SeparateConv(a, b, one);
    this._conv3 = new SeparateConv(b, c, { ...one, stride });
    if (skip === "convolution") this._short = new ConvBNLayer(inChannels, c, 1, { stride });
  }

  forward(f: { x: Tensor; skip: Tensor }, inputs: Tensor): Tensor {
    if (this.inner) {
      f.x = this._conv1.call(inputs);
      f.x = this._conv2.call(f.x);
      f.x = this._conv3.call(f.x);
    } else {
      f.x = F.relu(inputs);
      f.x = this._conv1.call(f.x);
      f.x = F.relu(f.x);
      f.x = this._conv2.call(f.x);
      f.x = F.relu(f.x);
      f.x = this._conv3.call(f.x);
    }
    if (!this.added) return f.x;
    f.skip = this._short ? this._short.call(inputs) : inputs;
    return t.add(f.x, f.skip);
  }
}
