/** @file SeaFormer (`paddleseg/models/backbones/seaformer.py`): inverted residuals, then axial attention on the last stages. */
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import type { Args } from "../../nn/args.ts";
import * as F from "../../nn/functional.ts";
import { type AnyLayer, Lambda, Layer, Sequential } from "../../nn/layer.ts";
import { ReLU } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { ConvBN } from "../blocks/conv.ts";
import { makeDivisible } from "../blocks/divisible.ts";
import { normalConvolutions } from "../blocks/init-weight.ts";
import { SeaBlocks, type SeaParts } from "../blocks/sea-attention.ts";
import type { Backbone } from "./backbone.ts";
import { depthRatesOnCard } from "./transformer_utils.ts";

/** Kernel, expansion, channels, stride of an inverted residual. */
type Inverted = readonly [kernel: number, expansion: number, channels: number, stride: number];

/** What tells the sizes apart. */
export interface SeaFormerPlan {
  readonly stages: readonly (readonly Inverted[])[];
  readonly stem: number;
  readonly dims: readonly number[];
  readonly keyDims: readonly number[];
  readonly mlpRatios: readonly number[];
  readonly depth: number;
  readonly heads: number;
}

function stagesOf(a: number, b: number, c: number, d: number, e: number): SeaFormerPlan["stages"] {
  return [
    [
      [3, 1, 16, 1],
      [3, 4, a, 2],
      [3, 3, a, 1],
    ],
    [
      [5, 3, b, 2],
      [5, 3, b, 1],
    ],
    [
      [3, 3, c, 2],
      [3, 3, c, 1],
    ],
    [[5, 4, d, 2]],
    [[3, 6, e, 2]],
  ];
}

/** Tiny has 3 in place of 4 in the fourth stage; large has other expansions. */
const tiny: SeaFormerPlan["stages"] = [
  ...stagesOf(16, 32, 64, 128, 160).slice(0, 3),
  [[5, 3, 128, 2]],
  [[3, 6, 160, 2]],
];
const large: SeaFormerPlan["stages"] = [
  [
    [3, 3, 32, 1],
    [3, 4, 64, 2],
    [3, 4, 64, 1],
  ],
  [
    [5, 4, 128, 2],
    [5, 4, 128, 1],
  ],
  [
    [3, 4, 192, 2],
    [3, 4, 192, 1],
  ],
  [[5, 4, 256, 2]],
  [[3, 6, 320, 2]],
];

const two = { stem: 16, keyDims: [16, 24], mlpRatios: [2, 4] };

export const seaFormerPlans: Readonly<Record<"tiny" | "small" | "base" | "large", SeaFormerPlan>> = {
  tiny: { ...two, stages: tiny, dims: [128, 160], depth: 2, heads: 4 },
  small: { ...two, stages: stagesOf(24, 48, 96, 160, 192), dims: [160, 192], depth: 3, heads: 6 },
  base: { ...two, stages: stagesOf(32, 64, 128, 192, 256), dims: [192, 256], depth: 4, heads: 8 },
  large: {
    stages: large,
    stem: 32,
    dims: [192, 256, 320],
    keyDims: [16, 20, 24],
    mlpRatios: [2, 4, 6],
    depth: 3,
    heads: 8,
  },
};

const attnRatio = 2;

const parts: SeaParts = {
  conv: (from, to, depthwise = false) =>
    depthwise
      ? new ConvBN(from, to, 3, { stride: 1, padding: 1, groups: from, bias: false })
      : new ConvBN(from, to, 1, { bias: false }),
  gate: () => new Lambda(F.hardsigmoid),
  positions: "assigned",
  halved: false,
};

class InvertedResidual extends Layer {
  readonly conv: Sequential;
  private readonly residual: boolean;

  constructor(from: number, to: number, [kernel, expansion, , stride]: Inverted) {
    super();
    const hidden = Math.round(from * expansion);
    this.residual = stride === 1 && from === to;
    this.conv = new Sequential();
    if (expansion !== 1) {
      this.conv.append(new ConvBN(from, hidden, 1, { bias: false }));
      this.conv.append(new ReLU());
    }
    const padding = Math.floor(kernel / 2);
    this.conv.append(new ConvBN(hidden, hidden, kernel, { stride, padding, groups: hidden, bias: false }));
    this.conv.append(new ReLU());
    this.conv.append(new ConvBN(hidden, to, 1, { bias: false }));
  }

  forward(_f: object, x: Tensor): Tensor {
    return this.residual ? t.add(x, this.conv.call(x)) : this.conv.call(x);
  }
}

class StackedMV2Block extends Layer {
  readonly stem_block: Sequential | undefined;
  private readonly items: InvertedResidual[] = [];

  constructor(blocks: readonly Inverted[], from: number, image: number | undefined) {
    super();
    if (image !== undefined) {
      this.stem_block = new Sequential(new ConvBN(image, from, 3, { stride: 2, padding: 1, bias: false }), new ReLU());
    }
    let channels = from;
    for (const block of blocks) {
      const to = makeDivisible(block[2], 8);
      this.items.push(new InvertedResidual(channels, to, block));
      channels = to;
    }
  }

  override *children(): Iterable<readonly [string, AnyLayer]> {
    if (this.stem_block) yield ["stem_block", this.stem_block];
    for (const [i, item] of this.items.entries()) yield [`layer${i + 1}`, item];
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = this.stem_block ? this.stem_block.call(x) : x;
    for (const item of this.items) f.x = item.call(f.x);
    return f.x;
  }
}

export class SeaFormer extends Layer<readonly [Tensor], PyList> implements Backbone {
  readonly feat_channels: readonly number[];
  private readonly smb: StackedMV2Block[];
  private readonly trans: SeaBlocks[];

  constructor(args: Args, plan: SeaFormerPlan) {
    super();
    const inChannels = args.int("in_channels", 3);
    const dropPath = args.number("drop_path_rate", 0.1);
    args.finish();
    const ends = plan.stages.map((stage) => stage.at(-1)![2]);
    this.feat_channels = [ends[1]!, ...plan.dims];
    this.smb = plan.stages.map((blocks, i) =>
      i === 0
        ? new StackedMV2Block(blocks, plan.stem, inChannels)
        : new StackedMV2Block(blocks, ends[i - 1]!, undefined),
    );
    this.trans = plan.dims.map((dim, i) => {
      const { heads, keyDims, mlpRatios, depth } = plan;
      const attention = { keyDim: keyDims[i]!, heads, attnRatio, mlpRatio: mlpRatios[i]! };
      return new SeaBlocks(dim, attention, depthRatesOnCard(dropPath, depth), parts);
    });
    normalConvolutions(this);
  }

  override *children(): Iterable<readonly [string, AnyLayer]> {
    for (const [i, layer] of this.smb.entries()) yield [`smb${i + 1}`, layer];
    for (const [i, layer] of this.trans.entries()) yield [`trans${i + 1}`, layer];
  }

  forward(f: { outputs: PyList; x: Tensor }, x: Tensor): PyList {
    f.outputs = new PyList();
    f.x = x;
    const first = this.smb.length - this.trans.length;
    for (const [i, stage] of this.smb.entries()) {
      f.x = stage.call(f.x);
      if (i === 1) f.outputs.append(f.x);
      const trans = this.trans[i - first];
      if (trans === undefined) continue;
      f.x = trans.call(f.x);
      f.outputs.append(f.x);
    }
    return f.outputs;
  }
}
