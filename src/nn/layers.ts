/** @file Paddle's layers with parameters: convolutions, normalisation, linear, dropout. Attribute names are Paddle's. */
import { run1 } from "../engine/dispatch.ts";
import type { Tensor } from "../engine/tensor.ts";
import { batchNormOp, groupNormOp, instanceNormOp, layerNormOp, syncBatchNormOp } from "../ops/norm.ts";
import * as F from "./functional.ts";
import { type Initializer, Layer, Parameter } from "./layer.ts";

export interface ConvLayerOptions extends F.ConvOptions {
  /** `bias_attr`: false for none. */
  readonly bias?: boolean;
  readonly initializer?: Initializer;
  readonly learningRate?: number;
}

/** `nn.Conv2D`: weight [out, in/groups, kh, kw]. */
export class Conv2D extends Layer {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  private readonly options: F.ConvOptions;

  constructor(
    inChannels: number,
    outChannels: number,
    kernel: number | readonly [number, number],
    options: ConvLayerOptions = {},
  ) {
    super();
    const { bias = true, initializer = "gaussian", learningRate = 1, ...rest } = options;
    this.options = rest;
    const [kh, kw] = F.pair(kernel);
    this.weight = new Parameter([outChannels, inChannels / (options.groups ?? 1), kh, kw], {
      initializer,
      learningRate,
    });
    this.bias = bias ? new Parameter([outChannels], { initializer: "full", learningRate }) : undefined;
  }

  forward(_f: object, x: Tensor): Tensor {
    return F.conv2d(x, this.weight, this.bias, this.options);
  }
}

/** `nn.Conv2DTranspose`: weight [in, out/groups, kh, kw]; a call may name the output's height and width. */
export class Conv2DTranspose extends Layer<readonly [Tensor, (readonly [number, number])?]> {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  private readonly options: F.ConvOptions;

  constructor(
    inChannels: number,
    outChannels: number,
    kernel: number | readonly [number, number],
    options: ConvLayerOptions = {},
  ) {
    super();
    const { bias = true, initializer = "uniform", learningRate = 1, ...rest } = options;
    this.options = rest;
    const [kh, kw] = F.pair(kernel);
    this.weight = new Parameter([inChannels, outChannels / (options.groups ?? 1), kh, kw], {
      initializer,
      learningRate,
    });
    this.bias = bias ? new Parameter([outChannels], { initializer: "full", learningRate }) : undefined;
  }

  forward(_f: object, x: Tensor, outputSize?: readonly [number, number]): Tensor {
    const options = outputSize === undefined ? this.options : { ...this.options, outputSize };
    return F.conv2dTranspose(x, this.weight, this.bias, options);
  }
}

export interface BatchNormOptions {
  readonly dataFormat?: "NCHW" | "NHWC";
  readonly learningRate?: number;
  /** `weight_attr=False`, `bias_attr=False`. */
  readonly affine?: boolean;
  /** Weight and bias have a regularizer of their own (see `Parameter`). */
  readonly regularized?: boolean;
  /** `use_global_stats=True`, and weight and bias are not trained. */
  readonly frozen?: boolean;
}

/** `nn.BatchNorm2D`, and `SyncBatchNorm` on one process. Statistics are parameters that are not trained. */
export class BatchNorm2D extends Layer {
  override readonly keepsFloat32 = true;
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly _mean: Parameter;
  readonly _variance: Parameter;
  /** Set where the layer is Paddle's SyncBatchNorm: by its class, or because several processes share statistics. */
  synchronised = false;
  private readonly channelsLast: boolean;
  private readonly frozen: boolean;

  constructor(channels: number, options: BatchNormOptions = {}) {
    super();
    const { dataFormat = "NCHW", learningRate = 1, affine = true, regularized = false, frozen = false } = options;
    this.frozen = frozen;
    this.channelsLast = dataFormat === "NHWC";
    const own = { initializer: "full", learningRate, trainable: affine && !frozen, regularized } as const;
    this.weight = new Parameter([channels], own);
    this.bias = new Parameter([channels], own);
    this._mean = new Parameter([channels], { initializer: "full", trainable: false });
    this._variance = new Parameter([channels], { initializer: "full", trainable: false });
  }

  forward(_f: object, x: Tensor): Tensor {
    const op = this.synchronised ? syncBatchNormOp : batchNormOp;
    const inputs = [x, this._mean, this._variance, this.weight, this.bias];
    // A SyncBatchNorm knows no `use_global_stats`.
    const training = this.training && (!this.frozen || this.synchronised);
    return run1(op, inputs, { training, channelsLast: this.channelsLast });
  }
}

/** `nn.LayerNorm` over the last `shape.length` axes. */
export class LayerNorm extends Layer {
  override readonly keepsFloat32 = true;
  readonly weight: Parameter;
  readonly bias: Parameter;
  private readonly axes: number;

  constructor(shape: number | readonly number[]) {
    super();
    const normalized = typeof shape === "number" ? [shape] : shape;
    this.axes = normalized.length;
    const size = normalized.reduce((a, b) => a * b, 1);
    this.weight = new Parameter([size], { initializer: "full" });
    this.bias = new Parameter([size], { initializer: "full" });
  }

  forward(_f: object, x: Tensor): Tensor {
    return run1(layerNormOp, [x, this.weight, this.bias], { beginAxis: x.shape.length - this.axes });
  }
}

/** `nn.GroupNorm`. */
export class GroupNorm extends Layer {
  readonly weight: Parameter;
  readonly bias: Parameter;
  private readonly groups: number;

  constructor(groups: number, channels: number) {
    super();
    this.groups = groups;
    this.weight = new Parameter([channels], { initializer: "full" });
    this.bias = new Parameter([channels], { initializer: "full" });
  }

  forward(_f: object, x: Tensor): Tensor {
    return run1(groupNormOp, [x, this.weight, this.bias], { groups: this.groups });
  }
}

/** `nn.InstanceNorm2D`: scale and bias, no running statistics. */
export class InstanceNorm2D extends Layer {
  override readonly keepsFloat32 = true;
  readonly scale: Parameter;
  readonly bias: Parameter;

  constructor(channels: number) {
    super();
    this.scale = new Parameter([channels], { initializer: "full" });
    this.bias = new Parameter([channels], { initializer: "full" });
  }

  forward(_f: object, x: Tensor): Tensor {
    return run1(instanceNormOp, [x, this.scale, this.bias], undefined);
  }
}

/** `nn.Linear`: weight [in, out]. */
export class Linear extends Layer {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;

  constructor(
    inFeatures: number,
    outFeatures: number,
    options: { readonly bias?: boolean; readonly initializer?: Initializer } = {},
  ) {
    super();
    const { bias = true, initializer = "uniform" } = options;
    this.weight = new Parameter([inFeatures, outFeatures], { initializer });
    this.bias = bias ? new Parameter([outFeatures], { initializer: "full" }) : undefined;
  }

  forward(_f: object, x: Tensor): Tensor {
    return F.linear(x, this.weight, this.bias);
  }
}

/** `nn.PReLU`. */
export class PReLU extends Layer {
  readonly _weight: Parameter;

  constructor(count = 1) {
    super();
    this._weight = new Parameter([count], { initializer: "full" });
  }

  forward(_f: object, x: Tensor): Tensor {
    return F.prelu(x, this._weight);
  }
}

/** `nn.Dropout`. */
export class Dropout extends Layer {
  private readonly p: number;

  constructor(p = 0.5) {
    super();
    this.p = p;
  }

  forward(_f: object, x: Tensor): Tensor {
    return F.dropout(x, this.p, this.training);
  }
}

/** `nn.Dropout2D`. */
export class Dropout2D extends Layer {
  private readonly p: number;

  constructor(p = 0.5) {
    super();
    this.p = p;
  }

  forward(f: { out: Tensor }, x: Tensor): Tensor {
    f.out = F.dropout2d(x, this.p, this.training);
    return f.out;
  }
}

/** `nn.AvgPool2D` and `nn.MaxPool2D`: one kernel to the card. */
export class Pool2D extends Layer {
  private readonly options: F.PoolOptions;

  constructor(kernel: F.PoolOptions["kernel"], options: Omit<F.PoolOptions, "kernel"> = {}) {
    super();
    this.options = { kernel, ...options };
  }

  forward(_f: object, x: Tensor): Tensor {
    return F.pool2d(x, this.options);
  }
}

export class AdaptiveAvgPool2D extends Layer {
  private readonly size: number | readonly [number, number];
  private readonly dataFormat: "NCHW" | "NHWC";

  constructor(size: number | readonly [number, number], dataFormat: "NCHW" | "NHWC" = "NCHW") {
    super();
    this.size = size;
    this.dataFormat = dataFormat;
  }

  forward(_f: object, x: Tensor): Tensor {
    return F.adaptiveAvgPool2d(x, this.size, this.dataFormat);
  }
}

/** `nn.Upsample`. */
export class Upsample extends Layer {
  private readonly size: readonly [number, number] | undefined;
  private readonly factor: number | undefined;
  private readonly options: F.InterpolateOptions;

  constructor(
    target: { readonly size?: readonly [number, number]; readonly scaleFactor?: number },
    options: F.InterpolateOptions = {},
  ) {
    super();
    this.size = target.size;
    this.factor = target.scaleFactor;
    this.options = options;
  }

  forward(_f: object, x: Tensor): Tensor {
    return this.size ? F.interpolate(x, this.size, this.options) : F.interpolateBy(x, this.factor ?? 1, this.options);
  }
}

export class Identity extends Layer {
  forward(_f: object, x: Tensor): Tensor {
    return x;
  }
}

/** `nn.ReLU` and its kind. */
export class ReLU extends Layer {
  forward(_f: object, x: Tensor): Tensor {
    return F.relu(x);
  }
}

export class Sigmoid extends Layer {
  forward(_f: object, x: Tensor): Tensor {
    return F.sigmoid(x);
  }
}

export class Softmax extends Layer {
  forward(_f: object, x: Tensor): Tensor {
    return F.softmax(x);
  }
}

export class GELU extends Layer {
  forward(_f: object, x: Tensor): Tensor {
    return F.gelu(x);
  }
}

/** `nn.Conv1D` of kernel 1: weight [out, in, 1]. */
export class Conv1D extends Layer {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;

  constructor(inChannels: number, outChannels: number, options: { readonly bias?: boolean } = {}) {
    super();
    this.weight = new Parameter([outChannels, inChannels, 1]);
    this.bias = (options.bias ?? true) ? new Parameter([outChannels], { initializer: "full" }) : undefined;
  }

  forward(_f: object, x: Tensor): Tensor {
    return F.conv1d(x, this.weight, this.bias);
  }
}

/** `nn.BatchNorm1D`: the same kernel on [N, C] and [N, C, L]. */
export class BatchNorm1D extends BatchNorm2D {}

/** `nn.BatchNorm`, the older class: its activation is a call of its own that frees what the norm made. */
export class BatchNorm extends BatchNorm2D {
  private readonly act: ((x: Tensor) => Tensor) | undefined;

  constructor(channels: number, act?: (x: Tensor) => Tensor, options: BatchNormOptions = {}) {
    super(channels, options);
    this.act = act;
  }

  override forward(f: { out: Tensor }, x: Tensor): Tensor {
    f.out = super.forward(f, x);
    return this.act ? this.act(f.out) : f.out;
  }
}

/** `nn.SyncBatchNorm` by its own name: on one process too it runs its own kernel, in evaluation as well. */
export class SyncBatchNorm extends BatchNorm2D {
  override forward(_f: object, x: Tensor): Tensor {
    const inputs = [x, this._mean, this._variance, this.weight, this.bias];
    return run1(syncBatchNormOp, inputs, { training: this.training });
  }
}
