/** @file LovaszHingeLoss as presets/launcher/lean_losses.py forms it: no rows are picked, and the gradient is formed with the value. */
import { scope } from "../../engine/frame.ts";
import type { Tensor } from "../../engine/tensor.ts";
import type { Args } from "../../nn/args.ts";
import * as F from "../../nn/functional.ts";
import * as t from "../../nn/tensor.ts";
import { Loss } from "../loss.ts";
import { lovaszGrad } from "../lovasz.ts";
import { unary } from "../lovasz_hinge_loss.ts";
import { atHand, type ValueAndGradient } from "./at-hand.ts";
import { classOf, isNot } from "./pixels.ts";

interface FormLocals {
  label?: Tensor;
  score: Tensor;
  valid?: Tensor;
  signs: Tensor;
  errors: Tensor;
  order: Tensor;
  slope: Tensor;
  above?: Tensor;
  value: Tensor;
}

/** Logits [N, 1, H, W] or [N, 2, H, W]. */
export class LovaszHingeLoss extends Loss {
  readonly type = "LovaszHingeLoss";

  constructor(args: Args) {
    super();
    args.ignore("ignore_index");
    args.finish();
  }

  forward(f: { logits: Tensor }, logits: Tensor, labels: Tensor): Tensor {
    f.logits = logits.dim(1) === 2 ? unary(logits) : logits;
    return atHand(f.logits, (score) => form(labels, score));
  }
}

function form(label: Tensor, score: Tensor): ValueAndGradient {
  const { shape } = score;
  return scope({ label, score }, (f: FormLocals) => {
    f.score = t.flatten(f.score);
    f.label = t.flatten(f.label!);
    f.valid = isNot(f.label);
    f.label = classOf(f.label, f.valid);
    f.valid = t.cast(f.valid, "float32");
    f.signs = t.overwrite(t.cast(f.label, "float32"), f.valid);
    const above = t.rsub(1, t.multiply(f.score, f.signs));
    const [errors, order] = t.legacyArgsort(t.overwrite(above, f.valid));
    f.errors = errors;
    f.order = order;
    delete f.valid;
    f.label = t.gather(f.label, f.order);
    f.slope = lovaszGrad(f.label);
    delete f.label;
    f.above = F.relu(f.errors);
    f.value = t.sum(t.multiply(f.above, f.slope));
    t.overwrite(f.slope, t.sign(f.above));
    delete f.above;
    f.slope = t.scatter(f.errors, f.order, f.slope);
    return [f.value, t.reshape(t.overwrite(f.slope, f.signs), shape)];
  });
}
