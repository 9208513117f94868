/** @file SemanticConnectivityLoss (`paddleseg/models/losses/semantic_connectivity_loss.py`): connected parts of each class. */
import { assume } from "../engine/engine.ts";
import { scope } from "../engine/frame.ts";
import { drop } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as t from "../nn/tensor.ts";
import { phrase } from "../words/phrase.ts";
import { Loss } from "./loss.ts";

interface Locals {
  preds: Tensor;
  multi_class_sc_loss: Tensor;
  zero: Tensor;
  sc_loss: Tensor | undefined;
  pred_i: Tensor;
  img_connectivity: Tensor;
}

/**
 * How many classes an image has, and in how many parts, depends on values and has no useful bound: each part takes
 * 4·H·W bytes for its one-hot map while its image is at work. One class in one part is taken, in labels and prediction.
 */
export class SemanticConnectivityLoss extends Loss {
  readonly type = "SemanticConnectivityLoss";
  private readonly argmax: boolean;

  constructor(args: Args) {
    super();
    args.ignore("ignore_index", "max_pred_num_conn");
    this.argmax = args.boolean("use_argmax", true);
    args.finish();
  }

  forward(f: Locals, logits: Tensor, labels: Tensor): Tensor {
    assume(phrase("loss-semantic-connectivity", {}));
    f.preds = this.argmax ? t.argmax(logits, 1) : logits;
    drop(t.cast(f.preds, "uint8"));
    drop(t.cast(labels, "uint8"));
    f.preds = t.cast(t.toTensor(f.preds.shape, f.preds.dtype), "float32");
    f.preds.stopGradient = false;
    f.multi_class_sc_loss = t.full([f.preds.dim(0)]);
    f.zero = t.toTensor([1], "float32");
    for (let i = 0; i < f.preds.dim(0); i++) {
      f.sc_loss = undefined;
      f.pred_i = t.select(f.preds, 0, i);
      f.img_connectivity = connectivity(f.pred_i, f.zero);
      f.sc_loss = t.scale(t.rsub(1, f.img_connectivity));
      t.setValue(f.multi_class_sc_loss, t.scale(f.sc_loss));
    }
    f.multi_class_sc_loss = t.mean(f.multi_class_sc_loss);
    return f.multi_class_sc_loss;
  }
}

/** A number on the card that takes a gradient (`paddle.to_tensor([0.], stop_gradient=False)`). */
function leafNumber(): Tensor {
  const out = t.toTensor([1], "float32");
  out.stopGradient = false;
  return out;
}

interface ConnectivityLocals {
  pred_conn: Tensor;
  label_conn: Tensor;
  pred: Tensor;
  ious: Tensor;
  pair_conn_sum: Tensor;
  label_i: Tensor;
  pair_conn: Tensor;
  pred_j_mask: Tensor;
  pred_j: Tensor;
  iou: Tensor;
  pred_sum: Tensor;
  img_connectivity: Tensor;
}

/** `compute_class_connectiveity` of a prediction [H, W] with one part: maps of part numbers are one-hot over 2. */
function connectivity(pred: Tensor, zero: Tensor): Tensor {
  return scope({ pred }, (f: ConnectivityLocals) => {
    const shape = f.pred.shape;
    f.pred_conn = t.toTensor(shape, "int32");
    f.label_conn = t.toTensor(shape, "int32");
    f.pred_conn = t.oneHot(f.pred_conn, 2);
    f.label_conn = t.oneHot(f.label_conn, 2);
    f.ious = t.full([1, 1]);
    f.pair_conn_sum = leafNumber();
    f.label_i = t.select(f.label_conn, 2, 1);
    f.pair_conn = leafNumber();
    f.pred_j_mask = t.toTensor(shape, "float32");
    f.pred_j = t.multiply(f.pred_j_mask, f.pred);
    f.iou = intersection(f.pred_j, f.label_i, zero);
    t.setValue(f.ious, f.iou);
    drop(t.notEqual(f.iou, 0));
    f.pred_sum = t.sum(f.ious, 0);
    drop(t.equal(t.select(f.pred_sum, 0, 0), 0));
    f.img_connectivity = t.scale(f.pair_conn_sum);
    return f.img_connectivity;
  });
}

interface IouLocals {
  pred_i: Tensor;
  label_i: Tensor;
  intersect: Tensor;
  pred_area: Tensor;
  label_area: Tensor;
  union: Tensor;
}

/** `compute_iou`. */
function intersection(pred: Tensor, label: Tensor, zero: Tensor): Tensor {
  return scope({ pred_i: pred, label_i: label }, (f: IouLocals) => {
    f.intersect = t.sum(t.multiply(f.pred_i, f.label_i));
    drop(t.equal(f.intersect, zero));
    f.pred_area = t.sum(f.pred_i);
    f.label_area = t.sum(f.label_i);
    f.union = t.subtract(t.add(f.pred_area, f.label_area), f.intersect);
    drop(t.equal(f.union, zero));
    return t.divide(f.intersect, f.union);
  });
}
