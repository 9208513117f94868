/** @file BCELoss (`paddleseg/models/losses/binary_cross_entropy_loss.py`): each class for itself, or edges. */
import type { Tensor } from "../engine/tensor.ts";
import { type Args, ArgumentError } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import * as t from "../nn/tensor.ts";
import { constant, Loss } from "./loss.ts";

interface Locals {
  label: Tensor;
  mask: Tensor;
  pos_index: Tensor;
  neg_index: Tensor;
  pos_num: Tensor;
  neg_num: Tensor;
  sum_num: Tensor;
  weight_pos: Tensor;
  weight_neg: Tensor;
  weight: Tensor;
  pos_weight: Tensor | undefined;
  loss: Tensor;
}

/** What BCELoss is told, however it is formed. */
export abstract class BCEOptions extends Loss {
  override readonly usesEdges: boolean;
  protected readonly dynamicWeight: boolean;
  protected readonly positiveWeight: "dynamic" | Tensor | undefined;

  constructor(args: Args) {
    super();
    args.ignore("ignore_index");
    this.dynamicWeight = args.optional("weight") !== undefined;
    if (this.dynamicWeight) args.string("weight", undefined, ["dynamic"]);
    this.positiveWeight = positiveWeight(args);
    this.usesEdges = args.boolean("edge_label", false);
    args.finish();
  }
}

/** Logits [N, C, H, W]; labels of one class are made one-hot where C is more. */
export class BCELoss extends BCEOptions {
  readonly type = "BCELoss";

  forward(f: Locals, logit: Tensor, label: Tensor): Tensor {
    f.label = label.shape.length === logit.shape.length ? label : t.unsqueeze(label, 1);
    f.mask = t.notEqual(f.label, 255);
    f.label = t.where(f.mask, f.label, t.fullLike(f.label));
    f.mask = t.cast(f.mask, "float32");
    if (f.label.dim(1) !== logit.dim(1)) {
      f.label = t.squeeze(f.label, 1);
      f.label = t.oneHot(f.label, logit.dim(1));
      f.label = t.transpose(f.label, [0, 3, 1, 2]);
    }
    if (this.dynamicWeight) dynamicWeight(f);
    if (this.positiveWeight === "dynamic") {
      count(f);
      f.pos_weight = t.divide(t.scale(f.neg_num), t.scale(f.sum_num));
    } else {
      f.pos_weight = this.positiveWeight;
    }
    f.label = t.cast(f.label, "float32");
    const { weight, pos_weight: posWeight } = f;
    f.loss = F.bceWithLogits(logit, f.label, { weight, posWeight, reduction: "none" });
    f.loss = t.multiply(f.loss, f.mask);
    const mean = t.mean(f.loss);
    f.loss = t.divide(mean, t.scale(t.mean(f.mask)));
    return f.loss;
  }
}

function positiveWeight(args: Args): "dynamic" | Tensor | undefined {
  const value = args.optional("pos_weight");
  if (value === undefined) return undefined;
  if (value === "dynamic") return "dynamic";
  if (typeof value === "number") return constant([]);
  throw new ArgumentError("BCELoss", "pos_weight", "pos_weight of BCELoss must be a number or dynamic");
}

/** Positive and negative labels and their numbers. */
function count(f: Locals): void {
  f.pos_index = t.equal(f.label, 1);
  f.neg_index = t.equal(f.label, 0);
  f.pos_num = t.sum(t.cast(f.pos_index, "float32"));
  f.neg_num = t.sum(t.cast(f.neg_index, "float32"));
  f.sum_num = t.add(f.pos_num, f.neg_num);
}

function dynamicWeight(f: Locals): void {
  count(f);
  f.weight_pos = t.divide(t.scale(f.neg_num), t.scale(f.sum_num));
  f.weight_neg = t.divide(t.scale(f.pos_num), t.scale(f.sum_num));
  const positive = t.multiply(f.weight_pos, t.cast(f.label, "float32"));
  f.weight = t.add(positive, t.multiply(f.weight_neg, t.cast(t.rsub(1, f.label), "float32")));
}
