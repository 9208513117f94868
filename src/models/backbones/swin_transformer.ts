/** @file SwinTransformer (`paddleseg/models/backbones/swin_transformer.py`), for segmentation and as MaskFormer takes it. */
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { type Args, ArgumentError } from "../../nn/args.ts";
import { type AnyLayer, Layer, LayerList, refill, sublayers } from "../../nn/layer.ts";
import { Dropout, LayerNorm, Linear } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import type { Backbone } from "./backbone.ts";
import type { SwinOptions } from "./swin_transformer-attention.ts";
import { BasicLayer, PatchEmbed, type StageResult } from "./swin_transformer-blocks.ts";
import { depthRates } from "./transformer_utils.ts";

/** What the registered names fix. */
export interface SwinPlan {
  readonly dim: number;
  readonly depths: readonly number[];
  readonly heads: readonly number[];
  readonly window: number;
  /** The `_maskformer` variants fix these too: stochastic depth of 0.3, normalised patches. */
  readonly maskformer?: true;
}

const tiny = { dim: 96, depths: [2, 2, 6, 2], heads: [3, 6, 12, 24] };
const small = { dim: 96, depths: [2, 2, 18, 2], heads: [3, 6, 12, 24] };
const base = { dim: 128, depths: [2, 2, 18, 2], heads: [4, 8, 16, 32] };
const large = { dim: 192, depths: [2, 2, 18, 2], heads: [6, 12, 24, 48] };

/** Every registered name; the `_maskformer` ones do not tell their window by their name (384: 12). */
export const swinPlans: Readonly<Record<string, SwinPlan>> = {
  SwinTransformer_tiny_patch4_window7_224: { ...tiny, window: 7 },
  SwinTransformer_small_patch4_window7_224: { ...small, window: 7 },
  SwinTransformer_base_patch4_window7_224: { ...base, window: 7 },
  SwinTransformer_base_patch4_window12_384: { ...base, window: 12 },
  SwinTransformer_large_patch4_window7_224: { ...large, window: 7 },
  SwinTransformer_large_patch4_window12_384: { ...large, window: 12 },
  SwinTransformer_tiny_patch4_window7_224_maskformer: { ...tiny, window: 7, maskformer: true },
  SwinTransformer_small_patch4_window7_224_maskformer: { ...small, window: 7, maskformer: true },
  SwinTransformer_base_patch4_window7_384_maskformer: { ...base, window: 12, maskformer: true },
  SwinTransformer_large_patch4_window7_384_maskformer: { ...large, window: 12, maskformer: true },
};

interface Locals {
  x: Tensor;
  outs: PyList;
  stage: StageResult;
  x_out: Tensor;
  out: Tensor;
}

/** Image in, one feature map [N, C, H, W] for each of `out_indices`. */
export class SwinTransformer extends Layer<readonly [Tensor], PyList> implements Backbone {
  readonly feat_channels: readonly number[];
  /** Pixels of the image to one of each feature map: what `output_shape()` tells; only the `_maskformer` variants have it. */
  readonly strides: readonly number[] | undefined;
  readonly patch_embed: PatchEmbed;
  readonly pos_drop: Dropout;
  private readonly stages: LayerList<BasicLayer>;
  private readonly norms: ReadonlyMap<number, LayerNorm>;

  constructor(args: Args, plan?: SwinPlan) {
    super();
    const dim = plan?.dim ?? args.int("embed_dim", 96);
    const depths = plan?.depths ?? args.numbers("depths", tiny.depths);
    const heads = plan?.heads ?? args.numbers("num_heads", tiny.heads);
    const patch = args.int("patch_size", 4);
    const options: SwinOptions = {
      window: plan?.window ?? args.int("window_size", 7),
      mlpRatio: args.number("mlp_ratio", 4),
      qkvBias: args.boolean("qkv_bias", true),
      drop: args.number("drop_rate", 0),
      attnDrop: args.number("attn_drop_rate", 0),
    };
    const dropPath = plan?.maskformer ? 0.3 : args.number("drop_path_rate", 0.2);
    const channels = args.int("in_channels", 3);
    const normalised = plan?.maskformer ? true : args.boolean("patch_norm", true);
    const indices = args.numbers("out_indices", [0, 1, 2, 3]);
    // Frozen stages set an attribute that Paddle does not look at; qk_scale is a number in a product.
    args.ignore("frozen_stages", "qk_scale", ...(plan ? [] : ["pretrain_img_size"]));
    if (args.boolean("ape", false)) {
      throw new ArgumentError(args.type, "ape", "ape: true does not run in PaddleSeg (transpose(1, 2) is refused)");
    }
    args.finish();
    this.patch_embed = new PatchEmbed(patch, channels, dim, normalised);
    this.pos_drop = new Dropout(options.drop);
    const total = depths.reduce((a, b) => a + b, 0);
    const rates = depthRates(dropPath, total);
    this.stages = new LayerList();
    let before = 0;
    for (const [i, depth] of depths.entries()) {
      const own = rates.slice(before, before + depth);
      this.stages.append(new BasicLayer(dim * 2 ** i, heads[i]!, own, i < depths.length - 1, options));
      before += depth;
    }
    this.feat_channels = depths.map((_, i) => dim * 2 ** i);
    this.strides = plan?.maskformer ? depths.map((_, i) => patch * 2 ** i) : undefined;
    this.norms = new Map(indices.map((i) => [i, new LayerNorm(this.feat_channels[i]!)]));
    for (const layer of sublayers(this)) {
      if (layer instanceof Linear) refill(layer.weight, "truncated_gaussian_random");
    }
  }

  override *children(): Iterable<readonly [string, AnyLayer]> {
    yield ["patch_embed", this.patch_embed];
    yield ["pos_drop", this.pos_drop];
    yield ["layers", this.stages];
    for (const [i, norm] of this.norms) yield [`norm${i}`, norm];
  }

  forward(f: Locals, x: Tensor): PyList {
    f.x = this.patch_embed.call(x);
    let [height, width] = f.x.hw;
    f.x = t.transpose(t.flatten(f.x, 2), [0, 2, 1]);
    f.x = this.pos_drop.call(f.x);
    f.outs = new PyList();
    for (const [i, layer] of [...this.stages].entries()) {
      const [out, h, w, next, nextHeight, nextWidth] = layer.call(f.x, height, width);
      f.x_out = out;
      f.x = next;
      [height, width] = [nextHeight, nextWidth];
      const norm = this.norms.get(i);
      if (norm === undefined) continue;
      f.x_out = norm.call(f.x_out);
      f.out = t.transpose(t.reshape(f.x_out, [-1, h, w, this.feat_channels[i]!]), [0, 3, 1, 2]);
      f.outs.append(f.out);
    }
    return f.outs;
  }
}
