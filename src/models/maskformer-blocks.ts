/** @file Parts of MaskFormer: pixel decoder, sine positions, MLP. */
import type { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import * as F from "../nn/functional.ts";
import { type AnyLayer, Layer, LayerList, refill, sublayers } from "../nn/layer.ts";
import { Conv2D, type ConvLayerOptions, GroupNorm, Linear } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import { Activation } from "./blocks/activation.ts";

/** `param_init.th_linear_fill`: weight and bias, both uniform. */
export function fillLinear(linear: Linear): void {
  refill(linear.weight, "uniform");
  if (linear.bias !== undefined) refill(linear.bias, "uniform");
}

/** Fills every weight below a layer again, normalisation's too (`kaiming_uniform`); biases are set to 0 in place. */
export function fillWeights(root: AnyLayer): void {
  for (const layer of sublayers(root)) {
    for (const [name, p] of layer.ownParameters()) if (name === "weight") refill(p, "uniform");
  }
}

interface X {
  x: Tensor;
}

/** `layers.ConvNormAct`: convolution, an optional normalisation made before it, an optional activation. */
class ConvNormAct extends Layer {
  readonly _conv: Conv2D;
  readonly _norm: GroupNorm | undefined;
  readonly _act: Activation | undefined;

  constructor(
    inChannels: number,
    outChannels: number,
    kernel: number,
    { norm, act, ...conv }: ConvLayerOptions & { readonly norm?: GroupNorm; readonly act?: string } = {},
  ) {
    super();
    this._conv = new Conv2D(inChannels, outChannels, kernel, { padding: "SAME", ...conv });
    this._norm = norm;
    this._act = act === undefined ? undefined : new Activation(act);
  }

  forward(f: X, x: Tensor): Tensor {
    f.x = this._conv.call(x);
    if (this._norm) f.x = this._norm.call(f.x);
    if (this._act) f.x = this._act.call(f.x);
    return f.x;
  }
}

/** The coarsest level has no lateral convolution, so the others' names start at 1. */
class LateralConvs extends LayerList<ConvNormAct> {
  override *children(): Iterable<readonly [string, AnyLayer]> {
    for (const [i, item] of [...this].entries()) yield [String(i + 1), item];
  }
}

/** Groups of every GroupNorm in the decoder. */
const groups = 32;

/** Feature maps, finest first, to one map of `maskDim` channels in the finest size. */
export class BasePixelDecoder extends Layer<readonly [PyList]> {
  readonly lateral_convs: LateralConvs;
  readonly output_convs: LayerList<ConvNormAct>;
  readonly mask_features: ConvNormAct;

  constructor(channels: readonly number[], dim = 256, maskDim = 256) {
    super();
    const laterals: ConvNormAct[] = [];
    const outputs: ConvNormAct[] = [];
    for (const [i, from] of channels.entries()) {
      if (i === channels.length - 1) {
        const norm = new GroupNorm(groups, dim);
        outputs.unshift(new ConvNormAct(from, dim, 3, { bias: false, norm, act: "relu" }));
        fillWeights(outputs[0]!);
        continue;
      }
      const [lateralNorm, norm] = [new GroupNorm(groups, dim), new GroupNorm(groups, dim)];
      laterals.unshift(new ConvNormAct(from, dim, 1, { bias: false, norm: lateralNorm }));
      outputs.unshift(new ConvNormAct(dim, dim, 3, { padding: 1, bias: false, norm, act: "relu" }));
      fillWeights(outputs[0]!);
      fillWeights(laterals[0]!);
    }
    this.lateral_convs = new LateralConvs(laterals);
    this.output_convs = new LayerList(outputs);
    this.mask_features = new ConvNormAct(dim, maskDim, 3, { padding: 1 });
    fillWeights(this.mask_features);
  }

  forward(f: X & { y: Tensor; cur_fpn: Tensor }, features: PyList): Tensor {
    for (const [i, output] of [...this.output_convs].entries()) {
      f.x = features.at(features.length - 1 - i);
      if (i === 0) {
        f.y = output.call(f.x);
        continue;
      }
      f.cur_fpn = this.lateral_convs.at(i - 1).call(f.x);
      f.y = t.add(f.cur_fpn, F.interpolate(f.y, f.cur_fpn.hw, { mode: "nearest" }));
      f.y = output.call(f.y);
    }
    return this.mask_features.call(f.y);
  }
}

interface SineLocals {
  mask: Tensor;
  not_mask: Tensor;
  y_embed: Tensor;
  x_embed: Tensor;
  dim_t: Tensor;
  tmp: Tensor;
  pos_x: Tensor;
  pos_y: Tensor;
  pos: Tensor;
}

/** Sines and cosines of each pixel's place: [N, 2·features, H, W]. */
export class PositionEmbeddingSine extends Layer {
  private readonly features: number;

  constructor(features: number) {
    super();
    this.features = features;
  }

  forward(f: SineLocals, x: Tensor): Tensor {
    const [batch, [height, width]] = [x.dim(0), x.hw];
    f.mask = t.zeros([batch, height, width], "bool");
    f.not_mask = t.bitwiseNot(f.mask);
    f.y_embed = t.cumsum(t.cast(f.not_mask, "float32"));
    f.x_embed = t.cumsum(t.cast(f.not_mask, "float32"));
    f.y_embed = t.scale(t.divide(f.y_embed, t.add(t.slice(f.y_embed, 1, -1, height), 1e-6)));
    f.x_embed = t.scale(t.divide(f.x_embed, t.add(t.slice(f.x_embed, 2, -1, width), 1e-6)));
    f.dim_t = t.arange(this.features, "float32");
    f.dim_t = t.cast(f.dim_t, "int64");
    f.tmp = t.scale(t.fullLike(f.dim_t));
    f.dim_t = t.powNumber(t.divide(t.multiply(t.floorDivide(f.dim_t, f.tmp), 2), this.features));
    f.pos_x = t.divide(t.unsqueeze(f.x_embed, 3), f.dim_t);
    f.pos_y = t.divide(t.unsqueeze(f.y_embed, 3), f.dim_t);
    f.pos_x = this.waves(f.pos_x);
    f.pos_y = this.waves(f.pos_y);
    return t.transpose(t.concat([f.pos_y, f.pos_x], 3), [0, 3, 1, 2]);
  }

  /** Sines of the even places, cosines of the odd ones, side by side. */
  private waves(x: Tensor): Tensor {
    const every = (start: number) => t.sliceAxes(x, { axes: [3], starts: [start], ends: [this.features], steps: [2] });
    const sine = t.sin(every(0));
    return t.flatten(t.stack([sine, t.cos(every(1))], 4), 3);
  }
}

/** Linear layers with ReLU between them. */
export class MLP extends Layer {
  readonly layers: LayerList<Linear>;

  constructor(widths: readonly number[]) {
    super();
    this.layers = new LayerList(widths.slice(1).map((to, i) => new Linear(widths[i]!, to)));
    for (const layer of this.layers) fillLinear(layer);
  }

  forward(f: X, x: Tensor): Tensor {
    f.x = x;
    for (const [i, layer] of [...this.layers].entries()) {
      f.x = i < this.layers.length - 1 ? F.relu(layer.call(f.x)) : layer.call(f.x);
    }
    return f.x;
  }
}
