/** @file MixVisionTransformer B0 to B5, SegFormer's encoder (`paddleseg/models/backbones/mix_transformer.py`). */
import { scope } from "../../engine/frame.ts";
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import type { Args } from "../../nn/args.ts";
import { Layer, LayerList } from "../../nn/layer.ts";
import { LayerNorm } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import type { Backbone } from "./backbone.ts";
import { Block, OverlapPatchEmbed } from "./mix_transformer-blocks.ts";
import { depthRatesOnCard, refillAll } from "./transformer_utils.ts";

/** What tells the sizes apart. */
export interface MixPlan {
  readonly dims: readonly number[];
  readonly depths: readonly number[];
}

const wide = [64, 128, 320, 512];

/** B0 to B5 by number. */
export const mixPlans: readonly MixPlan[] = [
  { dims: [32, 64, 160, 256], depths: [2, 2, 2, 2] },
  { dims: wide, depths: [2, 2, 2, 2] },
  { dims: wide, depths: [3, 4, 6, 3] },
  { dims: wide, depths: [3, 4, 18, 3] },
  { dims: wide, depths: [3, 8, 27, 3] },
  { dims: wide, depths: [3, 6, 40, 3] },
];

/** Heads, MLP ratio and reduction of keys and values by stage: the same for all sizes. */
const heads = [1, 2, 5, 8];
const mlpRatio = 4;
const reductions = [8, 4, 2, 1];
const dropPathRate = 0.1;

interface Locals {
  x: Tensor;
  outs: PyList;
}

/** Four stages of overlapping patches and attention blocks; all four results. */
export class MixVisionTransformer extends Layer<readonly [Tensor], PyList> implements Backbone {
  readonly feat_channels: readonly number[];
  readonly patch_embed1: OverlapPatchEmbed;
  readonly patch_embed2: OverlapPatchEmbed;
  readonly patch_embed3: OverlapPatchEmbed;
  readonly patch_embed4: OverlapPatchEmbed;
  readonly block1: LayerList<Block>;
  readonly norm1: LayerNorm;
  readonly block2: LayerList<Block>;
  readonly norm2: LayerNorm;
  readonly block3: LayerList<Block>;
  readonly norm3: LayerNorm;
  readonly block4: LayerList<Block>;
  readonly norm4: LayerNorm;

  constructor(args: Args, { dims, depths }: MixPlan) {
    super();
    const channels = args.int("in_channels", 3);
    const attnDrop = args.number("attn_drop_rate", 0);
    args.ignore("img_size", "num_classes", "qk_scale");
    args.finish();
    this.feat_channels = dims;
    const [d1, d2, d3, d4] = [dims[0]!, dims[1]!, dims[2]!, dims[3]!];
    this.patch_embed1 = new OverlapPatchEmbed(7, 4, channels, d1);
    this.patch_embed2 = new OverlapPatchEmbed(3, 2, d1, d2);
    this.patch_embed3 = new OverlapPatchEmbed(3, 2, d2, d3);
    this.patch_embed4 = new OverlapPatchEmbed(3, 2, d3, d4);
    const rates = depthRatesOnCard(
      dropPathRate,
      depths.reduce((a, b) => a + b, 0),
    );
    const blocks = (stage: number): LayerList<Block> => {
      const options = { heads: heads[stage]!, mlpRatio, attnDrop, reduction: reductions[stage]! };
      const own = rates.splice(0, depths[stage]!);
      return new LayerList(own.map((rate) => new Block(dims[stage]!, rate, options)));
    };
    this.block1 = blocks(0);
    this.norm1 = new LayerNorm(d1);
    this.block2 = blocks(1);
    this.norm2 = new LayerNorm(d2);
    this.block3 = blocks(2);
    this.norm3 = new LayerNorm(d3);
    this.block4 = blocks(3);
    this.norm4 = new LayerNorm(d4);
    refillAll(this);
  }

  forward(f: { x: PyList }, x: Tensor): PyList {
    f.x = this.features(x);
    return f.x;
  }

  private features(x: Tensor): PyList {
    return scope({ x }, (f: Locals) => {
      f.outs = new PyList();
      this.stage(f, this.patch_embed1, this.block1, this.norm1);
      this.stage(f, this.patch_embed2, this.block2, this.norm2);
      this.stage(f, this.patch_embed3, this.block3, this.norm3);
      this.stage(f, this.patch_embed4, this.block4, this.norm4);
      return f.outs;
    });
  }

  private stage(f: Locals, embed: OverlapPatchEmbed, blocks: LayerList<Block>, norm: LayerNorm): void {
    const batch = f.x.dim(0);
    const [x, height, width] = embed.call(f.x);
    f.x = x;
    for (const block of blocks) f.x = block.call(f.x, height, width);
    f.x = norm.call(f.x);
    f.x = t.transpose(t.reshape(f.x, [batch, height, width, f.x.dim(-1)]), [0, 3, 1, 2]);
    f.outs.append(f.x);
  }
}
