/** @file MaskFormer's transformer: an encoder without layers, and a decoder that keeps every layer's result. */
import { drop, PyList, release } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import { Layer, LayerList, parameters, refill } from "../nn/layer.ts";
import { Dropout, LayerNorm, Linear, ReLU } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import { MultiHeadAttention } from "./blocks/multi-head-attention.ts";
import { fillLinear } from "./maskformer-blocks.ts";

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
