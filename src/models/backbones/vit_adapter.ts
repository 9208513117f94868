/** @file ViTAdapter (`paddleseg/models/backbones/vit_adapter.py`): a plain transformer beside a spatial prior, exchanging features. */
import { scope } from "../../engine/frame.ts";
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { type Args, ArgumentError } from "../../nn/args.ts";
import * as F from "../../nn/functional.ts";
import { type AnyLayer, Layer, LayerList, Parameter, refill } from "../../nn/layer.ts";
import { Conv2D, Conv2DTranspose, Dropout, Linear, SyncBatchNorm } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { type DeformInputs, deformInputs, MSDeformAttn, SamplingOffsets } from "../blocks/deformable-attention.ts";
import type { Backbone } from "./backbone.ts";
import { depthRates, postOrder } from "./transformer_utils.ts";
import { Block, InteractionBlock, type InteractionOptions, SpatialPriorModule } from "./vit_adapter-blocks.ts";

/** What the registered name ViTAdapter_Tiny fixes. */
export interface VitAdapterPlan {
  readonly dim: number;
  readonly depth: number;
  readonly heads: number;
  readonly dropPath: number;
  readonly deformHeads: number;
  readonly interactions: readonly (readonly number[])[];
}

export const vitAdapterTiny: VitAdapterPlan = {
  dim: 192,
  depth: 12,
  heads: 3,
  dropPath: 0.1,
  deformHeads: 6,
  interactions: [
    [0, 2],
    [3, 5],
    [6, 8],
    [9, 11],
  ],
};

/** A convolution over patches; its `norm` is `nn.Identity`. Gives tokens, height, width. */
class PatchEmbed extends Layer<readonly [Tensor], readonly [Tensor, number, number]> {
  readonly proj: Conv2D;

  constructor(channels: number, dim: number, patch: number) {
    super();
    this.proj = new Conv2D(channels, dim, patch, { stride: patch });
  }

  forward(f: { x: Tensor }, x: Tensor): readonly [Tensor, number, number] {
    f.x = this.proj.call(x);
    const [height, width] = f.x.hw;
    f.x = t.transpose(t.flatten(f.x, 2), [0, 2, 1]);
    return [f.x, height, width];
  }
}

interface Locals {
  first: DeformInputs;
  second: DeformInputs;
  c1: Tensor;
  c2: Tensor;
  c3: Tensor;
  c4: Tensor;
  c: Tensor;
  x: Tensor;
  pos_embed: Tensor;
  outs: PyList;
  x1: Tensor;
  x2: Tensor;
  x3: Tensor;
  x4: Tensor;
  f1: Tensor;
  f2: Tensor;
  f3: Tensor;
  f4: Tensor;
}

/** Image in, four maps at 1/4, 1/8, 1/16 and 1/32 out. */
export class ViTAdapter extends Layer<readonly [Tensor], PyList> implements Backbone {
  readonly feat_channels: readonly number[];
  readonly pos_embed: Parameter;
  readonly level_embed: Parameter;
  readonly patch_embed: PatchEmbed;
  readonly pos_drop: Dropout;
  readonly blocks: LayerList<Block>;
  readonly spm: SpatialPriorModule;
  readonly interactions: LayerList<InteractionBlock>;
  readonly up: Conv2DTranspose;
  readonly norm1: SyncBatchNorm;
  readonly norm2: SyncBatchNorm;
  readonly norm3: SyncBatchNorm;
  readonly norm4: SyncBatchNorm;
  private readonly indexes: readonly (readonly number[])[];
  private readonly addsFeatures: boolean;
  /** Patches along one side of the image that the position embedding is made for. */
  private readonly side: number;

  constructor(args: Args, plan?: VitAdapterPlan) {
    super();
    const dim = plan?.dim ?? args.int("embed_dim", 768);
    const depth = plan?.depth ?? args.count("depth", 12);
    const dropPath = plan?.dropPath ?? args.number("drop_path_rate", 0);
    const patch = plan ? 16 : args.int("patch_size", 16);
    const block = {
      heads: plan?.heads ?? args.count("num_heads", 12),
      mlpRatio: plan ? 4 : args.number("mlp_ratio", 4),
      qkvBias: args.boolean("qkv_bias", true),
      drop: args.number("drop_rate", 0),
      attnDrop: args.number("attn_drop_rate", 0),
    };
    const layerScale = args.boolean("layer_scale", true);
    const withFfn = args.boolean("with_cffn", true);
    const ffnRatio = plan ? 0.25 : args.number("cffn_ratio", 0.25);
    const interaction: InteractionOptions = {
      heads: plan?.deformHeads ?? args.int("deform_num_heads", 6),
      points: plan ? 4 : args.count("n_points", 4),
      ratio: plan ? 1 : args.number("deform_ratio", 1),
      dropPath,
      ffnRatio: withFfn ? ffnRatio : undefined,
    };
    const planes = plan ? 64 : args.int("conv_inplane", 64);
    const channels = args.int("in_channels", 3);
    const image = args.int("img_size", 224);
    this.indexes = plan?.interactions ?? args.matrix("interaction_indexes");
    this.addsFeatures = args.boolean("add_vit_feature", true);
    // `_get_pos_embed` divides by 16, whatever the patches are.
    this.side = Math.floor(args.int("pretrain_size", 224) / 16);
    const extra = args.boolean("use_extra_extractor", true);
    args.ignore("num_classes", "init_values");
    args.finish();
    if (this.addsFeatures && this.indexes.length !== 4) {
      throw new ArgumentError(args.type, "interaction_indexes", "add_vit_feature takes four interactions");
    }
    this.patch_embed = new PatchEmbed(channels, dim, patch);
    this.pos_embed = new Parameter([1, Math.floor(image / patch) ** 2 + 1, dim], { initializer: "full" });
    this.pos_drop = new Dropout(block.drop);
    this.blocks = new LayerList(depthRates(dropPath, depth).map((rate) => new Block(dim, rate, layerScale, block)));
    this.feat_channels = [dim, dim, dim, dim];
    this.level_embed = new Parameter([3, dim], { initializer: "full" });
    this.spm = new SpatialPriorModule(planes, dim);
    const last = this.indexes.length - 1;
    this.interactions = new LayerList(
      this.indexes.map((_, i) => new InteractionBlock(dim, extra && i === last, interaction)),
    );
    this.up = new Conv2DTranspose(dim, dim, 2, { stride: 2 });
    this.norm1 = new SyncBatchNorm(dim);
    this.norm2 = new SyncBatchNorm(dim);
    this.norm3 = new SyncBatchNorm(dim);
    this.norm4 = new SyncBatchNorm(dim);
    for (const part of [this.up, this.spm, this.interactions]) fill(part);
    for (const layer of postOrder(this)) if (layer instanceof MSDeformAttn) layer.reset();
    refill(this.level_embed, "gaussian");
  }

  forward(f: Locals, x: Tensor): PyList {
    [f.first, f.second] = deformInputs(...x.hw);
    [f.c1, f.c2, f.c3, f.c4] = this.spm.call(x);
    [f.c2, f.c3, f.c4] = this.withLevels(f.c2, f.c3, f.c4);
    f.c = t.concat([f.c2, f.c3, f.c4], 1);
    const [tokens, height, width] = this.patch_embed.call(x);
    f.x = tokens;
    const [batch, dim] = [f.x.dim(0), f.x.dim(2)];
    f.pos_embed = this.positions(height, width);
    f.x = this.pos_drop.call(t.add(f.x, f.pos_embed));
    const image = (y: Tensor, h: number, w: number) => t.reshape(t.transpose(y, [0, 2, 1]), [batch, dim, h, w]);
    f.outs = new PyList();
    for (const [i, layer] of [...this.interactions].entries()) {
      const own = this.indexes[i]!;
      const blocks = [...this.blocks].slice(own[0], own.at(-1)! + 1);
      [f.x, f.c] = layer.call(f.x, f.c, { blocks, first: f.first, second: f.second, height, width });
      f.outs.append(image(f.x, height, width));
    }
    const [fine, middle] = [f.c2.dim(1), f.c3.dim(1)];
    f.c2 = t.slice(f.c, 1, 0, fine);
    f.c3 = t.slice(f.c, 1, fine, fine + middle);
    f.c4 = t.slice(f.c, 1, fine + middle, f.c.dim(1));
    f.c2 = image(f.c2, height * 2, width * 2);
    f.c3 = image(f.c3, height, width);
    f.c4 = image(f.c4, Math.floor(height / 2), Math.floor(width / 2));
    f.c1 = t.add(this.up.call(f.c2), f.c1);
    if (this.addsFeatures) addFeatures(f);
    f.f1 = this.norm1.call(f.c1);
    f.f2 = this.norm2.call(f.c2);
    f.f3 = this.norm3.call(f.c3);
    f.f4 = this.norm4.call(f.c4);
    const out = new PyList();
    for (const map of [f.f1, f.f2, f.f3, f.f4]) out.append(map);
    return out;
  }

  /** `_add_level_embed`. */
  private withLevels(...maps: readonly [Tensor, Tensor, Tensor]): readonly [Tensor, Tensor, Tensor] {
    interface Levels {
      c2: Tensor;
      c3: Tensor;
      c4: Tensor;
    }
    return scope({ c2: maps[0], c3: maps[1], c4: maps[2] }, (f: Levels) => {
      f.c2 = t.add(f.c2, t.select(this.level_embed, 0, 0));
      f.c3 = t.add(f.c3, t.select(this.level_embed, 0, 1));
      f.c4 = t.add(f.c4, t.select(this.level_embed, 0, 2));
      return [f.c2, f.c3, f.c4];
    });
  }

  /** `_get_pos_embed` of all but the class token's, resized to the patches of this image. */
  private positions(height: number, width: number): Tensor {
    const embedding = t.slice(this.pos_embed, 1, 1, this.pos_embed.dim(1));
    return scope({ embedding }, (f: { embedding: Tensor }) => {
      f.embedding = t.transpose(t.reshape(f.embedding, [1, this.side, this.side, -1]), [0, 3, 1, 2]);
      const resized = F.interpolate(f.embedding, [height, width], { mode: "bicubic" });
      f.embedding = t.transpose(t.reshape(resized, [1, -1, height * width]), [0, 2, 1]);
      return f.embedding;
    });
  }
}

/** The transformer's own features, resized to the four maps and added. */
function addFeatures(f: Locals): void {
  f.x1 = f.outs.at(0);
  f.x2 = f.outs.at(1);
  f.x3 = f.outs.at(2);
  f.x4 = f.outs.at(3);
  f.x1 = F.interpolateBy(f.x1, 4, { mode: "bilinear" });
  f.x2 = F.interpolateBy(f.x2, 2, { mode: "bilinear" });
  f.x4 = F.interpolateBy(f.x4, 0.5, { mode: "bilinear" });
  const [c1, c2] = [t.add(f.c1, f.x1), t.add(f.c2, f.x2)];
  const [c3, c4] = [t.add(f.c3, f.x3), t.add(f.c4, f.x4)];
  f.c1 = c1;
  f.c2 = c2;
  f.c3 = c3;
  f.c4 = c4;
}

/** `layer.apply(_init_weights)`: children first; biases and norms in place. */
function fill(root: AnyLayer): void {
  for (const layer of postOrder(root)) {
    if (layer instanceof Linear || layer instanceof SamplingOffsets) refill(layer.weight, "truncated_gaussian_random");
    else if (layer instanceof Conv2D || layer instanceof Conv2DTranspose) refill(layer.weight, "gaussian");
  }
}
