/** @file EfficientFormerV2 (`paddleseg/models/backbones/efficientformerv2.py`). */
import { scope } from "../../engine/frame.ts";
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { type Args, ArgumentError } from "../../nn/args.ts";
import { Layer, LayerList, Sequential } from "../../nn/layer.ts";
import { BatchNorm2D, Conv2D, GELU } from "../../nn/layers.ts";
import { normalConvolutions } from "../blocks/init-weight.ts";
import type { Backbone } from "./backbone.ts";
import { AttentionEmbedding, AttnFFN, Embedding, FFN } from "./efficientformerv2-blocks.ts";

/** What tells the sizes apart. */
export interface EfficientFormerPlan {
  readonly depths: readonly number[];
  readonly dims: readonly number[];
  /** MLP ratio of each block by stage. */
  readonly ratios: readonly (readonly number[])[];
  /** Blocks with attention at the end of each of the last two stages. */
  readonly attention: number;
  readonly dropPath: number;
}

const fours = (count: number): number[] => new Array<number>(count).fill(4);
const threes = (count: number): number[] => new Array<number>(count).fill(3);

export const efficientFormerPlans: Readonly<Record<"s0" | "s1" | "s2" | "l", EfficientFormerPlan>> = {
  s0: {
    depths: [2, 2, 6, 4],
    dims: [32, 48, 96, 176],
    ratios: [fours(2), fours(2), [4, 3, 3, 3, 4, 4], [4, 3, 3, 4]],
    attention: 2,
    dropPath: 0,
  },
  s1: {
    depths: [3, 3, 9, 6],
    dims: [32, 48, 120, 224],
    ratios: [fours(3), fours(3), [4, 4, ...threes(4), 4, 4, 4], [4, 4, 3, 3, 4, 4]],
    attention: 2,
    dropPath: 0,
  },
  s2: {
    depths: [4, 4, 12, 8],
    dims: [32, 64, 144, 288],
    ratios: [fours(4), fours(4), [4, 4, ...threes(6), ...fours(4)], [4, 4, ...threes(4), 4, 4]],
    attention: 4,
    dropPath: 0.02,
  },
  l: {
    depths: [5, 5, 15, 10],
    dims: [40, 80, 192, 384],
    ratios: [fours(5), fours(5), [...fours(4), ...threes(7), ...fours(4)], [4, 4, 4, ...threes(4), 4, 4, 4]],
    attention: 6,
    dropPath: 0.1,
  },
};

/** From this stage on there is attention. */
const firstAttention = 2;

function stem(image: number, dim: number): Sequential {
  const half = Math.floor(dim / 2);
  return new Sequential(
    new Conv2D(image, half, 3, { stride: 2, padding: 1 }),
    new BatchNorm2D(half),
    new GELU(),
    new Conv2D(half, dim, 3, { stride: 2, padding: 1 }),
    new BatchNorm2D(dim),
    new GELU(),
  );
}

/** The blocks of a stage; the rate of stochastic depth grows over all stages. */
function stage(index: number, plan: EfficientFormerPlan, resolution: number, dropRate: number): Sequential {
  const { depths, dims, ratios, attention, dropPath } = plan;
  const before = depths.slice(0, index).reduce((a, b) => a + b, 0);
  const total = depths.reduce((a, b) => a + b, 0);
  const blocks = ratios[index]!.map((mlpRatio, i) => {
    const options = { mlpRatio, dropRate, dropPath: (dropPath * (i + before)) / (total - 1) };
    const attends = index >= firstAttention && i > depths[index]! - 1 - attention;
    if (!attends) return new FFN(dims[index]!, options);
    return new AttnFFN(dims[index]!, resolution, index === firstAttention ? 2 : undefined, options);
  });
  return new Sequential(...blocks);
}

/** Any other argument is taken and ignored, as in Paddle's constructor. */
export class EfficientFormer extends Layer<readonly [Tensor], PyList> implements Backbone {
  readonly feat_channels: readonly number[];
  readonly patch_embed: Sequential;
  readonly network: LayerList<Layer>;

  constructor(args: Args, plan: EfficientFormerPlan) {
    super();
    const image = args.int("in_channels", 3);
    const resolution = args.int("resolution", 512);
    const dropRate = args.number("drop_rate", 0);
    args.string("mode", "multi_scale", ["multi_scale"]);
    if (!args.boolean("use_layer_scale", true)) {
      const reason = "use_layer_scale: False fails in PaddleSeg: its FFN has no token_mixer";
      throw new ArgumentError(args.type, "use_layer_scale", reason);
    }
    const { dims } = plan;
    this.feat_channels = dims;
    this.patch_embed = stem(image, dims[0]!);
    const network: Layer[] = [];
    for (const [i, dim] of dims.entries()) {
      const side = Math.ceil(resolution / 2 ** (i + 2));
      network.push(stage(i, plan, side, dropRate));
      const next = dims[i + 1];
      if (next === undefined) break;
      network.push(i >= firstAttention ? new AttentionEmbedding(dim, next, side) : new Embedding(dim, next));
    }
    this.network = new LayerList(network);
    normalConvolutions(this);
  }

  forward(f: { x: Tensor | PyList }, x: Tensor): PyList {
    const embedded = this.patch_embed.call(x);
    f.x = embedded;
    const outs = this.tokens(embedded);
    f.x = outs;
    return outs;
  }

  /** The results of the stages, which are every second layer. */
  private tokens(x: Tensor): PyList {
    return scope({ x }, (f: { x: Tensor; outs: PyList }) => {
      f.outs = new PyList();
      for (const [i, layer] of [...this.network].entries()) {
        f.x = layer.call(f.x);
        if (i % 2 === 0) f.outs.append(f.x);
      }
      return f.outs;
    });
  }
}
