/** @file The context autoencoder's encoder (`paddleseg/models/backbones/cae.py`). */
import { scope } from "../../engine/frame.ts";
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { type Args, ArgumentError } from "../../nn/args.ts";
import * as F from "../../nn/functional.ts";
import { Layer, LayerList, Parameter } from "../../nn/layer.ts";
import { Dropout } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import type { Backbone } from "./backbone.ts";
import { CaeBlock, type CaeOptions } from "./cae-blocks.ts";
import { depthRates } from "./transformer_utils.ts";
import { PatchEmbed } from "./vision_transformer.ts";

/** Python's end of a slice that goes to the end. */
const toTheEnd = Number.MAX_SAFE_INTEGER;

interface Locals {
  x: Tensor;
  cls_tokens: Tensor;
  res: PyList;
}

/** Image to the patches of every block, [B, N, C] each. */
export class CAE extends Layer<readonly [Tensor], PyList> implements Backbone {
  readonly feat_channels: readonly number[];
  readonly patch_embed: PatchEmbed;
  readonly pos_embed: Parameter;
  readonly cls_token: Parameter;
  readonly pos_drop: Dropout;
  readonly blocks: LayerList<CaeBlock>;
  private readonly side: number;
  private readonly patch: number;

  constructor(args: Args) {
    super();
    this.patch = args.int("patch_size", 16);
    this.side = Math.floor(args.int("img_size", 224) / this.patch);
    const dim = args.int("embed_dim", 768);
    const depth = args.count("depth", 12);
    if (args.boolean("use_shared_rel_pos_bias", false)) {
      const reason =
        "use_shared_rel_pos_bias fails in PaddleSeg (RelativePositionBias calls a method that tensors lack)";
      throw new ArgumentError("CAE", "use_shared_rel_pos_bias", reason);
    }
    const options: CaeOptions = {
      heads: args.count("num_heads", 12),
      mlpRatio: args.number("mlp_ratio", 4),
      qkvBias: args.boolean("qkv_bias", false),
      drop: args.number("drop_rate", 0),
      attnDrop: args.number("attn_drop_rate", 0),
      window: args.boolean("use_rel_pos_bias", false) ? [this.side, this.side] : undefined,
      scaled: args.optionalNumber("init_values") !== undefined,
    };
    args.string("norm_layer", "nn.LayerNorm", ["nn.LayerNorm"]);
    this.feat_channels = new Array<number>(depth).fill(dim);
    // Any other argument is taken and not heeded, as by the class's **args.
    this.patch_embed = new PatchEmbed(this.patch, args.int("in_chans", 3), dim);
    this.pos_embed = new Parameter([1, this.side * this.side + 1, dim], { initializer: "truncated_gaussian_random" });
    this.cls_token = new Parameter([1, 1, dim], { initializer: "full" });
    this.pos_drop = new Dropout(options.drop);
    const rates = depthRates(args.number("drop_path_rate", 0), depth);
    this.blocks = new LayerList(rates.map((rate) => new CaeBlock(dim, rate, options)));
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
    for (const block of this.blocks) {
      f.x = block.call(f.x);
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
