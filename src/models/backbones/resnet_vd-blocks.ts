/** @file The residual blocks of ResNet_vd (`paddleseg/models/backbones/resnet_vd.py`). */
import type { Tensor } from "../../engine/tensor.ts";
import { Layer } from "../../nn/layer.ts";
import { BatchNorm2D, Conv2D, Identity, Pool2D } from "../../nn/layers.ts";
import { Activation } from "../blocks/activation.ts";
import { Add } from "../blocks/wrap.ts";

type DataFormat = "NCHW" | "NHWC";

export interface ConvOptions {
  readonly stride?: number;
  readonly dilation?: number;
  /** Average pooling by 2 before the convolution: the downsampling shortcut of "vd". */
  readonly pooled?: boolean;
  readonly relu?: boolean;
  readonly dataFormat: DataFormat;
}

/** Convolution, batch norm, and ReLU or nothing. */
export class ConvBNLayer extends Layer {
  readonly _pool2d_avg: Pool2D;
  readonly _conv: Conv2D;
  readonly _batch_norm: BatchNorm2D;
  readonly _act_op: Layer;
  private readonly pooled: boolean;

  constructor(inChannels: number, outChannels: number, kernel: number, options: ConvOptions) {
    super();
    const { stride = 1, dilation = 1, pooled = false, relu = false, dataFormat } = options;
    this.pooled = pooled;
    this._pool2d_avg = new Pool2D(2, { stride: 2, ceilMode: true, dataFormat });
    this._conv = new Conv2D(inChannels, outChannels, kernel, {
      stride,
      padding: dilation === 1 ? (kernel - 1) / 2 : dilation,
      dilation,
      bias: false,
      dataFormat,
    });
    this._batch_norm = new BatchNorm2D(outChannels, { dataFormat });
    this._act_op = relu ? new Activation("relu") : new Identity();
  }

  forward(f: { inputs: Tensor; y: Tensor }, inputs: Tensor): Tensor {
    f.inputs = inputs;
    if (this.pooled) f.inputs = this._pool2d_avg.call(f.inputs);
    f.y = this._conv.call(f.inputs);
    f.y = this._batch_norm.call(f.y);
    f.y = this._act_op.call(f.y);
    return f.y;
  }
}

export interface BlockOptions {
  readonly stride: number;
  readonly dilation: number;
  /** Whether the input itself is the shortcut; else a convolution is. */
  readonly shortcut: boolean;
  /** The first block of the network: its shortcut does not pool. */
  readonly first: boolean;
  readonly dataFormat: DataFormat;
}

function shortcut(inChannels: number, outChannels: number, o: BlockOptions): ConvBNLayer | undefined {
  if (o.shortcut) return undefined;
  return new ConvBNLayer(inChannels, outChannels, 1, {
    pooled: !o.first && o.stride !== 1,
    dataFormat: o.dataFormat,
  });
}

interface Locals {
  y: Tensor;
  conv1: Tensor;
  conv2: Tensor;
  short: Tensor;
}

/** 1×1, 3×3, 1×1 with four times the channels. */
export class BottleneckBlock extends Layer {
  readonly conv0: ConvBNLayer;
  readonly conv1: ConvBNLayer;
  readonly conv2: ConvBNLayer;
  readonly short: ConvBNLayer | undefined;
  readonly add: Add;
  readonly relu: Activation;

  constructor(inChannels: number, outChannels: number, o: BlockOptions) {
    super();
    const { stride, dilation, dataFormat } = o;
    this.conv0 = new ConvBNLayer(inChannels, outChannels, 1, { relu: true, dataFormat });
    this.conv1 = new ConvBNLayer(outChannels, outChannels, 3, { stride, dilation, relu: true, dataFormat });
    this.conv2 = new ConvBNLayer(outChannels, outChannels * 4, 1, { dataFormat });
    this.short = shortcut(inChannels, outChannels * 4, o);
    this.add = new Add();
    this.relu = new Activation("relu");
  }

  forward(f: Locals, inputs: Tensor): Tensor {
    f.y = this.conv0.call(inputs);
    f.conv1 = this.conv1.call(f.y);
    f.conv2 = this.conv2.call(f.conv1);
    f.short = this.short ? this.short.call(inputs) : inputs;
    f.y = this.add.call(f.short, f.conv2);
    f.y = this.relu.call(f.y);
    return f.y;
  }
}

/** Two 3×3 convolutions. */
export class BasicBlock extends Layer {
  readonly conv0: ConvBNLayer;
  readonly conv1: ConvBNLayer;
  readonly short: ConvBNLayer | undefined;
  readonly add: Add;
  readonly relu: Activation;

  constructor(inChannels: number, outChannels: number, o: BlockOptions) {
    super();
    const { stride, dilation, dataFormat } = o;
    this.conv0 = new ConvBNLayer(inChannels, outChannels, 3, { stride, dilation, relu: true, dataFormat });
    this.conv1 = new ConvBNLayer(outChannels, outChannels, 3, { dilation, dataFormat });
    this.short = shortcut(inChannels, outChannels, o);
    this.add = new Add();
    this.relu = new Activation("relu");
  }

  forward(f: Omit<Locals, "conv2">, inputs: Tensor): Tensor {
    f.y = this.conv0.call(inputs);
    f.conv1 = this.conv1.call(f.y);
    f.short = this.short ? this.short.call(inputs) : inputs;
    f.y = this.add.call(f.short, f.conv1);
    f.y = this.relu.call(f.y);
    return f.y;
  }
}
