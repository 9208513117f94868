/** @file VisionTransformer (`paddleseg/models/backbones/vision_transformer.py`). */
import { scope } from "../../engine/frame.ts";
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import type { Args } from "../../nn/args.ts";
import * as F from "../../nn/functional.ts";
import { Layer, LayerList, Parameter } from "../../nn/layer.ts";
import { Conv2D, Dropout, LayerNorm } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import type { Backbone } from "./backbone.ts";
import { depthRates } from "./transformer_utils.ts";
import { Block } from "./vision_transformer-blocks.ts";

/** Python's end of a slice that goes to the end. */
const toTheEnd = Number.MAX_SAFE_INTEGER;

/** A convolution as long as its stride. */
export class PatchEmbed extends Layer {
  readonly proj: Conv2D;

  constructor(patch: number, channels: number, dim: number) {
    super();
    this.proj = new Conv2D(channels, dim, patch, { stride: patch });
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = this.proj.call(x);
    return f.x;
  }
}

interface Locals {
  x: Tensor;
  cls_tokens: Tensor;
  res: PyList;
}

/** What one of the named sizes sets. */
export interface VitPlan {
  readonly image: number;
  readonly patch: number;
  readonly dim: number;
  readonly depth: number;
  readonly heads: number;
  readonly mlpRatio: number;
  readonly qkvBias: boolean;
}

/** The class's own defaults. */
export const vitDefaults: VitPlan = {
  image: 224,
  patch: 16,
  dim: 768,
  depth: 12,
  heads: 12,
  mlpRatio: 4,
  qkvBias: false,
};

const large = { dim: 1024, depth: 24, heads: 16, qkvBias: true };
const huge = { dim: 1280, depth: 32, heads: 16 };

/** The named sizes. */
export const vitPlans: Readonly<Record<string, VitPlan>> = {
  ViT_small_patch16_224: { ...vitDefaults, depth: 8, heads: 8, mlpRatio: 3 },
  ViT_base_patch16_224: { ...vitDefaults, qkvBias: true },
  ViT_base_patch16_384: { ...vitDefaults, image: 384, qkvBias: true },
  ViT_base_patch32_384: { ...vitDefaults, image: 384, patch: 32, qkvBias: true },
  ViT_large_patch16_224: { ...vitDefaults, ...large },
  ViT_large_patch16_384: { ...vitDefaults, ...large, image: 384 },
  ViT_large_patch32_384: { ...vitDefaults, ...large, image: 384, patch: 32 },
  ViT_huge_patch16_224: { ...vitDefaults, ...huge },
  ViT_huge_patch32_384: { ...vitDefaults, ...huge, image: 384, patch: 32 },
};

/** All blocks' tokens without the class token, as views. `embed_dim` is their width, `grid` the patches of an image. */
export class VisionTransformer extends Layer<readonly [Tensor], PyList> implements Backbone {
  readonly pos_embed: Parameter;
  readonly cls_token: Parameter;
  readonly feat_channels: readonly number[];
  readonly embed_dim: number;
  readonly patch_embed: PatchEmbed;
  readonly pos_drop: Dropout;
  readonly blocks: LayerList<Block>;
  readonly norm: LayerNorm | undefined;
  private readonly patch: number;
  private readonly side: number;

  /** Any other argument is taken and ignored, as in Paddle's constructor. */
  constructor(args: Args, plan: VitPlan = vitDefaults) {
    super();
    const dim = args.int("embed_dim", plan.dim);
    const depth = args.count("depth", plan.depth);
    this.embed_dim = dim;
    this.patch = args.int("patch_size", plan.patch);
    this.side = Math.floor(args.int("img_size", plan.image) / this.patch);
    this.feat_channels = new Array<number>(depth).fill(dim);
    const drop = args.number("drop_rate", 0);
    const options = {
      heads: args.count("num_heads", plan.heads),
      mlpRatio: args.number("mlp_ratio", plan.mlpRatio),
      qkvBias: args.boolean("qkv_bias", plan.qkvBias),
      drop,
      attnDrop: args.number("attn_drop_rate", 0),
    };
    args.string("norm_layer", "nn.LayerNorm", ["nn.LayerNorm"]);
    this.patch_embed = new PatchEmbed(this.patch, args.int("in_channels", 3), dim);
    this.pos_embed = new Parameter([1, this.side * this.side + 1, dim], { initializer: "truncated_gaussian_random" });
    this.cls_token = new Parameter([1, 1, dim], { initializer: "full" });
    this.pos_drop = new Dropout(drop);
    const rates = depthRates(args.number("drop_path_rate", 0), depth);
    this.blocks = new LayerList(rates.map((rate) => new Block(dim, rate, options)));
    this.norm = args.boolean("final_norm", false) ? new LayerNorm(dim) : undefined;
  }

  /** Patches along height and width of an image. */
  grid(size: readonly [number, number]): readonly [number, number] {
    return [Math.floor(size[0] / this.patch), Math.floor(size[1] / this.patch)];
  }

  forward(f: Locals, x: Tensor): PyList {
    f.x = this.patch_embed.call(x);
    const size = f.x.hw;
    f.cls_tokens = t.expand(this.cls_token, [f.x.dim(0), -1, -1]);
    f.x = t.transpose(t.flatten(f.x, 2), [0, 2, 1]);
    f.x = t.concat([f.cls_tokens, f.x], 1);
    const position = f.x.dim(1) === this.pos_embed.dim(1) ? this.pos_embed : resized(this.pos_embed, this.side, size);
    f.x = t.add(f.x, position);
    f.x = this.pos_drop.call(f.x);
    f.res = new PyList();
    const last = this.blocks.length - 1;
    for (const [i, block] of [...this.blocks].entries()) {
      f.x = block.call(f.x);
      if (this.norm && i === last) f.x = this.norm.call(f.x);
      f.res.append(t.slice(f.x, 1, 1, toTheEnd));
    }
    return f.res;
  }
}

/** `resize_pos_embed`: the positions of a square of patches, interpolated to the image's. */
function resized(pos_embed: Parameter, side: number, size: readonly [number, number]): Tensor {
  return scope({ pos_embed }, (f: { pos_embed: Tensor; cls_pos_embed: Tensor }) => {
    f.cls_pos_embed = t.slice(f.pos_embed, 1, 0, 1);
    f.pos_embed = t.slice(f.pos_embed, 1, 1, toTheEnd);
    f.pos_embed = t.transpose(f.pos_embed, [0, 2, 1]);
    f.pos_embed = t.reshape(f.pos_embed, [1, -1, side, side]);
    f.pos_embed = F.interpolate(f.pos_embed, size, { mode: "bicubic" });
    f.pos_embed = t.transpose(t.flatten(f.pos_embed, 2), [0, 2, 1]);
    f.pos_embed = t.concat([f.cls_pos_embed, f.pos_embed], 1);
    return f.pos_embed;
  });
}
