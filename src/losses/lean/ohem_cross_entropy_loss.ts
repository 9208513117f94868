/** @file OhemCrossEntropyLoss as presets/launcher/lean_losses.py forms it: the softmax dies before the loss makes its own. */
import { noGrad } from "../../engine/engine.ts";
import type { Tensor } from "../../engine/tensor.ts";
import * as t from "../../nn/tensor.ts";
import { numel } from "../../ops/types.ts";
import { OhemOptions } from "../ohem_cross_entropy_loss.ts";
import { along, classOf, hardest, isNot, pixelLosses, weightsOf } from "./pixels.ts";

interface Locals {
  logit: Tensor;
  label: Tensor;
  valid?: Tensor;
  weights: Tensor | undefined;
  share: Tensor;
}

/** Worst case as in the plain loss: every pixel is valid, so the sort happens if `min_kept` < N·H·W. */
export class OhemCrossEntropyLoss extends OhemOptions {
  readonly type = "OhemCrossEntropyLoss";

  forward(f: Locals, logit: Tensor, label: Tensor): Tensor {
    f.logit = logit;
    f.label = along(label, logit, 1);
    noGrad(() => this.prepare(f));
    return t.divide(t.mean(pixelLosses(f.logit, f.label, 1, f.weights)), f.share);
  }

  private prepare(f: Locals): void {
    if (this.minKept > 0) f.label = hardest(f.logit, f.label, this.minKept < numel(f.label.shape));
    f.valid = isNot(f.label);
    if (this.weight !== undefined) f.weights = weightsOf(this.weight, classOf(f.label, f.valid));
    f.share = t.scale(t.mean(t.cast(f.valid, "float32")));
    delete f.valid;
  }
}
