/** @file Losses whose gradient is formed together with their value (AtHand in presets/launcher/lean_losses.py). */
import { backwardFrom, takeGradient } from "../../engine/backward.ts";
import { current, noGrad, withAmp, withGrad } from "../../engine/engine.ts";
import { scope } from "../../engine/frame.ts";
import { handOver } from "../../engine/py-layer.ts";
import { copyOfGradient } from "../../engine/recompute.ts";
import { drop } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import * as t from "../../nn/tensor.ts";

/** A loss and its gradient, of the logit's shape. */
export type ValueAndGradient = readonly [value: Tensor, gradient: Tensor];

/** The loss of a logit, in float32 and without auto-cast: only the gradient waits for backward, where it is scaled in place. */
export function atHand(logit: Tensor, form: (logit: Tensor) => ValueAndGradient): Tensor {
  return scope({ logit }, (f: { logit: Tensor }) => {
    if (f.logit.dtype !== "float32") f.logit = t.cast(f.logit, "float32");
    const [value, gradient] = withAmp(undefined, () => noGrad(() => form(f.logit)));
    if (f.logit.stopGradient) {
      drop(gradient);
      return value;
    }
    return handOver(f.logit, value, gradient);
  });
}

/** Pixels of a class that are valid, float32, in the labels' shape. */
export function pixelsOf(label: Tensor, valid: Tensor): Tensor {
  return t.cast(t.logicalAnd(t.equal(label, t.full([], label.dtype)), valid), "float32");
}

/**
 * `body` of a leaf on the tape, then what `then` makes of its result without one, then backward, seeded with `seed`; the leaf's gradient.
 * In Python: `leaf.stop_gradient = False`, `paddle.enable_grad()`, `paddle.autograd.backward([result], [seed])`, `leaf.grad`.
 */
export function gradientOfPart(leaf: Tensor, seed: Tensor, result: Tensor): Tensor {
  const { node, slot } = result;
  if (node === undefined) throw new TypeError("backward of a result without a grad node");
  withGrad(() => {
    const e = current();
    const leave = e.enter("backward", "backward");
    backwardFrom(e, [{ node, slot, grad: copyOfGradient(e, seed) }]);
    leave();
  });
  const gradient = takeGradient(leaf);
  if (gradient === undefined) throw new TypeError("backward did not reach the leaf");
  gradient.references--;
  return gradient;
}

/** Probabilities, 0 where a pixel is ignored; `valid` is [N, H, W]. */
export function validSoftmax(logit: Tensor, valid: Tensor): Tensor {
  return scope({ logit, valid }, (f: { logit: Tensor; valid: Tensor; prob: Tensor }) => {
    f.prob = F.softmax(f.logit);
    return t.overwrite(f.prob, t.cast(t.unsqueeze(f.valid, 1), "float32"));
  });
}
