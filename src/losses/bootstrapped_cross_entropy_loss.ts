/** @file BootstrappedCrossEntropyLoss (`paddleseg/models/losses/bootstrapped_cross_entropy.py`): each image's hardest pixels. */
import { assume } from "../engine/engine.ts";
import { drop } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import * as t from "../nn/tensor.ts";
import { phrase } from "../words/phrase.ts";
import { classWeights, Loss } from "./loss.ts";

interface Locals {
  label: Tensor;
  total_loss: Tensor;
  x: Tensor;
  y: Tensor;
  loss: Tensor;
  sorted_loss: Tensor;
  new_indices: Tensor;
}

/**
 * Pixels whose loss is above `loss_th` are gathered if there are more than `min_K`, else the `min_K` hardest are a view.
 * Worst case, and what a fresh network gives: all pixels are above. (Measurements without values take the view.)
 */
export class BootstrappedCrossEntropyLoss extends Loss {
  readonly type = "BootstrappedCrossEntropyLoss";
  private readonly minimum: number;
  private readonly weight: Tensor | undefined;

  constructor(args: Args) {
    super();
    args.ignore("ignore_index");
    this.minimum = args.int("min_K");
    args.number("loss_th");
    this.weight = classWeights(args);
    args.finish();
  }

  forward(f: Locals, logit: Tensor, label: Tensor): Tensor {
    assume(phrase("loss-bootstrapped", {}));
    const [n, classes] = [logit.dim(0), logit.dim(1)];
    f.label = label.shape.length === logit.shape.length ? label : t.unsqueeze(label, 1);
    for (let i = 0; i < n; i++) {
      f.x = t.unsqueeze(t.select(logit, 0, i), 0);
      f.y = t.unsqueeze(t.select(f.label, 0, i), 0);
      f.x = t.transpose(f.x, [0, 2, 3, 1]);
      f.y = t.transpose(f.y, [0, 2, 3, 1]);
      f.x = t.reshape(f.x, [-1, classes]);
      f.y = t.reshape(f.y, [-1]);
      f.loss = F.crossEntropy(f.x, f.y, { weight: this.weight, reduction: "none" });
      f.sorted_loss = t.sort(f.loss);
      drop(t.greaterThan(t.select(f.sorted_loss, 0, this.minimum), 0));
      f.new_indices = t.nonzero(t.greaterThan(f.sorted_loss, 0));
      f.loss = t.gather(f.sorted_loss, f.new_indices);
      const mean = t.mean(f.loss);
      f.total_loss = i === 0 ? t.scale(mean) : t.add(f.total_loss, mean);
    }
    return t.scale(f.total_loss);
  }
}
