/** @file CrossEntropyLoss as presets/launcher/lean_losses.py forms it: the class axis stays where the logits have it. */
import { noGrad } from "../../engine/engine.ts";
import { drop } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import * as t from "../../nn/tensor.ts";
import { numel } from "../../ops/types.ts";
import { CrossEntropyOptions } from "../cross_entropy_loss.ts";
import { along, classOf, isNot, pixelLosses, weightsOf } from "./pixels.ts";

interface Locals {
  logit: Tensor;
  label: Tensor;
  weights: Tensor | undefined;
  coefficients: Tensor | undefined;
  share: Tensor | undefined;
  loss: Tensor;
  places: Tensor;
}

export class CrossEntropyLoss extends CrossEntropyOptions {
  readonly type = "CrossEntropyLoss";

  forward(f: Locals, logit: Tensor, label: Tensor): Tensor {
    const axis = this.channelsLast ? logit.shape.length - 1 : 1;
    f.logit = logit;
    f.label = along(label, logit, axis);
    noGrad(() => this.prepare(f));
    f.loss = pixelLosses(f.logit, f.label, axis, f.weights);
    if (this.topK !== 1) this.hardest(f);
    return f.share === undefined ? t.mean(f.loss) : t.divide(t.mean(f.loss), f.share);
  }

  private prepare(f: Locals): void {
    if (this.weight !== undefined) {
      f.weights = weightsOf(this.weight, classOf(f.label, isNot(f.label)));
      f.coefficients = f.weights;
    }
    if (!this.averageValid) {
      f.coefficients = undefined;
    } else if (this.topK === 1) {
      f.share = t.cast(isNot(f.label), "float32");
      f.share = t.scale(t.mean(f.coefficients === undefined ? f.share : t.multiply(f.share, f.coefficients)));
    }
  }

  /** The share of the pixels with the largest losses. */
  private hardest(f: Locals): void {
    f.loss = t.flatten(f.loss);
    drop(t.multiply(t.numelOf(f.loss), this.topK));
    const [loss, places] = t.topk(f.loss, Math.floor(this.topK * numel(f.loss.shape)));
    f.loss = loss;
    f.places = places;
    if (f.coefficients !== undefined) f.share = t.scale(t.mean(t.gather(t.flatten(f.coefficients), f.places)));
  }
}
