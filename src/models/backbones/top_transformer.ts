/** @file TopTransformer (`paddleseg/models/backbones/top_transformer.py`): a pyramid of tokens, attention on their pool. */
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import type { Args } from "../../nn/args.ts";
import * as F from "../../nn/functional.ts";
import { type AnyLayer, Layer, LayerList, Sequential } from "../../nn/layer.ts";
import { Identity, ReLU } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { makeDivisible } from "../blocks/divisible.ts";
import type { Backbone } from "./backbone.ts";
import {
  BasicLayer,
  Conv2DBN,
  ConvBNAct,
  HSigmoid,
  type Inverted,
  InvertedResidual,
} from "./top_transformer-blocks.ts";
import { depthRatesOnCard } from "./transformer_utils.ts";

/** What tells the sizes apart. */
export interface TopPlan {
  readonly blocks: readonly Inverted[];
  readonly outIndices: readonly number[];
  /** Channels of every injected feature. */
  readonly injected: number;
  readonly heads: number;
}

function blocksOf(a: number, b: number, c: number, d: number, last: number): readonly Inverted[] {
  const blocks: Inverted[] = [
    [3, 1, 16, 1],
    [3, 4, a, 2],
    [3, 3, a, 1],
    [5, 3, b, 2],
    [5, 3, b, 1],
    [3, 3, c, 2],
    [3, 3, c, 1],
    [5, 6, d, 2],
    [5, 6, d, 1],
  ];
  for (let i = 0; i < last; i++) blocks.push([3, 6, d, 1]);
  return blocks;
}

export const topPlans: Readonly<Record<"Base" | "Small" | "Tiny", TopPlan>> = {
  Base: { blocks: blocksOf(32, 64, 128, 160, 1), outIndices: [2, 4, 6, 9], injected: 256, heads: 8 },
  Small: { blocks: blocksOf(24, 48, 96, 128, 1), outIndices: [2, 4, 6, 9], injected: 192, heads: 6 },
  Tiny: { blocks: blocksOf(16, 32, 64, 96, 0), outIndices: [2, 4, 6, 8], injected: 128, heads: 4 },
};

/** The same for all sizes: attention blocks, key width, ratios, the stage from which on features are injected. */
const [depth, keyDim, attnRatio, mlpRatio, firstInjected] = [4, 16, 2, 2, 1];
const stemChannels = 16;

class TokenPyramidModule extends Layer<readonly [Tensor], PyList> {
  readonly stem: Sequential;
  private readonly items: InvertedResidual[] = [];
  private readonly outIndices: readonly number[];

  constructor({ blocks, outIndices }: TopPlan, inChannels: number, learningRate: number) {
    super();
    this.outIndices = outIndices;
    const first = new Conv2DBN(inChannels, stemChannels, { kernel: 3, stride: 2, padding: 1, learningRate });
    this.stem = new Sequential(first, new ReLU());
    let from = stemChannels;
    for (const block of blocks) {
      const to = makeDivisible(block[2], 8);
      this.items.push(new InvertedResidual(from, to, block, learningRate));
      from = to;
    }
  }

  override *children(): Iterable<readonly [string, AnyLayer]> {
    yield ["stem", this.stem];
    for (const [i, item] of this.items.entries()) yield [`layer${i + 1}`, item];
  }

  forward(f: { outs: PyList; x: Tensor }, x: Tensor): PyList {
    f.outs = new PyList();
    f.x = this.stem.call(x);
    for (const [i, item] of this.items.entries()) {
      f.x = item.call(f.x);
      if (this.outIndices.includes(i)) f.outs.append(f.x);
    }
    return f.outs;
  }
}

/** All features pooled to the size of half the last, concatenated. */
class PyramidPoolAgg extends Layer<readonly [PyList]> {
  readonly tmp = new Identity();

  forward(f: { out: PyList; x: Tensor }, inputs: PyList): Tensor {
    f.out = new PyList();
    let size = 2 ** inputs.length;
    for (const x of inputs) {
      f.x = x;
      f.x = F.pool2d(f.x, { kernel: Math.floor(size), stride: Math.floor(size) });
      size /= 2;
      f.out.append(f.x);
    }
    return t.concat(f.out, 1);
  }
}

interface InjectionLocals {
  local_feat: Tensor;
  global_act: Tensor;
  sig_act: Tensor;
  global_feat: Tensor;
  out: Tensor;
}

class InjectionMultiSum extends Layer<readonly [Tensor, Tensor]> {
  readonly local_embedding: ConvBNAct;
  readonly global_embedding: ConvBNAct;
  readonly global_act: ConvBNAct;
  readonly act: HSigmoid;

  constructor(from: number, to: number, learningRate: number) {
    super();
    this.local_embedding = new ConvBNAct(from, to, { learningRate });
    this.global_embedding = new ConvBNAct(from, to, { learningRate });
    this.global_act = new ConvBNAct(from, to, { learningRate });
    this.act = new HSigmoid();
  }

  forward(f: InjectionLocals, low: Tensor, global: Tensor): Tensor {
    const size = low.hw;
    f.local_feat = this.local_embedding.call(low);
    f.global_act = this.global_act.call(global);
    f.sig_act = F.interpolate(this.act.call(f.global_act), size, { mode: "bilinear" });
    f.global_feat = this.global_embedding.call(global);
    f.global_feat = F.interpolate(f.global_feat, size, { mode: "bilinear" });
    f.out = t.add(t.multiply(f.local_feat, f.sig_act), f.global_feat);
    return f.out;
  }
}

interface Locals {
  outputs: PyList;
  out: Tensor;
  xx: readonly Tensor[];
  results: PyList;
  local_tokens: Tensor;
  global_semantics: Tensor;
  out_: Tensor;
}

/** `injection_out_channels`: channels of the features it returns. */
export class TopTransformer extends Layer<readonly [Tensor], PyList> implements Backbone {
  readonly feat_channels: readonly number[];
  readonly injection_out_channels: readonly number[];
  readonly tpm: TokenPyramidModule;
  readonly ppa: PyramidPoolAgg;
  readonly trans: BasicLayer;
  readonly SIM: LayerList<Identity | InjectionMultiSum>;

  constructor(args: Args, plan: TopPlan) {
    super();
    const learningRate = args.number("lr_mult", 1);
    const inChannels = args.int("in_channels", 3);
    args.finish();
    this.feat_channels = plan.outIndices.map((i) => plan.blocks[i]![2]);
    this.injection_out_channels = this.feat_channels.slice(firstInjected).map(() => plan.injected);
    const dim = this.feat_channels.reduce((a, b) => a + b, 0);
    this.tpm = new TokenPyramidModule(plan, inChannels, learningRate);
    this.ppa = new PyramidPoolAgg();
    const attention = { keyDim, heads: plan.heads, attnRatio, mlpRatio, learningRate };
    this.trans = new BasicLayer(dim, attention, depthRatesOnCard(0, depth));
    this.SIM = new LayerList(
      this.feat_channels.map((from, i) =>
        i < firstInjected ? new Identity() : new InjectionMultiSum(from, plan.injected, learningRate),
      ),
    );
  }

  forward(f: Locals, x: Tensor): PyList {
    f.outputs = this.tpm.call(x);
    f.out = this.ppa.call(f.outputs);
    f.out = this.trans.call(f.out);
    f.xx = t.split(f.out, this.feat_channels, 1);
    f.results = new PyList();
    for (const [i, injection] of [...this.SIM].entries()) {
      if (!(injection instanceof InjectionMultiSum)) continue;
      f.local_tokens = f.outputs.at(i);
      f.global_semantics = f.xx[i]!;
      f.out_ = injection.call(f.local_tokens, f.global_semantics);
      f.results.append(f.out_);
    }
    return f.results;
  }
}
