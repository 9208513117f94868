/** @file Segmenter with a linear or a mask head (`paddleseg/models/segmenter.py`). */
import type { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import { type Args, ArgumentError } from "../nn/args.ts";
import { Layer, LayerList, Parameter } from "../nn/layer.ts";
import { LayerNorm, Linear } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import { buildBackbone } from "./backbones/index.ts";
import { depthRates, refillLinear } from "./backbones/transformer_utils.ts";
import { VisionTransformer } from "./backbones/vision_transformer.ts";
import { Block } from "./backbones/vision_transformer-blocks.ts";
import { upsampled } from "./blocks/logits.ts";
import type { Network } from "./network.ts";

type Grid = readonly [number, number];

/** The backbone that `args` names, which must give tokens. */
export function tokenBackbone(args: Args): VisionTransformer {
  const backbone = buildBackbone(args.component("backbone"));
  if (backbone instanceof VisionTransformer) return backbone;
  throw new ArgumentError(args.type, "backbone", `${args.type} needs a VisionTransformer backbone`);
}

/** Tokens as an image: reshape and transpose, both views. */
function asImage(masks: Tensor, [height, width]: Grid): Tensor {
  return t.transpose(t.reshape(masks, [0, height, width, masks.dim(-1)]), [0, 3, 1, 2]);
}

class SegmenterLinearHead extends Layer<readonly [Tensor, Grid], readonly Tensor[]> {
  readonly head: Linear;

  constructor(classes: number, dim: number) {
    super();
    this.head = new Linear(dim, classes);
    refillLinear(this);
  }

  forward(f: { masks: Tensor }, x: Tensor, grid: Grid): readonly Tensor[] {
    f.masks = this.head.call(x);
    f.masks = asImage(f.masks, grid);
    return [f.masks];
  }
}

interface MaskLocals {
  x: Tensor;
  cls_token: Tensor;
  patches: Tensor;
  masks: Tensor;
}

/** Class tokens go through blocks with the patches; their products are the masks. */
class SegmenterMaskHead extends Layer<readonly [Tensor, Grid], readonly Tensor[]> {
  readonly cls_token: Parameter;
  readonly proj_input: Linear;
  readonly blocks: LayerList<Block>;
  readonly proj_patch: Linear;
  readonly proj_class: Linear;
  readonly decoder_norm: LayerNorm;
  readonly mask_norm: LayerNorm;
  private readonly classes: number;

  constructor(args: Args, classes: number, from: number) {
    super();
    this.classes = classes;
    const dim = args.int("h_embed_dim");
    const options = {
      heads: args.int("h_num_heads"),
      mlpRatio: args.number("h_mlp_ratio", 4),
      drop: args.number("h_drop_rate", 0),
      attnDrop: args.number("h_attn_drop_rate", 0),
      qkvBias: args.boolean("h_qkv_bias", false),
    };
    this.proj_input = new Linear(from, dim);
    this.cls_token = new Parameter([1, classes, dim], { initializer: "truncated_gaussian_random" });
    const rates = depthRates(args.number("h_drop_path_rate", 0), args.count("h_depth"));
    this.blocks = new LayerList(rates.map((rate) => new Block(dim, rate, options)));
    const projection = { bias: false, initializer: "truncated_gaussian_random" } as const;
    this.proj_patch = new Linear(dim, dim, projection);
    this.proj_class = new Linear(dim, dim, projection);
    this.decoder_norm = new LayerNorm(dim);
    this.mask_norm = new LayerNorm(classes);
    refillLinear(this);
  }

  forward(f: MaskLocals, x: Tensor, grid: Grid): readonly Tensor[] {
    f.x = this.proj_input.call(x);
    f.cls_token = t.expand(this.cls_token, [f.x.dim(0), -1, -1]);
    f.x = t.concat([f.x, f.cls_token], 1);
    for (const block of this.blocks) f.x = block.call(f.x);
    f.x = this.decoder_norm.call(f.x);
    const patches = t.slice(f.x, 1, 0, -this.classes);
    f.masks = t.slice(f.x, 1, -this.classes, Number.MAX_SAFE_INTEGER);
    f.patches = patches;
    f.patches = this.proj_patch.call(f.patches);
    f.masks = this.proj_class.call(f.masks);
    f.patches = t.divide(f.patches, t.pNorm(f.patches, -1, true));
    f.masks = t.divide(f.masks, t.pNorm(f.masks, -1, true));
    f.masks = t.matrixProduct(f.patches, t.transpose(f.masks, [0, 2, 1]));
    f.masks = t.reshape(f.masks, [0, 0, this.classes]);
    f.masks = this.mask_norm.call(f.masks);
    f.masks = asImage(f.masks, grid);
    return [f.masks];
  }
}

type Head = Layer<readonly [Tensor, Grid], readonly Tensor[]>;

/** `LinearSegmenter` and `MaskSegmenter`: they differ in the head only. */
export class Segmenter extends Layer<readonly [Tensor], PyList> implements Network {
  readonly backbone: VisionTransformer;
  readonly head: Head;

  constructor(args: Args, kind: "linear" | "mask") {
    super();
    const classes = args.int("num_classes");
    this.backbone = tokenBackbone(args);
    const dim = this.backbone.embed_dim;
    this.head = kind === "linear" ? new SegmenterLinearHead(classes, dim) : new SegmenterMaskHead(args, classes, dim);
    args.finish();
  }

  forward(f: { feats: PyList; logits: readonly Tensor[]; logit_list: PyList }, x: Tensor): PyList {
    f.feats = this.backbone.call(x);
    f.logits = this.head.call(f.feats.at(-1), this.backbone.grid(x.hw));
    f.logit_list = upsampled(f.logits, x.hw);
    return f.logit_list;
  }
}
