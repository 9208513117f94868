/** @file KLLoss (`paddleseg/models/losses/kl_loss.py`): a student's logits against a teacher's. */
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer } from "../nn/layer.ts";
import * as t from "../nn/tensor.ts";
import { Loss } from "./loss.ts";

interface Locals {
  logit_1: Tensor;
  logit_2: Tensor;
  loss: Tensor;
  avg_loss: Tensor;
}

/** `nn.KLDivLoss(reduction="none")`. */
class KLDivLoss extends Layer<readonly [Tensor, Tensor]> {
  forward(_f: object, input: Tensor, label: Tensor): Tensor {
    return F.klDivergence(input, label);
  }
}

/** Takes the first two logits of the network, [N, C, H, W] both; the second without its gradient. */
export class KLLoss extends Loss {
  readonly type = "KLLoss";
  override readonly comparesLogits = true;
  readonly kl_loss = new KLDivLoss();

  constructor(args: Args) {
    super();
    args.ignore("ignore_index", "temperature");
    args.finish();
  }

  forward(f: Locals, logit_1: Tensor, logit_2: Tensor): Tensor {
    f.logit_1 = F.logSoftmax(t.scale(logit_1));
    f.logit_2 = F.softmax(t.scale(logit_2));
    f.loss = this.kl_loss.call(f.logit_1, f.logit_2);
    f.loss = t.scale(t.scale(f.loss));
    f.avg_loss = t.mean(f.loss);
    return f.avg_loss;
  }
}
