/** @file Parts of MaskFormerLoss: dice and focal losses, and the matcher that pairs queries with instances. */
import { noGrad } from "../engine/engine.ts";
import { scope } from "../engine/frame.ts";
import type { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import * as F from "../nn/functional.ts";
import { Layer } from "../nn/layer.ts";
import * as t from "../nn/tensor.ts";

/** Labels [K] and masks [K, H, W] of one image. */
export type Target = PyList;

/** Classes [N, Q, K+1] and masks [N, Q, h, w] of one decoder layer. */
export type Outputs = readonly [logits: Tensor, masks: Tensor];

/** For each image the matched queries and the matched instances: two int64 vectors. */
export type Pairs = readonly (readonly [queries: Tensor, instances: Tensor])[];

interface LossLocals {
  inputs: Tensor;
  targets: Tensor;
  prob: Tensor;
  ce_loss: Tensor;
  p_t: Tensor;
  alpha_t: Tensor;
  numerator: Tensor;
  denominator: Tensor;
  focal_pos: Tensor;
  focal_neg: Tensor;
  loss: Tensor;
}

/** The number of masks is a number of numpy's, not of Python's: it is put on the card. */
function overMasks(x: Tensor): Tensor {
  return t.divide(x, t.full([], x.dtype));
}

/** `1 - (numerator + 1) / (denominator + 1)`. */
function diceOf(f: LossLocals): Tensor {
  return t.rsub(1, t.divide(t.add(f.numerator, 1), t.add(f.denominator, 1)));
}

/** `dice_loss` of masks [M, H·W]. */
export function diceLoss(inputs: Tensor, targets: Tensor): Tensor {
  return scope({ inputs, targets }, (f: LossLocals) => {
    f.inputs = F.sigmoid(f.inputs);
    f.inputs = t.flatten(f.inputs, 1);
    f.numerator = t.multiply(t.sum(t.multiply(f.inputs, f.targets), -1), 2);
    f.denominator = t.add(t.sum(f.inputs, -1), t.sum(f.targets, -1));
    f.loss = diceOf(f);
    return overMasks(t.sum(f.loss));
  });
}

/** `sigmoid_focal_loss` of masks [M, H·W]. */
export function sigmoidFocalLoss(inputs: Tensor, targets: Tensor): Tensor {
  return scope({ inputs, targets }, (f: LossLocals) => {
    f.prob = F.sigmoid(f.inputs);
    f.ce_loss = F.bceWithLogits(f.inputs, f.targets, { reduction: "none" });
    f.p_t = t.add(t.multiply(f.prob, f.targets), t.multiply(t.rsub(1, f.prob), t.rsub(1, f.targets)));
    f.loss = t.multiply(f.ce_loss, t.pow(t.rsub(1, f.p_t)));
    // alpha is 0.25
    f.alpha_t = t.add(t.scale(f.targets), t.scale(t.rsub(1, f.targets)));
    f.loss = t.multiply(f.alpha_t, f.loss);
    return overMasks(t.sum(t.mean(f.loss, 1)));
  });
}

/** `batch_dice_loss`: each of Q predictions against each of K instances. */
function batchDiceLoss(inputs: Tensor, targets: Tensor): Tensor {
  return scope({ inputs, targets }, (f: LossLocals) => {
    f.inputs = F.sigmoid(f.inputs);
    f.inputs = t.flatten(f.inputs, 1);
    f.numerator = t.multiply(t.einsum("nc,mc->nm", f.inputs, f.targets), 2);
    f.denominator = t.add(t.sum(f.inputs, -1, true), t.unsqueeze(t.sum(f.targets, -1), 0));
    f.loss = diceOf(f);
    return f.loss;
  });
}

/** `batch_sigmoid_focal_loss`: each of Q predictions against each of K instances. */
function batchSigmoidFocalLoss(inputs: Tensor, targets: Tensor): Tensor {
  return scope({ inputs, targets }, (f: LossLocals) => {
    const against = (labels: Tensor) => F.bceWithLogits(f.inputs, labels, { reduction: "none" });
    f.prob = F.sigmoid(f.inputs);
    f.focal_pos = t.multiply(t.pow(t.rsub(1, f.prob)), against(t.fullLike(f.inputs)));
    f.focal_neg = t.multiply(t.pow(f.prob), against(t.fullLike(f.inputs)));
    f.focal_pos = t.scale(f.focal_pos);
    f.focal_neg = t.scale(f.focal_neg);
    const positive = t.einsum("nc,mc->nm", f.focal_pos, f.targets);
    f.loss = t.add(positive, t.einsum("nc,mc->nm", f.focal_neg, t.rsub(1, f.targets)));
    return t.scale(f.loss);
  });
}

interface MatcherLocals {
  out_prob: Tensor;
  out_mask: Tensor;
  tgt_ids: Tensor;
  tgt_mask: Tensor;
  cost_class: Tensor;
  cost_mask: Tensor;
  cost_dice: Tensor;
  cost: Tensor;
}

/** Costs of pairing every query with every instance, image by image; as many pairs as the fewer of the two. */
export class HungarianMatcher extends Layer<readonly [Outputs, PyList<Target>], Pairs> {
  forward(f: MatcherLocals, [logits, masks]: Outputs, targets: PyList<Target>): Pairs {
    return noGrad(() => {
      const counts: number[] = [];
      for (const [b, target] of [...targets].entries()) {
        f.out_prob = F.softmax(t.select(logits, 0, b));
        f.out_mask = t.select(masks, 0, b);
        f.tgt_ids = target.at(0);
        f.tgt_mask = t.cast(target.at(1), f.out_mask.dtype);
        f.cost_class = t.scale(t.gather(f.out_prob, f.tgt_ids, 1));
        const size = [f.out_mask.dim(1), f.out_mask.dim(2)];
        f.tgt_mask = F.interpolate(t.unsqueeze(f.tgt_mask, 1), size, { mode: "nearest" });
        f.out_mask = t.flatten(f.out_mask, 1);
        f.tgt_mask = t.flatten(t.select(f.tgt_mask, 1, 0), 1);
        f.cost_mask = batchSigmoidFocalLoss(f.out_mask, f.tgt_mask);
        f.cost_dice = batchDiceLoss(f.out_mask, f.tgt_mask);
        f.cost = t.add(t.add(t.scale(f.cost_mask), t.scale(f.cost_class)), t.scale(f.cost_dice));
        f.cost = t.reshape(f.cost, [f.out_prob.dim(0), -1]);
        counts.push(Math.min(f.cost.dim(0), f.cost.dim(1)));
      }
      return counts.map((count) => [t.toTensor([count], "int64"), t.toTensor([count], "int64")] as const);
    });
  }
}
