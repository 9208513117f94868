/** @file SETR's naive and progressive upsampling heads. */
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import { type AnyLayer, Layer, LayerList, parameters, Sequential } from "../nn/layer.ts";
import { Conv2D, LayerNorm, Upsample } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import { ConvBNReLU } from "./blocks/conv.ts";

export type Grid = readonly [number, number];

/** All tokens of the chosen blocks in, logits out. */
export type TokenHead = Layer<readonly [PyList, Grid], PyList>;

/** `[layer] * count`: one layer under several names. */
export function repeated<T extends AnyLayer>(count: number, make: () => T): LayerList<T> {
  const one = make();
  return new LayerList(new Array<T>(count).fill(one));
}

/** Tokens normalised, as an image (a view). */
export function normalized(norm: LayerNorm, tokens: Tensor, dim: number, [height, width]: Grid): Tensor {
  return t.reshape(t.transpose(norm.call(tokens), [0, 2, 1]), [0, dim, height, width]);
}

interface Locals {
  logits: PyList;
  feat: Tensor;
}

/** The last block's tokens give the logits, the others' those of auxiliary losses; the head learns faster. */
abstract class AuxiliaryHead extends Layer<readonly [PyList, Grid], PyList> {
  abstract readonly cls_head_norm: LayerNorm;
  abstract readonly cls_head: Sequential;
  abstract readonly aux_head_norms: LayerList<LayerNorm>;
  abstract readonly aux_heads: LayerList<Sequential>;
  protected readonly dim: number;
  private readonly indices: readonly number[];
  private readonly learningRate: number;

  constructor(args: Args, indices: readonly number[], dim: number) {
    super();
    this.dim = dim;
    this.indices = indices;
    this.learningRate = args.number("lr_multiple", 10);
  }

  protected learnFaster(): void {
    for (const parameter of parameters(this)) parameter.learningRate = this.learningRate;
  }

  forward(f: Locals, x: PyList, grid: Grid): PyList {
    f.logits = new PyList();
    f.feat = x.at(this.indices.at(-1)!);
    f.feat = normalized(this.cls_head_norm, f.feat, this.dim, grid);
    f.logits.append(this.cls_head.call(f.feat));
    if (!this.training) return f.logits;
    for (const [i, head] of [...this.aux_heads].entries()) {
      f.feat = x.at(this.indices[i]!);
      f.feat = normalized(this.aux_head_norms.at(i), f.feat, this.dim, grid);
      f.logits.append(head.call(f.feat));
    }
    return f.logits;
  }
}

/** Width between the two layers of a head. */
const inner = 256;

/** Two pointwise convolutions. */
export class NaiveHead extends AuxiliaryHead {
  readonly cls_head_norm: LayerNorm;
  readonly cls_head: Sequential;
  readonly aux_head_norms: LayerList<LayerNorm>;
  readonly aux_heads: LayerList<Sequential>;

  constructor(args: Args, classes: number, indices: readonly number[], dim: number) {
    super(args, indices, dim);
    const head = () => new Sequential(new ConvBNReLU(dim, inner, 1), new Conv2D(inner, classes, 1));
    this.cls_head_norm = new LayerNorm(dim);
    this.cls_head = head();
    this.aux_head_norms = repeated(indices.length - 1, () => new LayerNorm(dim));
    this.aux_heads = repeated(indices.length - 1, head);
    this.learnFaster();
  }
}

function upsample(scaleFactor: number): Upsample {
  return new Upsample({ scaleFactor }, { mode: "bilinear" });
}

/** Convolutions with an upsampling by 2 after each of the first three. */
export class PUPHead extends AuxiliaryHead {
  readonly cls_head_norm: LayerNorm;
  readonly cls_head: Sequential;
  readonly aux_head_norms: LayerList<LayerNorm>;
  readonly aux_heads: LayerList<Sequential>;

  constructor(args: Args, classes: number, indices: readonly number[], dim: number) {
    super(args, indices, dim);
    const convolution = (from: number) => new ConvBNReLU(from, inner, 3, { padding: 1 });
    this.cls_head_norm = new LayerNorm(dim);
    this.cls_head = new Sequential(
      convolution(dim),
      upsample(2),
      convolution(inner),
      upsample(2),
      convolution(inner),
      upsample(2),
      convolution(inner),
      new Conv2D(inner, classes, 1),
    );
    this.aux_head_norms = repeated(indices.length, () => new LayerNorm(dim));
    const auxiliary = () => new Sequential(convolution(dim), upsample(4), new Conv2D(inner, classes, 1));
    this.aux_heads = repeated(indices.length, auxiliary);
    this.learnFaster();
  }
}
