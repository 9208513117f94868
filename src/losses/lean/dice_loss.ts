/** @file DiceLoss as presets/launcher/lean_losses.py forms it: the gradient is written over the probabilities, class by class. */
import { scope } from "../../engine/frame.ts";
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import * as t from "../../nn/tensor.ts";
import { DiceOptions } from "../dice_loss.ts";
import { atHand, pixelsOf, type ValueAndGradient, validSoftmax } from "./at-hand.ts";
import { classOf, isNot } from "./pixels.ts";

interface Locals {
  logits: Tensor;
  valid: Tensor;
}

export class DiceLoss extends DiceOptions {
  readonly type = "DiceLoss";

  forward(f: Locals, logits: Tensor, labels: Tensor): Tensor {
    this.checkWeight(logits.dim(1));
    f.valid = isNot(labels);
    t.replaceStorage(labels, classOf(labels, f.valid));
    return atHand(logits, (logit) => form(logit, labels, f.valid));
  }
}

interface FormLocals {
  logit: Tensor;
  label: Tensor;
  valid: Tensor;
  prob: Tensor;
  own_slopes: PyList;
  slopes: PyList;
  own?: Tensor;
  part?: Tensor;
  top: Tensor;
  size: Tensor;
  dice_loss: Tensor;
  value: Tensor;
  slope?: Tensor;
  shared: Tensor;
}

function form(logit: Tensor, label: Tensor, valid: Tensor): ValueAndGradient {
  return scope({ logit, label, valid }, (f: FormLocals) => {
    const classes = logit.dim(1);
    f.prob = validSoftmax(f.logit, f.valid);
    f.own_slopes = new PyList();
    f.slopes = new PyList();
    for (let c = 0; c < classes; c++) {
      f.own = pixelsOf(f.label, f.valid);
      f.part = t.select(f.prob, 1, c);
      f.top = t.scale(t.scale(t.sum(t.multiply(f.part, f.own), [1, 2], true)));
      f.size = t.scale(t.add(t.sum(f.part, [1, 2], true), t.sum(f.own, [1, 2], true)));
      f.dice_loss = t.scale(t.mean(t.rsub(1, t.divide(f.top, f.size))));
      f.value = c === 0 ? f.dice_loss : t.add(f.value, f.dice_loss);
      f.own_slopes.append(t.rdivide(f.size));
      f.slopes.append(t.scale(t.divide(t.divide(f.top, f.size), f.size)));
      f.slope = t.overwrite(f.own, f.part);
      delete f.own;
      delete f.part;
      f.shared = c === 0 ? f.slope : t.overwrite(f.shared, f.slope);
      delete f.slope;
    }
    for (let c = 0; c < classes; c++) {
      f.slope = pixelsOf(f.label, f.valid);
      t.setValue(f.prob, t.overwrite(f.slope, t.select(f.prob, 1, c)), f.slope.shape);
    }
    return [f.value, f.prob];
  });
}
