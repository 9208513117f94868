/** @file Blocks of MSCAN: attention of strip convolutions, MLP of convolutions, patch embeddings. */
import { scope } from "../../engine/frame.ts";
import { drop, PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { Layer, LayerList, Parameter, Sequential } from "../../nn/layer.ts";
import { BatchNorm2D, Conv2D, Dropout, GELU } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { stochasticDepth } from "./transformer_utils.ts";

type Sized = readonly [x: Tensor, height: number, width: number];

interface X {
  x: Tensor;
}

function depthwise(dim: number, kernel: readonly [number, number]): Conv2D {
  const padding = kernel.map((k) => Math.floor(k / 2));
  return new Conv2D(dim, dim, kernel, { padding, groups: dim });
}

class Mlp extends Layer {
  readonly fc1: Conv2D;
  readonly dwconv: Conv2D;
  readonly act: GELU;
  readonly fc2: Conv2D;
  readonly drop: Dropout;

  constructor(dim: number, hidden: number, dropRate: number) {
    super();
    this.fc1 = new Conv2D(dim, hidden, 1);
    this.dwconv = depthwise(hidden, [3, 3]);
    this.act = new GELU();
    this.fc2 = new Conv2D(hidden, dim, 1);
    this.drop = new Dropout(dropRate);
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

interface Attended {
  u: Tensor;
  attn: Tensor;
  attns: PyList;
}

/** Depthwise convolutions of several strip lengths, added; their result weighs the input. */
class AttentionModule extends Layer {
  readonly conv0: Conv2D;
  readonly dwconvs: LayerList<Sequential>;
  readonly conv_out: Conv2D;

  constructor(dim: number, kernels: readonly number[]) {
    super();
    this.conv0 = new Conv2D(dim, dim, 5, { padding: 2, groups: dim });
    this.dwconvs = new LayerList(
      kernels.map(
        (k, i) =>
          new Sequential([`conv${i + 1}_1`, depthwise(dim, [1, k])], [`conv${i + 1}_2`, depthwise(dim, [k, 1])]),
      ),
    );
    this.conv_out = new Conv2D(dim, dim, 1);
  }

  forward(f: Attended, x: Tensor): Tensor {
    f.u = t.assign(x);
    f.attn = this.conv0.call(x);
    f.attns = this.strips(f.attn);
    f.attn = t.add(f.attn, total(f.attns));
    f.attn = this.conv_out.call(f.attn);
    return t.multiply(f.attn, f.u);
  }

  private strips(attn: Tensor): PyList {
    return scope({ attn }, (f: { attn: Tensor; result: PyList }) => {
      f.result = new PyList();
      for (const strip of this.dwconvs) f.result.append(strip.call(f.attn));
      return f.result;
    });
  }
}

/** Python's `sum`: starts at 0. */
function total(items: PyList): Tensor {
  return scope({}, (f: { sum: Tensor }) => {
    for (const item of items) f.sum = f.sum === undefined ? t.scale(item) : t.add(f.sum, item);
    return f.sum;
  });
}

class SpatialAttention extends Layer {
  readonly proj_1: Conv2D;
  readonly activation: GELU;
  readonly spatial_gating_unit: AttentionModule;
  readonly proj_2: Conv2D;

  constructor(dim: number, kernels: readonly number[]) {
    super();
    this.proj_1 = new Conv2D(dim, dim, 1);
    this.activation = new GELU();
    this.spatial_gating_unit = new AttentionModule(dim, kernels);
    this.proj_2 = new Conv2D(dim, dim, 1);
  }

  forward(f: { shorcut: Tensor; x: Tensor }, x: Tensor): Tensor {
    f.shorcut = t.assign(x);
    f.x = this.proj_1.call(x);
    f.x = this.activation.call(f.x);
    f.x = this.spatial_gating_unit.call(f.x);
    f.x = this.proj_2.call(f.x);
    f.x = t.add(f.x, f.shorcut);
    return f.x;
  }
}

export interface BlockOptions {
  readonly kernels: readonly number[];
  readonly mlpRatio: number;
  readonly dropRate: number;
}

/** Attention and MLP, each scaled by a learnt vector of channels. */
export class Block extends Layer<Sized> {
  readonly layer_scale_1: Parameter;
  readonly layer_scale_2: Parameter;
  readonly norm1: BatchNorm2D;
  readonly attn: SpatialAttention;
  readonly drop_path: Layer;
  readonly norm2: BatchNorm2D;
  readonly mlp: Mlp;

  constructor(dim: number, dropPath: number, { kernels, mlpRatio, dropRate }: BlockOptions) {
    super();
    this.norm1 = new BatchNorm2D(dim);
    this.attn = new SpatialAttention(dim, kernels);
    this.drop_path = stochasticDepth(dropPath);
    this.norm2 = new BatchNorm2D(dim);
    this.mlp = new Mlp(dim, Math.floor(dim * mlpRatio), dropRate);
    const initial = t.full([dim, 1, 1]);
    this.layer_scale_1 = new Parameter([dim, 1, 1], { initializer: "assign_value" });
    this.layer_scale_2 = new Parameter([dim, 1, 1], { initializer: "assign_value" });
    drop(initial);
  }

  forward(f: X, x: Tensor, height: number, width: number): Tensor {
    const [batch, tokens, channels] = [x.dim(0), x.dim(1), x.dim(2)];
    f.x = t.reshape(t.transpose(x, [0, 2, 1]), [batch, channels, height, width]);
    f.x = t.add(f.x, this.drop_path.call(t.multiply(this.layer_scale_1, this.attn.call(this.norm1.call(f.x)))));
    f.x = t.add(f.x, this.drop_path.call(t.multiply(this.layer_scale_2, this.mlp.call(this.norm2.call(f.x)))));
    f.x = t.transpose(t.reshape(f.x, [batch, channels, tokens]), [0, 2, 1]);
    return f.x;
  }
}

function tokens(f: X, height: number, width: number): Sized {
  f.x = t.transpose(t.flatten(f.x, 2), [0, 2, 1]);
  return [f.x, height, width];
}

/** A layer that makes tokens of an image. */
export type PatchEmbed = Layer<readonly [Tensor], Sized>;

/** Two strided convolutions: a quarter of the image's height and width. */
export class StemConv extends Layer<readonly [Tensor], Sized> {
  readonly proj: Sequential;

  constructor(inChannels: number, outChannels: number) {
    super();
    const half = Math.floor(outChannels / 2);
    this.proj = new Sequential(
      new Conv2D(inChannels, half, 3, { stride: 2, padding: 1 }),
      new BatchNorm2D(half),
      new GELU(),
      new Conv2D(half, outChannels, 3, { stride: 2, padding: 1 }),
      new BatchNorm2D(outChannels),
    );
  }

  forward(f: X, x: Tensor): Sized {
    f.x = this.proj.call(x);
    return tokens(f, ...f.x.hw);
  }
}

/** A strided convolution whose kernel is wider than its stride. */
export class OverlapPatchEmbed extends Layer<readonly [Tensor], Sized> {
  readonly proj: Conv2D;
  readonly norm: BatchNorm2D;

  constructor(patch: number, stride: number, inChannels: number, dim: number) {
    super();
    this.proj = new Conv2D(inChannels, dim, patch, { stride, padding: Math.floor(patch / 2) });
    this.norm = new BatchNorm2D(dim);
  }

  forward(f: X, x: Tensor): Sized {
    f.x = this.proj.call(x);
    const [height, width] = f.x.hw;
    f.x = this.norm.call(f.x);
    return tokens(f, height, width);
  }
}
