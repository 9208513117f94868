/** @file PaddleSeg's shared convolution blocks (`paddleseg/models/layers/layer_libs.py`). */
import type { Tensor } from "../../engine/tensor.ts";
import { Layer } from "../../nn/layer.ts";
import { BatchNorm2D, Conv2D, type ConvLayerOptions, Dropout, GroupNorm, Pool2D } from "../../nn/layers.ts";
import { Activation } from "./activation.ts";

type Kernel = number | readonly [number, number];

/** These blocks pad `same` unless told otherwise. */
function convolution(inChannels: number, outChannels: number, kernel: Kernel, options: ConvLayerOptions): Conv2D {
  return new Conv2D(inChannels, outChannels, kernel, { padding: "SAME", ...options });
}

function norm(channels: number, options: ConvLayerOptions): BatchNorm2D {
  return new BatchNorm2D(channels, options.dataFormat === undefined ? {} : { dataFormat: options.dataFormat });
}

interface Locals {
  x: Tensor;
}

/** Convolution and batch norm. */
export class ConvBN extends Layer {
  readonly _conv: Conv2D;
  readonly _batch_norm: BatchNorm2D;

  constructor(inChannels: number, outChannels: number, kernel: Kernel, options: ConvLayerOptions = {}) {
    super();
    this._conv = convolution(inChannels, outChannels, kernel, options);
    this._batch_norm = norm(outChannels, options);
  }

  forward(f: Locals, x: Tensor): Tensor {
    f.x = this._conv.call(x);
    f.x = this._batch_norm.call(f.x);
    return f.x;
  }
}

/** Convolution, batch norm and an activation under Paddle's attribute name for it. */
abstract class ConvBNActivation extends ConvBN {
  protected abstract activate(x: Tensor): Tensor;

  override forward(f: Locals, x: Tensor): Tensor {
    f.x = this._conv.call(x);
    f.x = this._batch_norm.call(f.x);
    f.x = this.activate(f.x);
    return f.x;
  }
}

export class ConvBNReLU extends ConvBNActivation {
  readonly _relu = new Activation("relu");

  protected activate(x: Tensor): Tensor {
    return this._relu.call(x);
  }
}

export class ConvBNLeakyReLU extends ConvBNActivation {
  readonly _relu = new Activation("leakyrelu");

  protected activate(x: Tensor): Tensor {
    return this._relu.call(x);
  }
}

export class ConvBNPReLU extends ConvBNActivation {
  readonly _prelu = new Activation("prelu");

  protected activate(x: Tensor): Tensor {
    return this._prelu.call(x);
  }
}

/** Convolution, batch norm and an activation by name, or none. */
export class ConvBNAct extends Layer {
  readonly _conv: Conv2D;
  readonly _batch_norm: BatchNorm2D;
  readonly _act: Activation | undefined;

  constructor(
    inChannels: number,
    outChannels: number,
    kernel: Kernel,
    activation: string | undefined,
    options: ConvLayerOptions = {},
  ) {
    super();
    this._conv = convolution(inChannels, outChannels, kernel, options);
    this._batch_norm = norm(outChannels, options);
    this._act = activation === undefined ? undefined : new Activation(activation);
  }

  forward(f: Locals, x: Tensor): Tensor {
    f.x = this._conv.call(x);
    f.x = this._batch_norm.call(f.x);
    if (this._act) f.x = this._act.call(f.x);
    return f.x;
  }
}

/** Convolution, group norm and an activation by name, or none. */
export class ConvGNAct extends Layer {
  readonly _conv: Conv2D;
  readonly _group_norm: GroupNorm;
  readonly _act: Activation | undefined;

  constructor(
    inChannels: number,
    outChannels: number,
    kernel: Kernel,
    activation: string | undefined,
    options: ConvLayerOptions & { readonly normGroups?: number } = {},
  ) {
    super();
    const { normGroups = 32, ...rest } = options;
    this._conv = convolution(inChannels, outChannels, kernel, rest);
    this._group_norm = new GroupNorm(normGroups, outChannels);
    this._act = activation === undefined ? undefined : new Activation(activation);
  }

  forward(f: Locals, x: Tensor): Tensor {
    f.x = this._conv.call(x);
    f.x = this._group_norm.call(f.x);
    if (this._act) f.x = this._act.call(f.x);
    return f.x;
  }
}

/** Convolution, ReLU, maximum pooling by 2. */
export class ConvReLUPool extends Layer {
  readonly conv: Conv2D;
  readonly _relu: Activation;
  readonly _max_pool: Pool2D;

  constructor(inChannels: number, outChannels: number) {
    super();
    this.conv = new Conv2D(inChannels, outChannels, 3, { padding: 1 });
    this._relu = new Activation("relu");
    this._max_pool = new Pool2D(2, { stride: 2 });
  }

  forward(f: Locals, x: Tensor): Tensor {
    f.x = this.conv.call(x);
    f.x = this._relu.call(f.x);
    f.x = this._max_pool.call(f.x);
    return f.x;
  }
}

/** Depthwise and pointwise convolution, each with batch norm; `pointwiseBias` is the pointwise convolution's. */
export class SeparableConvBNReLU extends Layer {
  readonly depthwise_conv: ConvBN;
  readonly piontwise_conv: ConvBNReLU;

  constructor(
    inChannels: number,
    outChannels: number,
    kernel: Kernel,
    options: ConvLayerOptions & { readonly pointwiseBias?: boolean } = {},
  ) {
    super();
    const { pointwiseBias = true, ...rest } = options;
    this.depthwise_conv = new ConvBN(inChannels, inChannels, kernel, { ...rest, groups: inChannels });
    this.piontwise_conv = new ConvBNReLU(inChannels, outChannels, 1, {
      bias: pointwiseBias,
      ...(rest.dataFormat === undefined ? {} : { dataFormat: rest.dataFormat }),
    });
  }

  forward(f: Locals, x: Tensor): Tensor {
    f.x = this.depthwise_conv.call(x);
    f.x = this.piontwise_conv.call(f.x);
    return f.x;
  }
}

/** Depthwise convolution with batch norm. */
export class DepthwiseConvBN extends Layer {
  readonly depthwise_conv: ConvBN;

  constructor(inChannels: number, outChannels: number, kernel: Kernel, options: ConvLayerOptions = {}) {
    super();
    this.depthwise_conv = new ConvBN(inChannels, outChannels, kernel, { ...options, groups: inChannels });
  }

  forward(f: Locals, x: Tensor): Tensor {
    f.x = this.depthwise_conv.call(x);
    return f.x;
  }
}

/** The head of an auxiliary loss. */
export class AuxLayer extends Layer {
  readonly conv_bn_relu: ConvBNReLU;
  readonly dropout: Dropout;
  readonly conv: Conv2D;

  constructor(
    inChannels: number,
    interChannels: number,
    outChannels: number,
    options: ConvLayerOptions & { readonly dropout?: number } = {},
  ) {
    super();
    const { dropout = 0.1, ...rest } = options;
    this.conv_bn_relu = new ConvBNReLU(inChannels, interChannels, 3, { padding: 1, ...rest });
    this.dropout = new Dropout(dropout);
    this.conv = new Conv2D(interChannels, outChannels, 1);
  }

  forward(f: Locals, x: Tensor): Tensor {
    f.x = this.conv_bn_relu.call(x);
    f.x = this.dropout.call(f.x);
    f.x = this.conv.call(f.x);
    return f.x;
  }
}
