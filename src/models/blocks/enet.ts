/** @file ENet's blocks (`paddleseg/models/enet.py`): initial, regular, down- and upsampling bottlenecks. */
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { Layer, Sequential } from "../../nn/layer.ts";
import {
  BatchNorm2D,
  Conv2D,
  Conv2DTranspose,
  type ConvLayerOptions,
  Dropout2D,
  Pool2D,
  PReLU,
  ReLU,
} from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";

type Kernel = number | readonly [number, number];

function activation(relu: boolean): Layer {
  return relu ? new ReLU() : new PReLU();
}

/** Convolution without bias and batch norm, as items of a Sequential. */
function normed(inChannels: number, outChannels: number, kernel: Kernel, options: ConvLayerOptions = {}): Layer[] {
  return [new Conv2D(inChannels, outChannels, kernel, { ...options, bias: false }), new BatchNorm2D(outChannels)];
}

/** A quarter of the channels inside, the classes' default ratio. */
function inner(channels: number): number {
  return Math.floor(channels / 4);
}

/** A convolution and a maximum pooling of the image, concatenated. */
export class InitialBlock extends Layer {
  readonly main_branch: Conv2D;
  readonly ext_branch: Pool2D;
  readonly batch_norm: BatchNorm2D;
  readonly out_activation: Layer;

  constructor(inChannels: number, outChannels: number, relu: boolean) {
    super();
    // The other three channels are the pooled image's.
    this.main_branch = new Conv2D(inChannels, outChannels - 3, 3, { stride: 2, padding: 1, bias: false });
    this.ext_branch = new Pool2D(3, { stride: 2, padding: 1 });
    this.batch_norm = new BatchNorm2D(outChannels);
    this.out_activation = activation(relu);
  }

  forward(f: { main: Tensor; ext: Tensor; out: Tensor }, x: Tensor): Tensor {
    f.main = this.main_branch.call(x);
    f.ext = this.ext_branch.call(x);
    f.out = t.concat([f.main, f.ext], 1);
    f.out = this.batch_norm.call(f.out);
    return this.out_activation.call(f.out);
  }
}

export interface RegularOptions {
  readonly kernel?: number;
  readonly padding: number;
  readonly dilation?: number;
  /** A kernel of k by 1, then one of 1 by k. */
  readonly asymmetric?: boolean;
  readonly dropout: number;
  readonly relu: boolean;
}

/** Narrow, convolve, widen; added to the input. */
export class RegularBottleneck extends Layer {
  readonly ext_conv1: Sequential;
  readonly ext_conv2: Sequential;
  readonly ext_conv3: Sequential;
  readonly ext_regul: Dropout2D;
  readonly out_activation: Layer;

  constructor(channels: number, options: RegularOptions) {
    super();
    const { kernel = 3, padding, dilation = 1, asymmetric = false, dropout, relu } = options;
    const middle = inner(channels);
    this.ext_conv1 = new Sequential(...normed(channels, middle, 1), activation(relu));
    this.ext_conv2 = asymmetric
      ? new Sequential(
          ...normed(middle, middle, [kernel, 1], { padding: [padding, 0], dilation }),
          activation(relu),
          ...normed(middle, middle, [1, kernel], { padding: [0, padding], dilation }),
          activation(relu),
        )
      : new Sequential(...normed(middle, middle, kernel, { padding, dilation }), activation(relu));
    this.ext_conv3 = new Sequential(...normed(middle, channels, 1), activation(relu));
    this.ext_regul = new Dropout2D(dropout);
    this.out_activation = activation(relu);
  }

  forward(f: { ext: Tensor; out: Tensor }, x: Tensor): Tensor {
    f.ext = this.ext_conv1.call(x);
    f.ext = this.ext_conv2.call(f.ext);
    f.ext = this.ext_conv3.call(f.ext);
    f.ext = this.ext_regul.call(f.ext);
    f.out = t.add(x, f.ext);
    return this.out_activation.call(f.out);
  }
}

/** `nn.MaxPool2D(2, stride=2, return_mask=True)`. */
class MaxPoolWithMask extends Layer<readonly [Tensor], readonly [Tensor, Tensor]> {
  forward(_f: object, x: Tensor): readonly [Tensor, Tensor] {
    return F.maxPool2dWithIndex(x, { kernel: 2, stride: 2 });
  }
}

interface DownLocals {
  pooled: readonly [Tensor, Tensor] | undefined;
  main: Tensor;
  max_indices: Tensor;
  ext: Tensor;
  padding: Tensor;
  out: Tensor;
}

/** Maximum pooling, with zeros for the channels that it lacks, beside a strided bottleneck. Returns where the maxima were, too. */
export class DownsamplingBottleneck extends Layer<readonly [Tensor], readonly [Tensor, Tensor]> {
  readonly main_max1: MaxPoolWithMask;
  readonly ext_conv1: Sequential;
  readonly ext_conv2: Sequential;
  readonly ext_conv3: Sequential;
  readonly ext_regul: Dropout2D;
  readonly out_activation: Layer;

  constructor(inChannels: number, outChannels: number, dropout: number, relu: boolean) {
    super();
    const middle = inner(inChannels);
    this.main_max1 = new MaxPoolWithMask();
    this.ext_conv1 = new Sequential(...normed(inChannels, middle, 2, { stride: 2 }), activation(relu));
    this.ext_conv2 = new Sequential(...normed(middle, middle, 3, { padding: 1 }), activation(relu));
    this.ext_conv3 = new Sequential(...normed(middle, outChannels, 1), activation(relu));
    this.ext_regul = new Dropout2D(dropout);
    this.out_activation = activation(relu);
  }

  forward(f: DownLocals, x: Tensor): readonly [Tensor, Tensor] {
    f.pooled = this.main_max1.call(x);
    [f.main, f.max_indices] = f.pooled;
    f.pooled = undefined;
    f.ext = this.ext_conv1.call(x);
    f.ext = this.ext_conv2.call(f.ext);
    f.ext = this.ext_conv3.call(f.ext);
    f.ext = this.ext_regul.call(f.ext);
    f.padding = t.zeros([f.ext.dim(0), f.ext.dim(1) - f.main.dim(1), ...f.ext.hw]);
    f.main = t.concat([f.main, f.padding], 1);
    f.out = t.add(f.main, f.ext);
    return [this.out_activation.call(f.out), f.max_indices];
  }
}

type UpLocals = { main: Tensor; ext: Tensor; out: Tensor };

/** Unpooling beside a bottleneck with a transposed convolution. */
export class UpsamplingBottleneck extends Layer<readonly [Tensor, Tensor, readonly [number, number]]> {
  readonly main_conv1: Sequential;
  readonly ext_conv1: Sequential;
  readonly ext_tconv1: Conv2DTranspose;
  readonly ext_tconv1_bnorm: BatchNorm2D;
  readonly ext_tconv1_activation: Layer;
  readonly ext_conv2: Sequential;
  readonly ext_regul: Dropout2D;
  readonly out_activation: Layer;

  constructor(inChannels: number, outChannels: number, dropout: number, relu: boolean) {
    super();
    const middle = inner(inChannels);
    this.main_conv1 = new Sequential(...normed(inChannels, outChannels, 1));
    this.ext_conv1 = new Sequential(...normed(inChannels, middle, 1), activation(relu));
    this.ext_tconv1 = new Conv2DTranspose(middle, middle, 2, { stride: 2, bias: false });
    this.ext_tconv1_bnorm = new BatchNorm2D(middle);
    this.ext_tconv1_activation = activation(relu);
    this.ext_conv2 = new Sequential(...normed(middle, outChannels, 1));
    this.ext_regul = new Dropout2D(dropout);
    this.out_activation = activation(relu);
  }

  forward(f: UpLocals, x: Tensor, maxIndices: Tensor, size: readonly [number, number]): Tensor {
    f.main = this.main_conv1.call(x);
    f.main = F.maxUnpool2d(f.main, maxIndices, size);
    f.ext = this.ext_conv1.call(x);
    f.ext = this.ext_tconv1.call(f.ext, size);
    f.ext = this.ext_tconv1_bnorm.call(f.ext);
    f.ext = this.ext_tconv1_activation.call(f.ext);
    f.ext = this.ext_conv2.call(f.ext);
    f.ext = this.ext_regul.call(f.ext);
    f.out = t.add(f.main, f.ext);
    return this.out_activation.call(f.out);
  }
}
