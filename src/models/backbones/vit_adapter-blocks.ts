/** @file Blocks of ViTAdapter (`paddleseg/models/layers/vit_adapter_layers.py`): spatial prior, injector, extractor. */
import type { Tensor } from "../../engine/tensor.ts";
import { Layer, LayerList, Parameter, Sequential } from "../../nn/layer.ts";
import { Conv2D, Dropout, GELU, LayerNorm, Linear, Pool2D, ReLU, SyncBatchNorm } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { type DeformInputs, type DeformOptions, MSDeformAttn } from "../blocks/deformable-attention.ts";
import { stochasticDepth } from "./transformer_utils.ts";
import { Attention, type BlockOptions, Mlp } from "./vision_transformer-blocks.ts";

/** Attention and MLP of the plain transformer, each scaled where `layerScale` is set. */
export class Block extends Layer {
  readonly gamma1: Parameter | undefined;
  readonly gamma2: Parameter | undefined;
  readonly norm1: LayerNorm;
  readonly attn: Attention;
  readonly drop_path: Layer;
  readonly norm2: LayerNorm;
  readonly mlp: Mlp;

  constructor(dim: number, dropPath: number, layerScale: boolean, options: BlockOptions) {
    super();
    this.norm1 = new LayerNorm(dim);
    this.attn = new Attention(dim, options);
    this.drop_path = stochasticDepth(dropPath);
    this.norm2 = new LayerNorm(dim);
    this.mlp = new Mlp(dim, Math.floor(dim * options.mlpRatio), options.drop);
    const gamma = () => (layerScale ? new Parameter([dim], { initializer: "full" }) : undefined);
    this.gamma1 = gamma();
    this.gamma2 = gamma();
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    const scaled = (gamma: Parameter | undefined, y: Tensor) => (gamma === undefined ? y : t.multiply(gamma, y));
    f.x = t.add(x, this.drop_path.call(scaled(this.gamma1, this.attn.call(this.norm1.call(x)))));
    f.x = t.add(f.x, this.drop_path.call(scaled(this.gamma2, this.mlp.call(this.norm2.call(f.x)))));
    return f.x;
  }
}

/** Tokens of three levels in a row, 16 : 4 : 1, with the height and width of the middle one. */
type Sized = readonly [x: Tensor, height: number, width: number];

/** One depthwise convolution over the three levels. */
class DWConv extends Layer<Sized> {
  readonly dwconv: Conv2D;

  constructor(dim: number) {
    super();
    this.dwconv = new Conv2D(dim, dim, 3, { padding: 1, groups: dim });
  }

  forward(f: { x1: Tensor; x2: Tensor; x3: Tensor; x: Tensor }, x: Tensor, height: number, width: number): Tensor {
    const [batch, tokens, channels] = [x.dim(0), x.dim(1), x.dim(2)];
    // 21 = 16 + 4 + 1.
    const n = Math.floor(tokens / 21);
    const image = (from: number, to: number, scale: number) => {
      const part = t.transpose(t.slice(x, 1, from, to), [0, 2, 1]);
      return t.reshape(part, [batch, channels, Math.floor(height * scale), Math.floor(width * scale)]);
    };
    const convolved = (y: Tensor) => t.transpose(t.flatten(this.dwconv.call(y), 2), [0, 2, 1]);
    f.x1 = image(0, 16 * n, 2);
    f.x2 = image(16 * n, 20 * n, 1);
    f.x3 = image(20 * n, tokens, 0.5);
    f.x1 = convolved(f.x1);
    f.x2 = convolved(f.x2);
    f.x3 = convolved(f.x3);
    f.x = t.concat([f.x1, f.x2, f.x3], 1);
    return f.x;
  }
}

class ConvFFN extends Layer<Sized> {
  readonly fc1: Linear;
  readonly dwconv: DWConv;
  readonly act: GELU;
  readonly fc2: Linear;
  readonly drop: Dropout;

  constructor(dim: number, hidden: number) {
    super();
    this.fc1 = new Linear(dim, hidden);
    this.dwconv = new DWConv(hidden);
    this.act = new GELU();
    this.fc2 = new Linear(hidden, dim);
    this.drop = new Dropout(0);
  }

  forward(f: { x: Tensor }, x: Tensor, height: number, width: number): Tensor {
    f.x = this.fc1.call(x);
    f.x = this.dwconv.call(f.x, height, width);
    f.x = this.act.call(f.x);
    f.x = this.drop.call(f.x);
    f.x = this.fc2.call(f.x);
    f.x = this.drop.call(f.x);
    return f.x;
  }
}

/** Sizes that all interactions share. */
export interface InteractionOptions extends Omit<DeformOptions, "levels"> {
  readonly dropPath: number;
  /** Hidden width of the extractor's MLP against the model's; undefined: none. */
  readonly ffnRatio: number | undefined;
}

/** The spatial features look at the transformer's. */
class Extractor extends Layer<readonly [Tensor, DeformInputs, Tensor, number, number]> {
  readonly query_norm: LayerNorm;
  readonly feat_norm: LayerNorm;
  readonly attn: MSDeformAttn;
  readonly ffn: ConvFFN | undefined;
  readonly ffn_norm: LayerNorm | undefined;
  readonly drop_path: Layer | undefined;

  constructor(dim: number, options: InteractionOptions) {
    super();
    this.query_norm = new LayerNorm(dim);
    this.feat_norm = new LayerNorm(dim);
    this.attn = new MSDeformAttn(dim, { ...options, levels: 1 });
    if (options.ffnRatio === undefined) return;
    this.ffn = new ConvFFN(dim, Math.floor(dim * options.ffnRatio));
    this.ffn_norm = new LayerNorm(dim);
    this.drop_path = stochasticDepth(options.dropPath);
  }

  forward(
    f: { query: Tensor; attn: Tensor },
    query: Tensor,
    inputs: DeformInputs,
    features: Tensor,
    height: number,
    width: number,
  ): Tensor {
    f.query = query;
    const normed = this.query_norm.call(f.query);
    f.attn = this.attn.call(normed, inputs, this.feat_norm.call(features));
    f.query = t.add(f.query, f.attn);
    if (this.ffn && this.ffn_norm && this.drop_path) {
      const mixed = this.ffn.call(this.ffn_norm.call(f.query), height, width);
      f.query = t.add(f.query, this.drop_path.call(mixed));
    }
    return f.query;
  }
}

/** The transformer's features look at the spatial ones. */
class Injector extends Layer<readonly [Tensor, DeformInputs, Tensor]> {
  readonly gamma: Parameter;
  readonly query_norm: LayerNorm;
  readonly feat_norm: LayerNorm;
  readonly attn: MSDeformAttn;

  constructor(dim: number, options: InteractionOptions) {
    super();
    this.query_norm = new LayerNorm(dim);
    this.feat_norm = new LayerNorm(dim);
    this.attn = new MSDeformAttn(dim, { ...options, levels: 3 });
    this.gamma = new Parameter([dim], { initializer: "full" });
  }

  forward(f: { attn: Tensor }, query: Tensor, inputs: DeformInputs, features: Tensor): Tensor {
    const normed = this.query_norm.call(query);
    f.attn = this.attn.call(normed, inputs, this.feat_norm.call(features));
    return t.add(query, t.multiply(this.gamma, f.attn));
  }
}

/** What an interaction gets beside the features: its own blocks of the transformer, the places, height and width. */
export interface InteractionInputs {
  readonly blocks: readonly Block[];
  readonly first: DeformInputs;
  readonly second: DeformInputs;
  readonly height: number;
  readonly width: number;
}

/** Injector, blocks of the transformer, extractor; after the last one two more extractors. */
export class InteractionBlock extends Layer<readonly [Tensor, Tensor, InteractionInputs], readonly [Tensor, Tensor]> {
  readonly injector: Injector;
  readonly extractor: Extractor;
  readonly extra_extractors: LayerList<Extractor> | undefined;

  constructor(dim: number, extra: boolean, options: InteractionOptions) {
    super();
    this.injector = new Injector(dim, options);
    this.extractor = new Extractor(dim, options);
    if (extra) this.extra_extractors = new LayerList([new Extractor(dim, options), new Extractor(dim, options)]);
  }

  forward(f: { x: Tensor; c: Tensor }, x: Tensor, c: Tensor, inputs: InteractionInputs): readonly [Tensor, Tensor] {
    const { blocks, first, second, height, width } = inputs;
    f.x = x;
    f.c = c;
    f.x = this.injector.call(f.x, first, f.c);
    for (const block of blocks) f.x = block.call(f.x);
    f.c = this.extractor.call(f.c, second, f.x, height, width);
    for (const extra of this.extra_extractors ?? []) f.c = extra.call(f.c, second, f.x, height, width);
    return [f.x, f.c];
  }
}

function stage(from: number, to: number, stride: number): Layer[] {
  return [new Conv2D(from, to, 3, { stride, padding: 1, bias: false }), new SyncBatchNorm(to), new ReLU()];
}

interface PriorLocals {
  c1: Tensor;
  c2: Tensor;
  c3: Tensor;
  c4: Tensor;
}

/** A small convolutional network: a map at 1/4, and tokens at 1/8, 1/16 and 1/32. */
export class SpatialPriorModule extends Layer<readonly [Tensor], readonly [Tensor, Tensor, Tensor, Tensor]> {
  readonly stem: Sequential;
  readonly conv2: Sequential;
  readonly conv3: Sequential;
  readonly conv4: Sequential;
  readonly fc1: Conv2D;
  readonly fc2: Conv2D;
  readonly fc3: Conv2D;
  readonly fc4: Conv2D;

  constructor(planes: number, dim: number) {
    super();
    const pool = () => new Pool2D(3, { stride: 2, padding: 1 });
    this.stem = new Sequential(
      ...stage(3, planes, 2),
      ...stage(planes, planes, 1),
      ...stage(planes, planes, 1),
      pool(),
    );
    this.conv2 = new Sequential(...stage(planes, 2 * planes, 2));
    this.conv3 = new Sequential(...stage(2 * planes, 4 * planes, 2));
    this.conv4 = new Sequential(...stage(4 * planes, 4 * planes, 2));
    this.fc1 = new Conv2D(planes, dim, 1);
    this.fc2 = new Conv2D(2 * planes, dim, 1);
    this.fc3 = new Conv2D(4 * planes, dim, 1);
    this.fc4 = new Conv2D(4 * planes, dim, 1);
  }

  forward(f: PriorLocals, x: Tensor): readonly [Tensor, Tensor, Tensor, Tensor] {
    f.c1 = this.stem.call(x);
    f.c2 = this.conv2.call(f.c1);
    f.c3 = this.conv3.call(f.c2);
    f.c4 = this.conv4.call(f.c3);
    f.c1 = this.fc1.call(f.c1);
    f.c2 = this.fc2.call(f.c2);
    f.c3 = this.fc3.call(f.c3);
    f.c4 = this.fc4.call(f.c4);
    const [batch, dim] = [f.c1.dim(0), f.c1.dim(1)];
    const tokens = (y: Tensor) => t.transpose(t.reshape(y, [batch, dim, -1]), [0, 2, 1]);
    f.c2 = tokens(f.c2);
    f.c3 = tokens(f.c3);
    f.c4 = tokens(f.c4);
    return [f.c1, f.c2, f.c3, f.c4];
  }
}
