/** @file The heads that make K-Net's first masks; the classifier's weights are its first kernels. */
import type { Tensor } from "../../engine/tensor.ts";
import type { Args } from "../../nn/args.ts";
import { ArgumentError } from "../../nn/args.ts";
import { Layer, Sequential } from "../../nn/layer.ts";
import { Conv2D, Dropout2D, Identity } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { type PyramidLocals, UPerNetPyramid } from "../upernet.ts";
import { ConvBNReLU } from "./conv.ts";

/** Masks, features, kernels [N, P, C, K, K]. */
export type Kernels = readonly [Tensor, Tensor, Tensor];

/** Chosen feature maps in. */
export type KernelHead = Layer<readonly [readonly Tensor[]], Kernels>;

interface Locals {
  feats: Tensor;
  output: Tensor;
  seg_kernels: Tensor;
}

/** The classifier's weights for every image of the batch; a copy of them in training. */
function bindKernels(f: Locals, weight: Tensor, training: boolean): void {
  f.seg_kernels = training ? t.assign(weight) : weight;
  f.seg_kernels = t.expand(t.unsqueeze(f.seg_kernels, 0), [f.feats.dim(0), ...f.seg_kernels.shape]);
}

export class UPerKernelHead extends UPerNetPyramid<Kernels> {
  constructor(args: Args) {
    const planes = args.numbers("fpn_inplanes");
    super(args, args.int("num_classes"), planes);
    args.ignore("align_corners");
  }

  forward(f: Locals & PyramidLocals, inputs: readonly Tensor[]): Kernels {
    f.feats = this.pyramid(f, inputs);
    f.output = this.conv_seg.call(f.feats);
    bindKernels(f, this.conv_seg.weight, this.training);
    return [f.output, f.feats, f.seg_kernels];
  }
}

export class FCNKernelHead extends Layer<readonly [readonly Tensor[]], Kernels> {
  readonly convs: Layer;
  readonly conv_cat: ConvBNReLU | undefined;
  readonly conv_seg: Conv2D;
  readonly dropout: Dropout2D | undefined;

  constructor(args: Args) {
    super();
    const from = args.int("in_channels", 2048);
    const channels = args.int("channels", 512);
    const count = args.count("num_convs", 2);
    const kernel = args.int("kernel_size", 3);
    const dilation = args.int("dilation", 1);
    const half = Math.floor(kernel / 2);
    if (count === 0 && from !== channels) {
      throw new ArgumentError(args.type, "num_convs", "without convolutions in_channels and channels must be equal");
    }
    const convs = Array.from({ length: count }, (_, i) => {
      return new ConvBNReLU(i === 0 ? from : channels, channels, kernel, { padding: half * dilation, dilation });
    });
    this.convs = count === 0 ? new Identity() : new Sequential(...convs);
    if (args.boolean("concat_input", true)) {
      this.conv_cat = new ConvBNReLU(from + channels, channels, kernel, { padding: half });
    }
    this.conv_seg = new Conv2D(channels, args.int("num_classes", 150), 1);
    const rate = args.number("dropout_prob", 0.1);
    if (rate > 0) this.dropout = new Dropout2D(rate);
  }

  forward(f: Locals, inputs: readonly Tensor[]): Kernels {
    const x = inputs[0]!;
    f.feats = this.convs.call(x);
    if (this.conv_cat) f.feats = this.conv_cat.call(t.concat([x, f.feats], 1));
    if (this.dropout) f.feats = this.dropout.call(f.feats);
    f.output = this.conv_seg.call(f.feats);
    bindKernels(f, this.conv_seg.weight, this.training);
    return [f.output, f.feats, f.seg_kernels];
  }
}
