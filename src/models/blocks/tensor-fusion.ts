/** @file Unified attention fusion modules (`paddleseg/models/layers/tensor_fusion.py` and its helper). */
import { scope } from "../../engine/frame.ts";
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { type AnyLayer, discard, Layer, Parameter, Sequential } from "../../nn/layer.ts";
import * as t from "../../nn/tensor.ts";
import type { ResizeMode } from "../../ops/resize.ts";
import { ConvBN, ConvBNAct, ConvBNReLU, SeparableConvBNReLU } from "./conv.ts";

export type { AnyLayer };

/** Mean over height and width of each, concatenated. */
export function avgReduceHw(x: readonly Tensor[]): Tensor {
  return scope({ x }, (f: { x: readonly Tensor[]; res: PyList; xi: Tensor }) => {
    f.res = new PyList();
    for (const xi of f.x) {
      f.xi = xi;
      f.res.append(F.adaptiveAvgPool2d(f.xi, 1));
    }
    return t.concat(f.res, 1);
  });
}

/** Mean and maximum over height and width. In evaluation the maximum is a plain reduction. */
export function avgMaxReduceHw(x: readonly Tensor[], training: boolean): Tensor {
  return scope(
    { x },
    (f: {
      x: readonly Tensor[];
      averages: PyList;
      maxima: PyList;
      xi: Tensor;
      avg: Tensor;
      max: Tensor;
      res: PyList;
    }) => {
      f.averages = new PyList();
      f.maxima = new PyList();
      for (const xi of f.x) {
        f.xi = xi;
        const avg = F.adaptiveAvgPool2d(f.xi, 1);
        const max = training ? F.adaptiveMaxPool2d(f.xi, 1) : t.max(f.xi, [2, 3], true);
        f.avg = avg;
        f.max = max;
        f.averages.append(f.avg);
        f.maxima.append(f.max);
      }
      f.res = new PyList();
      f.res.extend(f.averages);
      f.res.extend(f.maxima);
      return t.concat(f.res, 1);
    },
  );
}

/** Mean over channels of each, concatenated. */
export function avgReduceChannel(x: readonly Tensor[]): Tensor {
  return scope({ x }, (f: { x: readonly Tensor[]; res: PyList; xi: Tensor }) => {
    f.res = new PyList();
    for (const xi of f.x) {
      f.xi = xi;
      f.res.append(t.mean(f.xi, 1, true));
    }
    return t.concat(f.res, 1);
  });
}

/** Mean and maximum over channels of each, concatenated in turn. */
export function avgMaxReduceChannel(x: readonly Tensor[]): Tensor {
  return scope({ x }, (f: { x: readonly Tensor[]; res: PyList; xi: Tensor }) => {
    f.res = new PyList();
    for (const xi of f.x) {
      f.xi = xi;
      f.res.append(t.mean(f.xi, 1, true));
      f.res.append(t.max(f.xi, 1, true));
    }
    return t.concat(f.res, 1);
  });
}

interface FuseLocals {
  x: Tensor;
  y: Tensor;
  atten: Tensor;
  out: Tensor;
}

/** Adds the low feature to the upsampled high one; subclasses weigh them by attention. */
export class UAFM extends Layer<readonly [Tensor, Tensor]> {
  conv_x: Layer;
  conv_out: Layer;
  private readonly resizeMode: ResizeMode;

  constructor(x: number, y: number, out: number, kernel: number, resizeMode: ResizeMode) {
    super();
    this.conv_x = new ConvBNReLU(x, y, kernel, { padding: Math.floor(kernel / 2), bias: false });
    this.conv_out = new ConvBNReLU(y, out, 3, { padding: 1, bias: false });
    this.resizeMode = resizeMode;
  }

  forward(f: FuseLocals, x: Tensor, y: Tensor): Tensor {
    const [px, py] = this.prepare(x, y);
    f.x = px;
    f.y = py;
    f.out = this.fuse(f.x, f.y);
    return f.out;
  }

  private prepare(x: Tensor, y: Tensor): readonly [Tensor, Tensor] {
    return scope({ x, y }, (f: FuseLocals) => {
      f.x = this.conv_x.call(f.x);
      f.y = F.interpolate(f.y, f.x.hw, { mode: this.resizeMode });
      return [f.x, f.y] as const;
    });
  }

  protected fuse(x: Tensor, y: Tensor): Tensor {
    return scope({ x, y }, (f: FuseLocals) => {
      f.out = t.add(f.x, f.y);
      f.out = this.conv_out.call(f.out);
      return f.out;
    });
  }

  /** `x · a + y · (1 - a)` and the last convolution. */
  protected weigh(f: FuseLocals, rest: (atten: Tensor) => Tensor): Tensor {
    const left = t.multiply(f.x, f.atten);
    const right = t.multiply(f.y, rest(f.atten));
    f.out = t.add(left, right);
    f.out = this.conv_out.call(f.out);
    return f.out;
  }
}

const oneMinus = (atten: Tensor): Tensor => t.rsub(1, atten);

function channelAttention(inChannels: number, y: number): Sequential {
  const middle = Math.floor(y / 2);
  return new Sequential(
    new ConvBNAct(inChannels, middle, 1, "leakyrelu", { bias: false }),
    new ConvBN(middle, y, 1, { bias: false }),
  );
}

function spatialAttention(inChannels: number): Sequential {
  return new Sequential(
    new ConvBNReLU(inChannels, 2, 3, { padding: 1, bias: false }),
    new ConvBN(2, 1, 3, { padding: 1, bias: false }),
  );
}

/** Channel attention from means and maxima. */
export class UAFM_ChAtten extends UAFM {
  readonly conv_xy_atten: Sequential;

  constructor(x: number, y: number, out: number, kernel: number, resizeMode: ResizeMode) {
    super(x, y, out, kernel, resizeMode);
    this.conv_xy_atten = channelAttention(4 * y, y);
  }

  protected override fuse(x: Tensor, y: Tensor): Tensor {
    return scope({ x, y }, (f: FuseLocals) => {
      f.atten = avgMaxReduceHw([f.x, f.y], this.training);
      f.atten = F.sigmoid(this.conv_xy_atten.call(f.atten));
      return this.weigh(f, oneMinus);
    });
  }
}

/** Channel attention from means. */
export class UAFM_ChAtten_S extends UAFM {
  readonly conv_xy_atten: Sequential;

  constructor(x: number, y: number, out: number, kernel: number, resizeMode: ResizeMode) {
    super(x, y, out, kernel, resizeMode);
    this.conv_xy_atten = channelAttention(2 * y, y);
  }

  protected override fuse(x: Tensor, y: Tensor): Tensor {
    return scope({ x, y }, (f: FuseLocals) => {
      f.atten = avgReduceHw([f.x, f.y]);
      f.atten = F.sigmoid(this.conv_xy_atten.call(f.atten));
      return this.weigh(f, oneMinus);
    });
  }
}

/** Spatial attention from means and maxima; 1 is a parameter that is not trained. */
export class UAFM_SpAtten extends UAFM {
  readonly conv_xy_atten: Sequential;
  readonly _scale: Parameter;

  constructor(x: number, y: number, out: number, kernel: number, resizeMode: ResizeMode) {
    super(x, y, out, kernel, resizeMode);
    this.conv_xy_atten = spatialAttention(4);
    this._scale = new Parameter([1], { initializer: "full", trainable: false });
  }

  protected override fuse(x: Tensor, y: Tensor): Tensor {
    return scope({ x, y }, (f: FuseLocals) => {
      f.atten = avgMaxReduceChannel([f.x, f.y]);
      f.atten = F.sigmoid(this.conv_xy_atten.call(f.atten));
      return this.weigh(f, (atten) => t.subtract(this._scale, atten));
    });
  }
}

/** Spatial attention from means. */
export class UAFM_SpAtten_S extends UAFM {
  readonly conv_xy_atten: Sequential;

  constructor(x: number, y: number, out: number, kernel: number, resizeMode: ResizeMode) {
    super(x, y, out, kernel, resizeMode);
    this.conv_xy_atten = spatialAttention(2);
  }

  protected override fuse(x: Tensor, y: Tensor): Tensor {
    return scope({ x, y }, (f: FuseLocals) => {
      f.atten = avgReduceChannel([f.x, f.y]);
      f.atten = F.sigmoid(this.conv_xy_atten.call(f.atten));
      return this.weigh(f, oneMinus);
    });
  }
}

/** Each new convolution is made before the one that it replaces goes. */
function separable(layer: UAFM, x: number, y: number, out: number, kernel: number): void {
  const { conv_x, conv_out } = layer;
  layer.conv_x = new SeparableConvBNReLU(x, y, kernel, { padding: Math.floor(kernel / 2), bias: false });
  discard(conv_x);
  layer.conv_out = new SeparableConvBNReLU(y, out, 3, { padding: 1, bias: false });
  discard(conv_out);
}

/** With separable convolutions; the plain ones that the base made are dropped, as in Python. */
export class UAFMMobile extends UAFM {
  constructor(x: number, y: number, out: number, kernel: number, resizeMode: ResizeMode) {
    super(x, y, out, kernel, resizeMode);
    separable(this, x, y, out, kernel);
  }
}

/** Separable convolutions and spatial attention from means and maxima. */
export class UAFMMobile_SpAtten extends UAFM {
  readonly conv_xy_atten: Sequential;

  constructor(x: number, y: number, out: number, kernel: number, resizeMode: ResizeMode) {
    super(x, y, out, kernel, resizeMode);
    separable(this, x, y, out, kernel);
    this.conv_xy_atten = spatialAttention(4);
  }

  protected override fuse(x: Tensor, y: Tensor): Tensor {
    return scope({ x, y }, (f: FuseLocals) => {
      f.atten = avgMaxReduceChannel([f.x, f.y]);
      f.atten = F.sigmoid(this.conv_xy_atten.call(f.atten));
      return this.weigh(f, oneMinus);
    });
  }
}

export type FusionMaker = new (x: number, y: number, out: number, kernel: number, resizeMode: ResizeMode) => UAFM;

/** The fusion modules by their PaddleSeg names. */
export const fusionModules: Readonly<Record<string, FusionMaker>> = {
  UAFM,
  UAFM_ChAtten,
  UAFM_ChAtten_S,
  UAFM_SpAtten,
  UAFM_SpAtten_S,
  UAFMMobile,
  UAFMMobile_SpAtten,
};
