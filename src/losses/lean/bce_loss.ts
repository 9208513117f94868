/** @file BCELoss as presets/launcher/lean_losses.py forms it: the classes of a label one after the other, the kernel's own gradient. */
import { withGrad } from "../../engine/engine.ts";
import { scope } from "../../engine/frame.ts";
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import * as t from "../../nn/tensor.ts";
import { BCEOptions } from "../bce_loss.ts";
import { atHand, gradientOfPart, type ValueAndGradient } from "./at-hand.ts";
import { classOf, isNot } from "./pixels.ts";

export class BCELoss extends BCEOptions {
  readonly type = "BCELoss";

  forward(_: object, logit: Tensor, label: Tensor): Tensor {
    return atHand(logit, (whole) => form(this.dynamicWeight, this.positiveWeight, label, whole));
  }
}

interface Locals {
  label: Tensor;
  logit: Tensor;
  valid?: Tensor;
  factor: Tensor;
  share: Tensor;
  target: Tensor;
  pos_weight: Tensor | undefined;
  weights: readonly Tensor[] | undefined;
  gradient: Tensor;
  one: Tensor;
  slope?: Tensor;
  value: Tensor;
}

function form(
  dynamic: boolean,
  positiveWeight: "dynamic" | Tensor | undefined,
  label: Tensor,
  logit: Tensor,
): ValueAndGradient {
  return scope({ label, logit }, (f: Locals) => {
    if (f.label.shape.length !== f.logit.shape.length) f.label = t.unsqueeze(f.label, 1);
    const classes = f.logit.dim(1);
    const whole = f.label.dim(1) === classes;
    f.valid = isNot(f.label);
    f.factor = t.cast(f.valid, "float32");
    f.share = t.rdivide(t.scale(t.scale(t.mean(f.factor))));
    f.target = whole ? t.overwrite(t.cast(f.label, "float32"), f.factor) : classOf(f.label, f.valid);
    delete f.valid;
    t.overwrite(f.factor, f.share);
    f.pos_weight = positiveWeight === "dynamic" ? undefined : positiveWeight;
    if (dynamic || positiveWeight === "dynamic") {
      f.weights = classBalance(f.target, whole);
      if (positiveWeight === "dynamic") f.pos_weight = f.weights[0]!;
      if (!dynamic) f.weights = undefined;
    }
    if (whole) return elementLosses(t.detach(f.logit), f.target, f.factor, f.weights, f.pos_weight);
    f.gradient = t.empty(f.logit.shape);
    for (let c = 0; c < classes; c++) {
      const part = t.detach(t.select(f.logit, 1, c));
      const [one, slope] = elementLosses(part, pixels(f.target), t.select(f.factor, 1, 0), f.weights, f.pos_weight);
      f.one = one;
      f.slope = slope;
      t.setValue(f.gradient, f.slope);
      delete f.slope;
      f.value = c === 0 ? f.one : t.add(f.value, f.one);
    }
    return [f.value, f.gradient];
  });
}

/** The pixels of a class, where labels are [N, 1, H, W]. */
function pixels(label: Tensor): Tensor {
  return scope({ label }, (f: { label: Tensor }) =>
    t.cast(t.equal(t.select(f.label, 1, 0), t.full([], f.label.dtype)), "float32"),
  );
}

interface BalanceLocals {
  target: Tensor;
  positive: Tensor;
  negative: Tensor;
  both: Tensor;
}

function classBalance(target: Tensor, whole: boolean): readonly [Tensor, Tensor] {
  return scope({ target }, (f: BalanceLocals) => {
    const count = () => t.sum(t.cast(t.equal(f.target, t.full([], f.target.dtype)), "float32"));
    f.positive = whole ? count() : t.full([]);
    f.negative = whole ? count() : t.scale(f.positive);
    f.both = t.scale(t.add(f.positive, f.negative));
    return [t.divide(t.scale(f.negative), f.both), t.divide(t.scale(f.positive), f.both)];
  });
}

interface ElementLocals {
  part: Tensor;
  target: Tensor;
  factor: Tensor;
  weights: readonly Tensor[] | undefined;
  pos_weight: Tensor | undefined;
  loss: Tensor;
  value: Tensor;
}

/** The sum of the factors times the losses, and its gradient. */
function elementLosses(
  part: Tensor,
  target: Tensor,
  factor: Tensor,
  weights: readonly Tensor[] | undefined,
  posWeight: Tensor | undefined,
): ValueAndGradient {
  return scope({ part, target, factor, weights, pos_weight: posWeight }, (f: ElementLocals) => {
    if (f.weights !== undefined) {
      const [negative, positive] = f.weights;
      const between = t.multiply(f.target, t.subtract(negative!, positive!));
      f.factor = t.overwrite(t.overwrite(between, positive!), f.factor);
    }
    if (f.pos_weight === undefined) {
      const loss = t.overwrite(t.softplus(f.part), t.multiply(f.part, f.target));
      f.value = t.sum(t.overwrite(loss, f.factor));
      return [f.value, t.overwrite(t.overwrite(F.sigmoid(f.part), f.target), f.factor)];
    }
    f.part.stopGradient = false;
    f.loss = withGrad(() => F.bceWithLogits(f.part, f.target, { posWeight: f.pos_weight, reduction: "none" }));
    f.value = t.sum(t.multiply(t.detach(f.loss), f.factor));
    return [f.value, gradientOfPart(f.part, f.factor, f.loss)];
  });
}
