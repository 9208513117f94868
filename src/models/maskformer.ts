/** @file MaskFormer (`paddleseg/models/maskformer.py`). */

import { current } from "../engine/engine.ts";
import { scope } from "../engine/frame.ts";
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import { type Args, ArgumentError } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer, Parameter, refill } from "../nn/layer.ts";
import { Conv2D, Linear } from "../nn/layers.ts";
import type { Logits } from "../nn/logit.ts";
import * as t from "../nn/tensor.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { SwinTransformer } from "./backbones/swin_transformer.ts";
import { BasePixelDecoder, fillLinear, fillWeights, MLP, PositionEmbeddingSine } from "./maskformer-blocks.ts";
import { Transformer } from "./maskformer-transformer.ts";
import type { LossTerm, Network } from "./network.ts";

/** The predictor's own defaults: MaskFormer's constructor does not pass them on. */
const predictor = { queries: 100, dim: 256, heads: 8, hidden: 2048, layers: 6, dropout: 0.1 };

/** `nn.Embedding`, of which only the weight is used. */
class QueryEmbedding extends Layer<never, never> {
  readonly weight: Parameter;

  constructor(count: number, dim: number) {
    super();
    this.weight = new Parameter([count, dim], { initializer: "uniform" });
  }

  forward(): never {
    throw new Error("the embedding's weight is taken as it is");
  }
}

interface PredictorLocals {
  pos: Tensor;
  hs: Tensor;
  memory: Tensor;
  out: PyList;
  outputs_class: Tensor;
  mask_embed: Tensor;
  output_seg_masks: Tensor;
}

/** Features and mask features to classes [N, Q, K+1] and masks [N, Q, H, W]: the last layer's, then each other layer's. */
class TransformerPredictor extends Layer<readonly [Tensor, Tensor], PyList> {
  readonly pe_layer: PositionEmbeddingSine;
  readonly transformer: Transformer;
  readonly query_embed: QueryEmbedding;
  readonly input_proj: Conv2D | undefined;
  readonly class_embed: Linear;
  readonly mask_embed: MLP;

  constructor(inChannels: number, classes: number, maskDim = 256) {
    super();
    const { queries, dim, layers } = predictor;
    this.pe_layer = new PositionEmbeddingSine(dim / 2);
    this.transformer = new Transformer(layers, predictor);
    this.query_embed = new QueryEmbedding(queries, dim);
    if (inChannels !== dim) {
      this.input_proj = new Conv2D(inChannels, dim, 1);
      fillWeights(this.input_proj);
    }
    this.class_embed = new Linear(dim, classes + 1);
    this.mask_embed = new MLP([dim, dim, dim, maskDim]);
    fillLinear(this.class_embed);
    refill(this.query_embed.weight, "gaussian");
  }

  forward(f: PredictorLocals, x: Tensor, maskFeatures: Tensor): PyList {
    f.pos = this.pe_layer.call(x);
    const projected = this.input_proj?.call(x) ?? x;
    [f.hs, f.memory] = this.transformer.call(projected, this.query_embed.weight, f.pos);
    f.out = new PyList();
    f.outputs_class = this.class_embed.call(f.hs);
    f.out.append(t.select(f.outputs_class, 0, -1));
    f.mask_embed = this.mask_embed.call(f.hs);
    f.output_seg_masks = t.einsum("lbqc,bchw->lbqhw", f.mask_embed, maskFeatures);
    f.out.append(t.select(f.output_seg_masks, 0, -1));
    this.auxiliary(f);
    return f.out;
  }

  /** Iterating over all but the last makes one view of the rest, and views of that. */
  private auxiliary({ out, outputs_class, output_seg_masks }: PredictorLocals): void {
    scope({}, (f: { classes: Tensor; masks: Tensor }) => {
      f.classes = t.slice(outputs_class, 0, 0, -1);
      f.masks = t.slice(output_seg_masks, 0, 0, -1);
      for (let i = 0; i < f.classes.dim(0); i++) {
        out.append(t.select(f.classes, 0, i));
        out.append(t.select(f.masks, 0, i));
      }
    });
  }
}

class MaskFormerHead extends Layer<readonly [PyList], PyList> {
  readonly pixel_decoder: BasePixelDecoder;
  readonly predictor: TransformerPredictor;

  constructor(channels: readonly number[], classes: number) {
    super();
    this.pixel_decoder = new BasePixelDecoder(channels);
    this.predictor = new TransformerPredictor(channels.at(-1)!, classes);
  }

  forward(f: { mask_features: Tensor; predictions: PyList }, features: PyList): PyList {
    f.mask_features = this.pixel_decoder.call(features);
    f.predictions = this.predictor.call(features.at(-1), f.mask_features);
    return f.predictions;
  }
}

interface Locals {
  features: PyList;
  outputs: PyList;
  mask_cls_results: Tensor;
  mask_pred_results: Tensor;
  processed_results: PyList;
  mask_cls_result: Tensor;
  mask_pred_result: Tensor;
  r: Tensor;
}

/**
 * In training the one logit is the predictor's list: classes and masks of the last decoder layer, then of each other one.
 * In evaluation the classes' maps of each image, [1, K, H, W].
 */
export class MaskFormer extends Layer<readonly [Tensor], Logits> implements Network {
  readonly backbone: Backbone;
  readonly seghead: MaskFormerHead;
  private readonly resizesMasks: boolean;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    const backbone = buildBackbone(args.component("backbone"));
    if (!(backbone instanceof SwinTransformer) || backbone.strides === undefined) {
      throw new ArgumentError(
        "MaskFormer",
        "backbone",
        "MaskFormer needs one of the backbones whose names end in _maskformer",
      );
    }
    this.backbone = backbone;
    this.resizesMasks = args.boolean("sem_seg_postprocess_before_inference", false);
    this.seghead = new MaskFormerHead(backbone.feat_channels, classes);
    args.finish();
  }

  forward(f: Locals, x: Tensor): Logits {
    f.features = this.backbone.call(x);
    f.outputs = this.seghead.call(f.features);
    if (this.training) return [[...f.outputs]];
    f.mask_cls_results = f.outputs.at(0);
    f.mask_pred_results = f.outputs.at(1);
    f.mask_pred_results = F.interpolate(f.mask_pred_results, x.hw, { mode: "bilinear" });
    f.processed_results = new PyList();
    for (let i = 0; i < f.mask_cls_results.dim(0); i++) {
      f.mask_cls_result = t.select(f.mask_cls_results, 0, i);
      f.mask_pred_result = t.select(f.mask_pred_results, 0, i);
      if (this.resizesMasks) f.mask_pred_result = resized(f.mask_pred_result, x.hw);
      f.r = semantic(f.mask_cls_result, f.mask_pred_result);
      if (!this.resizesMasks) f.r = resized(f.r, x.hw);
      f.processed_results.append(f.r);
    }
    f.r = t.unsqueeze(f.r, 0);
    return [f.r];
  }

  /** `loss_computation`: the losses get the batch's instances in place of the labels. */
  lossComputation(logits: Logits, losses: readonly LossTerm[], data: Readonly<Record<string, Tensor>>): PyList {
    return scope({ logits }, (f: { logits: Logits; loss_list: PyList }) => {
      const { "instances.gt_classes": classes, "instances.gt_masks": masks } = data;
      if (classes === undefined || masks === undefined) {
        throw new ArgumentError(
          "MaskFormer",
          "train_dataset",
          "MaskFormer needs the transform GenerateInstanceTargets",
        );
      }
      const outputs = [...f.logits];
      if (outputs.length !== losses.length) {
        throw new ArgumentError("MaskFormer", "loss", `MaskFormer takes one loss, not ${losses.length}`);
      }
      f.loss_list = new PyList();
      for (const [i, { loss }] of losses.entries()) {
        if (!loss.usesInstances) throw new ArgumentError("MaskFormer", "loss", "MaskFormer takes MaskFormerLoss");
        const leave = current().enter("loss", "loss");
        const result = loss.call(outputs[i]!, [classes, masks]);
        leave();
        if (result instanceof PyList) throw new ArgumentError("MaskFormer", "loss", "MaskFormer takes MaskFormerLoss");
        f.loss_list.append(t.scale(result));
      }
      return f.loss_list;
    });
  }
}

/** `semantic_inference`: the classes' probabilities without "no object", spread over the queries' masks. */
function semantic(classes: Tensor, masks: Tensor): Tensor {
  return scope({ classes, masks }, (f: { classes: Tensor; masks: Tensor; semseg: Tensor }) => {
    const last = f.classes.dim(-1) - 1;
    f.classes = t.slice(F.softmax(f.classes), f.classes.shape.length - 1, 0, last);
    f.masks = F.sigmoid(f.masks);
    f.semseg = t.einsum("qc,qhw->chw", f.classes, f.masks);
    return f.semseg;
  });
}

/** `sem_seg_postprocess` to the size it has. */
function resized(x: Tensor, size: readonly [number, number]): Tensor {
  return scope({ x }, (f: { x: Tensor }) => {
    f.x = t.unsqueeze(t.sliceAxes(f.x, { axes: [1, 2], starts: [0, 0], ends: [...size] }), 0);
    f.x = t.select(F.interpolate(f.x, size, { mode: "bilinear" }), 0, 0);
    return f.x;
  });
}
