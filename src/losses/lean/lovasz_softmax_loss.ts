/** @file LovaszSoftmaxLoss as presets/launcher/lean_losses.py forms it: what sorting a class needs is gone before the next class. */
import { scope } from "../../engine/frame.ts";
import { drop } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import * as t from "../../nn/tensor.ts";
import { lovaszGrad } from "../lovasz.ts";
import { LovaszSoftmaxOptions } from "../lovasz_softmax_loss.ts";
import { atHand, pixelsOf, type ValueAndGradient, validSoftmax } from "./at-hand.ts";
import { isNot } from "./pixels.ts";

interface Locals {
  label: Tensor;
  logit: Tensor;
  valid: Tensor;
  prob: Tensor;
  gradient: Tensor;
  own?: Tensor;
  away?: Tensor;
  errors?: Tensor;
  order?: Tensor;
  slope?: Tensor;
  one: Tensor;
  value: Tensor;
}

/** Worst case as in the plain loss: all classes are present. */
export class LovaszSoftmaxLoss extends LovaszSoftmaxOptions {
  readonly type = "LovaszSoftmaxLoss";

  forward(_: object, logits: Tensor, labels: Tensor): Tensor {
    const wanted = this.wanted(logits.dim(1));
    return atHand(logits, (logit) => form(wanted, this.classes === "present", labels, logit));
  }
}

function form(wanted: readonly number[], looks: boolean, label: Tensor, logit: Tensor): ValueAndGradient {
  return scope({ label, logit }, (f: Locals) => {
    const classes = f.logit.dim(1);
    f.label = t.reshape(f.label, [f.logit.dim(0), ...f.logit.shape.slice(2)]);
    f.valid = isNot(f.label);
    f.prob = validSoftmax(f.logit, f.valid);
    f.gradient = t.fullLike(f.prob);
    for (const [i, c] of wanted.entries()) {
      const channel = classes === 1 ? 0 : c;
      f.own = t.flatten(pixelsOf(f.label, f.valid));
      if (looks) drop(t.equal(t.sum(f.own), 0));
      f.away = t.subtract(f.own, t.flatten(t.select(f.prob, 1, channel)));
      const [errors, order] = t.legacyArgsort(t.abs(f.away));
      f.errors = errors;
      f.order = order;
      f.own = t.gather(f.own, f.order);
      f.slope = lovaszGrad(f.own);
      delete f.own;
      f.one = t.sum(t.multiply(f.errors, f.slope));
      f.slope = t.scatter(f.errors, f.order, f.slope);
      delete f.errors;
      delete f.order;
      t.setValue(f.gradient, t.reshape(t.overwrite(f.slope, t.sign(f.away)), f.label.shape));
      delete f.slope;
      delete f.away;
      f.value = i === 0 ? f.one : t.add(f.value, f.one);
    }
    t.overwrite(f.prob, t.sum(f.gradient, 1, true));
    return [t.scale(f.value), f.gradient];
  });
}
