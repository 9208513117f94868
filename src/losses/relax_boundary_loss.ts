/** @file RelaxBoundaryLoss (`paddleseg/models/losses/decoupledsegnet_relax_boundary_loss.py`): labels of neighbours count too. */
import { scope } from "../engine/frame.ts";
import type { Tensor } from "../engine/tensor.ts";
import { type Args, ArgumentError } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import * as t from "../nn/tensor.ts";
import { Loss } from "./loss.ts";

interface Locals {
  label: Tensor;
  weights: Tensor;
  ignore_mask: Tensor;
  border_weights: Tensor;
  loss: Tensor;
}

interface RelaxLocals {
  label: Tensor;
  ignore_mask: Tensor;
  onehot: Tensor;
  label_: Tensor;
  onehot_: Tensor;
}

interface NllLocals {
  logit: Tensor;
  label: Tensor;
  border_weights: Tensor;
  ignore_mask: Tensor;
  soft: Tensor;
  soft_label: Tensor;
  logsoft: Tensor;
}

/** Logits [N, C, H, W]; one-hot labels are int64 [N, C + 1, H, W]. */
export class RelaxBoundaryLoss extends Loss {
  readonly type = "RelaxBoundaryLoss";
  private readonly border: number;

  constructor(args: Args) {
    super();
    args.ignore("upper_bound", "ignore_index");
    this.border = args.int("border", 1);
    if (args.boolean("calculate_weights", false)) {
      const reason = "PaddleSeg's RelaxBoundaryLoss hides its method calculate_weights behind this flag and fails";
      throw new ArgumentError("RelaxBoundaryLoss", "calculate_weights", reason);
    }
    args.finish();
  }

  forward(f: Locals, logit: Tensor, label: Tensor): Tensor {
    const [n, classes] = [logit.dim(0), logit.dim(1)];
    f.label = this.relaxed(label, classes);
    f.weights = t.cast(t.sum(t.slice(f.label, 1, 0, classes), 1), "float32");
    f.ignore_mask = t.cast(t.equal(f.weights, 0), "float32");
    f.border_weights = t.add(f.weights, f.ignore_mask);
    for (let i = 0; i < n; i++) {
      const x = t.unsqueeze(t.select(logit, 0, i), 0);
      const nll = this.nll(x, t.unsqueeze(t.select(f.label, 0, i), 0), f.border_weights, t.select(f.ignore_mask, 0, i));
      f.loss = i === 0 ? t.scale(nll) : t.add(f.loss, nll);
    }
    return f.loss;
  }

  /** `relax_onehot`: a pixel has its own class and those of the pixels around it. */
  private relaxed(label: Tensor, classes: number): Tensor {
    return scope({ label }, (f: RelaxLocals) => {
      if (f.label.shape.length === 3) f.label = t.unsqueeze(f.label, 1);
      const [h, w] = f.label.hw;
      const b = this.border;
      f.label = F.pad(f.label, [b, b, b, b]);
      f.label = t.squeeze(f.label, 1);
      f.ignore_mask = t.cast(t.equal(f.label, 255), "int64");
      const plain = t.multiply(f.label, t.rsub(1, f.ignore_mask));
      f.label = t.add(plain, t.scale(f.ignore_mask));
      for (let i = -b; i <= b; i++) {
        for (let j = -b; j <= b; j++) {
          f.label_ = t.sliceAxes(f.label, { axes: [1, 2], starts: [1 + i, 1 + j], ends: [h + 1 + i, w + 1 + j] });
          f.onehot_ = t.oneHot(f.label_, classes + 1);
          f.onehot = f.onehot === undefined ? t.scale(f.onehot_) : t.add(f.onehot, f.onehot_);
        }
      }
      f.onehot = t.cast(t.greaterThan(f.onehot, 0), "int64");
      f.onehot = t.transpose(f.onehot, [0, 3, 1, 2]);
      return f.onehot;
    });
  }

  /** `custom_nll` of one image. */
  private nll(logit: Tensor, label: Tensor, border: Tensor, ignore: Tensor): Tensor {
    return scope({ logit, label, border_weights: border, ignore_mask: ignore }, (f: NllLocals) => {
      const labels = () => t.slice(f.label, 1, 0, f.label.dim(1) - 1);
      f.soft = F.softmax(f.logit);
      const own = t.sum(t.multiply(f.soft, t.cast(labels(), "float32")), 1, true);
      f.soft_label = t.multiply(own, t.cast(labels(), "float32"));
      const others = t.multiply(f.soft, t.cast(t.rsub(1, labels()), "float32"));
      f.soft = t.add(others, f.soft_label);
      f.logsoft = t.log(f.soft);
      f.logsoft = t.multiply(t.cast(labels(), "float32"), f.logsoft);
      f.logsoft = t.sum(f.logsoft, 1);
      const divided = t.multiply(t.rdivide(f.border_weights), f.logsoft);
      f.logsoft = t.multiply(divided, t.rsub(1, f.ignore_mask));
      const total = t.sum(f.logsoft);
      f.logsoft = t.divide(total, t.scale(t.rsub(1, t.sum(f.ignore_mask))));
      return f.logsoft;
    });
  }
}
