/** @file DiceLoss (`paddleseg/models/losses/dice_loss.py`): one class after the other. */
import { scope } from "../engine/frame.ts";
import type { Tensor } from "../engine/tensor.ts";
import { type Args, ArgumentError } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import * as t from "../nn/tensor.ts";
import { Loss } from "./loss.ts";

interface Locals {
  logits: Tensor;
  mask: Tensor;
  labels_one_hot: Tensor;
  dice_loss: Tensor;
  dice_loss_i: Tensor;
}

interface HelperLocals {
  logit: Tensor;
  label: Tensor;
  mask: Tensor;
  intersection: Tensor;
  cardinality: Tensor;
  dice_loss: Tensor;
}

/** What DiceLoss is told, however it is formed. */
export abstract class DiceOptions extends Loss {
  protected readonly weight: readonly number[] | undefined;

  constructor(args: Args) {
    super();
    args.ignore("ignore_index", "smooth");
    this.weight = args.optionalNumbers("weight");
    args.finish();
  }

  protected checkWeight(classes: number): void {
    if (this.weight !== undefined && this.weight.length !== classes) {
      throw new ArgumentError("DiceLoss", "weight", `weight of DiceLoss needs ${classes} numbers, one for each class`);
    }
  }
}

/** Ignored pixels of the labels are set to class 0 in place: losses that come after see it. */
export class DiceLoss extends DiceOptions {
  readonly type = "DiceLoss";

  forward(f: Locals, logits: Tensor, labels: Tensor): Tensor {
    const classes = logits.dim(1);
    this.checkWeight(classes);
    f.mask = t.notEqual(labels, 255);
    f.mask = t.cast(t.unsqueeze(f.mask, 1), "float32");
    t.fillWhere(labels, t.equal(labels, 255));
    f.labels_one_hot = t.oneHot(labels, classes);
    f.labels_one_hot = t.transpose(f.labels_one_hot, [0, 3, 1, 2]);
    f.logits = F.softmax(logits);
    for (let i = 0; i < classes; i++) {
      f.dice_loss_i = helper(t.select(f.logits, 1, i), t.select(f.labels_one_hot, 1, i), f.mask);
      if (this.weight !== undefined) f.dice_loss_i = t.scale(f.dice_loss_i);
      f.dice_loss = i === 0 ? t.scale(f.dice_loss_i) : t.add(f.dice_loss, f.dice_loss_i);
    }
    f.dice_loss = t.scale(f.dice_loss);
    return f.dice_loss;
  }
}

/** One class: probabilities and labels [N, H, W], mask [N, 1, H, W]. */
function helper(logit: Tensor, label: Tensor, mask: Tensor): Tensor {
  return scope({ logit, label, mask }, (f: HelperLocals) => {
    f.logit = t.reshape(f.logit, [0, -1]);
    f.label = t.reshape(f.label, [0, -1]);
    f.mask = t.reshape(f.mask, [0, -1]);
    f.logit = t.multiply(f.logit, f.mask);
    f.label = t.multiply(f.label, f.mask);
    f.intersection = t.sum(t.multiply(f.logit, f.label), 1);
    f.cardinality = t.sum(t.add(f.logit, f.label), 1);
    const above = t.scale(t.scale(f.intersection));
    f.dice_loss = t.rsub(1, t.divide(above, t.scale(t.scale(f.cardinality))));
    f.dice_loss = t.mean(f.dice_loss);
    return f.dice_loss;
  });
}
