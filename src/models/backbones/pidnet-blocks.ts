/** @file PIDNet's blocks (`paddleseg/models/backbones/pidnet.py`): residual blocks, pyramid pooling, fusion by attention. */
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { discard, Layer, LayerList, Sequential } from "../../nn/layer.ts";
import { AdaptiveAvgPool2D, Conv2D, Pool2D, ReLU, SyncBatchNorm } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { ConvBNAct } from "../blocks/conv.ts";

type ResidualLocals = { residual: Tensor; out: Tensor };

/** Convolution and batch norm without bias or activation. */
export function normed(inChannels: number, outChannels: number, kernel: number, options: object = {}): ConvBNAct {
  return new ConvBNAct(inChannels, outChannels, kernel, undefined, { ...options, bias: false });
}

/** Convolution, batch norm, ReLU. */
export function rectified(inChannels: number, outChannels: number, kernel: number, options: object = {}): ConvBNAct {
  return new ConvBNAct(inChannels, outChannels, kernel, "relu", { ...options, bias: false });
}

export class BasicBlock extends Layer {
  static readonly expansion = 1;
  /** Whether the first block of a stage ends without ReLU where nothing else is said. */
  static readonly bareByDefault = false;
  readonly conv_bn_relu: ConvBNAct;
  readonly relu: ReLU;
  readonly conv_bn: ConvBNAct;
  readonly downsample: ConvBNAct | undefined;
  private readonly bare: boolean;

  constructor(inChannels: number, channels: number, stride: number, downsample: ConvBNAct | undefined, bare: boolean) {
    super();
    this.conv_bn_relu = rectified(inChannels, channels, 3, { stride, padding: 1 });
    this.relu = new ReLU();
    this.conv_bn = normed(channels, channels, 3, { padding: 1 });
    this.downsample = downsample;
    this.bare = bare;
  }

  forward(f: ResidualLocals, x: Tensor): Tensor {
    f.residual = x;
    f.out = this.conv_bn_relu.call(x);
    f.out = this.conv_bn.call(f.out);
    if (this.downsample) f.residual = this.downsample.call(x);
    f.out = t.add(f.out, f.residual);
    return this.bare ? f.out : this.relu.call(f.out);
  }
}

export class Bottleneck extends Layer {
  static readonly expansion = 2;
  static readonly bareByDefault = true;
  readonly conv_bn_relu1: ConvBNAct;
  readonly conv_bn_relu2: ConvBNAct;
  readonly conv_bn: ConvBNAct;
  readonly relu: ReLU;
  readonly downsample: ConvBNAct | undefined;
  private readonly bare: boolean;

  constructor(inChannels: number, channels: number, stride: number, downsample: ConvBNAct | undefined, bare: boolean) {
    super();
    this.conv_bn_relu1 = rectified(inChannels, channels, 1);
    this.conv_bn_relu2 = rectified(channels, channels, 3, { stride, padding: 1 });
    this.conv_bn = normed(channels, channels * Bottleneck.expansion, 1);
    this.relu = new ReLU();
    this.downsample = downsample;
    this.bare = bare;
  }

  forward(f: ResidualLocals, x: Tensor): Tensor {
    f.residual = x;
    f.out = this.conv_bn_relu1.call(x);
    f.out = this.conv_bn_relu2.call(f.out);
    f.out = this.conv_bn.call(f.out);
    if (this.downsample) f.residual = this.downsample.call(x);
    f.out = t.add(f.out, f.residual);
    return this.bare ? f.out : this.relu.call(f.out);
  }
}

/** Batch norm (synchronised by name), ReLU, convolution. */
export function preActivated(inChannels: number, outChannels: number, kernel: 1 | 3, groups = 1): Sequential {
  return new Sequential(
    new SyncBatchNorm(inChannels),
    new ReLU(),
    new Conv2D(inChannels, outChannels, kernel, { padding: Math.floor(kernel / 2), groups, bias: false }),
  );
}

/** Kernels and strides of the three poolings between the map itself and its mean. */
const poolings = [
  [5, 2],
  [9, 4],
  [17, 8],
] as const;

const scaleCount = poolings.length + 2;

interface PyramidLocals {
  feats: PyList;
  feat_up: Tensor;
  x_: Tensor;
  scale_out: Tensor;
}

/** Pyramid pooling whose scales are added one to the next. */
export class DAPPM extends Layer {
  readonly scales: LayerList<Sequential>;
  processes: LayerList<Sequential> | Sequential;
  readonly compression: Sequential;
  readonly shortcut: Sequential;

  constructor(inChannels: number, branchChannels: number, outChannels: number) {
    super();
    const scale = () => preActivated(inChannels, branchChannels, 1);
    this.scales = new LayerList([scale()]);
    for (const [kernel, stride] of poolings) {
      this.scales.append(new Sequential(new Pool2D(kernel, { stride, padding: stride }), scale()));
    }
    this.scales.append(new Sequential(new AdaptiveAvgPool2D(1), scale()));
    this.processes = new LayerList(
      Array.from({ length: scaleCount - 1 }, () => preActivated(branchChannels, branchChannels, 3)),
    );
    this.compression = preActivated(branchChannels * scaleCount, outChannels, 1);
    this.shortcut = preActivated(inChannels, outChannels, 1);
  }

  protected enlarged(i: number, inputs: Tensor): Tensor {
    return F.interpolate(this.scales.at(i).call(inputs), inputs.hw, { mode: "bilinear" });
  }

  forward(f: PyramidLocals, inputs: Tensor): Tensor {
    f.feats = new PyList();
    f.feats.append(this.scales.at(0).call(inputs));
    for (let i = 1; i < scaleCount; i++) {
      f.feat_up = this.enlarged(i, inputs);
      f.feats.append(this.processes.at(i - 1).call(t.add(f.feat_up, f.feats.at(i - 1))));
    }
    return t.add(this.compression.call(t.concat(f.feats, 1)), this.shortcut.call(inputs));
  }
}

/** Pyramid pooling whose scales are processed side by side in groups; DAPPM's own processes are made and dropped. */
export class PAPPM extends DAPPM {
  private readonly grouped: Sequential;

  constructor(inChannels: number, branchChannels: number, outChannels: number) {
    super(inChannels, branchChannels, outChannels);
    const { processes } = this;
    const channels = branchChannels * (scaleCount - 1);
    const grouped = preActivated(channels, channels, 3, scaleCount - 1);
    this.processes = grouped;
    discard(processes);
    this.grouped = grouped;
  }

  override *children(): Iterable<readonly [string, Layer<never, unknown>]> {
    for (const child of super.children()) if (child[0] !== "grouped") yield child;
  }

  override forward(f: PyramidLocals, inputs: Tensor): Tensor {
    f.x_ = this.scales.at(0).call(inputs);
    f.feats = new PyList();
    for (let i = 1; i < scaleCount; i++) {
      f.feat_up = this.enlarged(i, inputs);
      f.feats.append(t.add(f.feat_up, f.x_));
    }
    f.scale_out = this.grouped.call(t.concat(f.feats, 1));
    return t.add(this.compression.call(t.concat([f.x_, f.scale_out], 1)), this.shortcut.call(inputs));
  }
}

interface PagLocals {
  f_i: Tensor;
  f_p: Tensor;
  sigma: Tensor;
  x_i: Tensor;
  out: Tensor;
}

/** Where the integral branch agrees with the proportional one, it is let through. */
export class PagFM extends Layer<readonly [Tensor, Tensor]> {
  readonly f_i: ConvBNAct;
  readonly f_p: ConvBNAct;

  constructor(inChannels: number, channels: number) {
    super();
    this.f_i = normed(inChannels, channels, 1);
    this.f_p = normed(inChannels, channels, 1);
  }

  forward(f: PagLocals, xP: Tensor, xI: Tensor): Tensor {
    f.f_i = this.f_i.call(xI);
    f.f_i = F.interpolate(f.f_i, xP.hw, { mode: "bilinear" });
    f.f_p = this.f_p.call(xP);
    f.sigma = F.sigmoid(t.unsqueeze(t.sum(t.multiply(f.f_p, f.f_i), 1), 1));
    f.x_i = F.interpolate(xI, xP.hw, { mode: "bilinear" });
    f.out = t.add(t.multiply(f.sigma, f.x_i), t.multiply(t.rsub(1, f.sigma), xP));
    return f.out;
  }
}

/** The derivative branch decides between the two others at each pixel. */
export class Bag extends Layer<readonly [Tensor, Tensor, Tensor]> {
  readonly conv: Sequential;

  constructor(inChannels: number, outChannels: number) {
    super();
    this.conv = preActivated(inChannels, outChannels, 3);
  }

  forward(f: { sigma: Tensor }, xP: Tensor, xI: Tensor, xD: Tensor): Tensor {
    f.sigma = F.sigmoid(xD);
    return this.conv.call(t.add(t.multiply(f.sigma, xP), t.multiply(t.rsub(1, f.sigma), xI)));
  }
}

/** The same with two pointwise convolutions in place of one wide one. */
export class LightBag extends Layer<readonly [Tensor, Tensor, Tensor]> {
  readonly f_p: ConvBNAct;
  readonly f_i: ConvBNAct;

  constructor(inChannels: number, outChannels: number) {
    super();
    this.f_p = normed(inChannels, outChannels, 1);
    this.f_i = normed(inChannels, outChannels, 1);
  }

  forward(f: { sigma: Tensor; f_p: Tensor; f_i: Tensor }, xP: Tensor, xI: Tensor, xD: Tensor): Tensor {
    f.sigma = F.sigmoid(xD);
    f.f_p = this.f_p.call(t.add(t.multiply(t.rsub(1, f.sigma), xI), xP));
    f.f_i = this.f_i.call(t.add(xI, t.multiply(f.sigma, xP)));
    return t.add(f.f_p, f.f_i);
  }
}
