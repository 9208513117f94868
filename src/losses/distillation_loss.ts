/** @file DistillationLoss of STFPM (`losses/distillation_loss.py`): a student's features against a teacher's. */
import { scope } from "../engine/frame.ts";
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import * as t from "../nn/tensor.ts";
import { Loss } from "./loss.ts";

interface Locals {
  s_feat: PyList;
  t_feat: PyList;
  loss: PyList;
}

/** The features are normalised inside the network's own lists, which the training loop still holds. */
export class DistillationLoss extends Loss<Tensor, readonly PyList[]> {
  override readonly type = "DistillationLoss";
  override readonly takes = 2;

  constructor(args: Args) {
    super();
    args.ignore("reduction", "ignore_index");
    args.finish();
  }

  forward(f: Locals, inputs: readonly PyList[], _label: Tensor): Tensor {
    f.s_feat = inputs[0]!;
    f.t_feat = inputs[1]!;
    f.loss = new PyList();
    for (let i = 0; i < f.t_feat.length; i++) {
      f.t_feat.set(i, F.normalize(f.t_feat.at(i), 1));
      f.s_feat.set(i, F.normalize(f.s_feat.at(i), 1));
      f.loss.append(t.mean(t.sum(t.pow(t.subtract(f.t_feat.at(i), f.s_feat.at(i))), 1)));
    }
    return summed(f.loss);
  }
}

/** Python's `sum`: starts at 0. */
function summed(losses: PyList): Tensor {
  return scope({ losses }, (f: { losses: PyList; result: Tensor }) => {
    for (const loss of f.losses) f.result = f.result === undefined ? t.scale(loss) : t.add(f.result, loss);
    return f.result;
  });
}
