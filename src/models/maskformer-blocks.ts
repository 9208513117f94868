/** @file Parts of MaskFormer: pixel decoder, sine positions, transformer decoder, MLP. */
import { drop, PyList, release } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import * as F from "../nn/functional.ts";
import { type AnyLayer, Layer, LayerList, parameters, refill, sublayers } from "../nn/layer.ts";
import { Conv2D, type ConvLayerOptions, Dropout, GroupNorm, LayerNorm, Linear, ReLU } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import { Activation } from "./blocks/activation.ts";
import { MultiHeadAttention } from "./blocks/multi-head-attention.ts";

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

/** What both kinds of transformer layer are made of. */
interface Widths {
  readonly dim: number;
  readonly heads: number;
  readonly hidden: number;
  readonly dropout: number;
}

/** Made when the transformer is built and dropped again: MaskFormer's encoder has no layers. */
class EncoderLayer extends Layer<never, never> {
  readonly self_attn: MultiHeadAttention;
  readonly linear1: Linear;
  readonly linear2: Linear;
  readonly norm1: LayerNorm;
  readonly norm2: LayerNorm;

  constructor({ dim, heads, hidden, dropout }: Widths) {
    super();
    this.self_attn = new MultiHeadAttention(dim, heads, dropout);
    this.linear1 = new Linear(dim, hidden);
    this.linear2 = new Linear(hidden, dim);
    this.norm1 = new LayerNorm(dim);
    this.norm2 = new LayerNorm(dim);
    for (const projection of this.self_attn.projections()) refill(projection.weight, "uniform");
    fillLinear(this.linear1);
    fillLinear(this.linear2);
  }

  forward(): never {
    throw new Error("MaskFormer's encoder has no layers");
  }
}

interface DecoderLocals {
  tgt: Tensor;
  q: Tensor;
  k: Tensor;
  attn: Tensor;
  v: Tensor;
}

/** Queries [Q, N, C], memory [HW, N, C], its positions, the queries' positions. */
type DecoderArguments = readonly [tgt: Tensor, memory: Tensor, pos: Tensor, queryPos: Tensor];

/** Self attention, attention over the image, MLP; each added to what came in and normalised. */
class DecoderLayer extends Layer<DecoderArguments> {
  readonly self_attn: MultiHeadAttention;
  readonly multihead_attn: MultiHeadAttention;
  readonly linear1: Linear;
  readonly dropout: Dropout;
  readonly linear2: Linear;
  readonly norm1: LayerNorm;
  readonly norm2: LayerNorm;
  readonly norm3: LayerNorm;
  readonly dropout1: Dropout;
  readonly dropout2: Dropout;
  readonly dropout3: Dropout;
  readonly activation: ReLU;

  constructor({ dim, heads, hidden, dropout }: Widths) {
    super();
    this.self_attn = new MultiHeadAttention(dim, heads, dropout);
    this.multihead_attn = new MultiHeadAttention(dim, heads, dropout);
    this.linear1 = new Linear(dim, hidden);
    this.dropout = new Dropout(dropout);
    this.linear2 = new Linear(hidden, dim);
    this.norm1 = new LayerNorm(dim);
    this.norm2 = new LayerNorm(dim);
    this.norm3 = new LayerNorm(dim);
    this.dropout1 = new Dropout(dropout);
    this.dropout2 = new Dropout(dropout);
    this.dropout3 = new Dropout(dropout);
    this.activation = new ReLU();
  }

  forward(f: DecoderLocals, tgt: Tensor, memory: Tensor, pos: Tensor, queryPos: Tensor): Tensor {
    const swapped = (x: Tensor) => t.transpose(x, [1, 0, 2]);
    f.tgt = tgt;
    f.q = swapped(t.add(f.tgt, queryPos));
    f.k = f.q;
    f.tgt = swapped(f.tgt);
    f.attn = swapped(this.self_attn.call(f.q, f.k, f.tgt));
    f.tgt = swapped(f.tgt);
    f.tgt = t.add(f.tgt, this.dropout1.call(f.attn));
    f.tgt = this.norm1.call(f.tgt);
    f.q = swapped(t.add(f.tgt, queryPos));
    f.k = swapped(t.add(memory, pos));
    f.v = swapped(memory);
    f.attn = swapped(this.multihead_attn.call(f.q, f.k, f.v));
    f.tgt = t.add(f.tgt, this.dropout2.call(f.attn));
    f.tgt = this.norm2.call(f.tgt);
    f.attn = this.linear2.call(this.dropout.call(this.activation.call(this.linear1.call(f.tgt))));
    f.tgt = t.add(f.tgt, this.dropout3.call(f.attn));
    f.tgt = this.norm3.call(f.tgt);
    return f.tgt;
  }
}

/** The decoder's layers; every layer's result is normalised and kept: [layers, Q, N, C]. */
class TransformerDecoder extends Layer<DecoderArguments> {
  readonly decoder_list: LayerList<DecoderLayer>;
  readonly norm: LayerNorm;

  constructor(layers: Iterable<DecoderLayer>, norm: LayerNorm) {
    super();
    this.decoder_list = new LayerList(layers);
    this.norm = norm;
  }

  forward(
    f: { output: Tensor; intermediate: PyList },
    tgt: Tensor,
    memory: Tensor,
    pos: Tensor,
    queryPos: Tensor,
  ): Tensor {
    f.output = tgt;
    f.intermediate = new PyList();
    for (const layer of this.decoder_list) {
      f.output = layer.call(f.output, memory, pos, queryPos);
      f.intermediate.append(this.norm.call(f.output));
    }
    f.output = this.norm.call(f.output);
    drop(f.intermediate.pop());
    f.intermediate.append(f.output);
    return t.stack(f.intermediate);
  }
}

/** An encoder without layers: what comes in goes out. */
class TransformerEncoder extends Layer<readonly [Tensor, Tensor]> {
  forward(_f: object, src: Tensor): Tensor {
    return src;
  }
}

interface TransformerLocals {
  src: Tensor;
  pos_embed: Tensor;
  query_embed: Tensor;
  tgt: Tensor;
  memory: Tensor;
  hs: Tensor;
}

/** Image features, the queries' embedding [Q, C], positions; to [layers, N, Q, C] and the memory [N, C, H, W]. */
export class Transformer extends Layer<readonly [Tensor, Tensor, Tensor], readonly [Tensor, Tensor]> {
  readonly encoder: TransformerEncoder;
  readonly decoder: TransformerDecoder;

  constructor(layers: number, widths: Widths) {
    super();
    const encoderLayer = new EncoderLayer(widths);
    this.encoder = new TransformerEncoder();
    const decoderLayer = new DecoderLayer(widths);
    const norm = new LayerNorm(widths.dim);
    // Copies (`copy.deepcopy`) take their memory in the order in which the layer was made.
    this.decoder = new TransformerDecoder(
      Array.from({ length: layers }, () => new DecoderLayer(widths)),
      norm,
    );
    for (const layer of this.decoder.decoder_list) {
      refill(layer.linear1.weight, "uniform");
      refill(layer.linear2.weight, "uniform");
    }
    for (const layer of [encoderLayer, decoderLayer]) for (const p of parameters(layer)) release(p);
  }

  forward(f: TransformerLocals, src: Tensor, queryEmbed: Tensor, posEmbed: Tensor): readonly [Tensor, Tensor] {
    const [batch, channels, [height, width]] = [src.dim(0), src.dim(1), src.hw];
    f.src = t.transpose(t.flatten(src, 2), [2, 0, 1]);
    f.pos_embed = t.transpose(t.flatten(posEmbed, 2), [2, 0, 1]);
    f.query_embed = t.stack(new Array<Tensor>(batch).fill(queryEmbed), 1);
    f.tgt = t.fullLike(f.query_embed);
    f.memory = this.encoder.call(f.src, f.pos_embed);
    f.hs = this.decoder.call(f.tgt, f.memory, f.pos_embed, f.query_embed);
    const hs = t.transpose(f.hs, [0, 2, 1, 3]);
    return [hs, t.reshape(t.transpose(f.memory, [1, 2, 0]), [batch, channels, height, width])];
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
