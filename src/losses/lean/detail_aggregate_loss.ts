/** @file DetailAggregateLoss as presets/launcher/lean_losses.py forms it: of the edges' target only the target stays. */
import { noGrad } from "../../engine/engine.ts";
import { scope } from "../../engine/frame.ts";
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import * as t from "../../nn/tensor.ts";
import { DetailKernels } from "../detail_aggregate_loss.ts";
import { atHand, type ValueAndGradient } from "./at-hand.ts";

interface Locals {
  logits: Tensor;
  target: Tensor;
  targets: PyList;
}

/** Detail logits [N, 1, h, w]. */
export class DetailAggregateLoss extends DetailKernels {
  readonly type = "DetailAggregateLoss";

  forward(f: Locals, logits: Tensor, label: Tensor): Tensor {
    f.logits = logits;
    noGrad(() => this.formTarget(f, label));
    const size = f.target.hw;
    if (f.logits.dim(-1) !== size[1]) f.logits = F.interpolate(f.logits, size, { mode: "bilinear" });
    return atHand(f.logits, (logit) => form(f.target, logit));
  }

  private formTarget(f: Locals, label: Tensor): void {
    f.target = this.numbers(label, 1);
    const size = f.target.hw;
    const others = scope({}, (g: { list: PyList }) => {
      g.list = new PyList();
      for (const stride of [2, 4]) g.list.append(F.interpolate(this.numbers(label, stride), size));
      return g.list;
    });
    const list = new PyList([f.target]);
    list.extend(others);
    f.targets = list;
    f.target = t.concat(f.targets, 1);
    f.targets = new PyList();
    f.target = t.cast(t.greaterThan(F.conv2d(f.target, this.fuse, undefined), 0.1), "float32");
  }

  private numbers(label: Tensor, stride: number): Tensor {
    return scope({ found: this.edges(label, stride) }, (f: { found: Tensor }) =>
      t.cast(t.greaterThan(f.found, 0.1), "float32"),
    );
  }
}

interface FormLocals {
  target: Tensor;
  logit: Tensor;
  value: Tensor;
  prob: Tensor;
  top: Tensor;
  size: Tensor;
  slope: Tensor;
}

function form(target: Tensor, logit: Tensor): ValueAndGradient {
  return scope({ target, logit }, (f: FormLocals) => {
    const all = [1, 2, 3];
    f.value = F.bceWithLogits(f.logit, f.target);
    f.prob = F.sigmoid(f.logit);
    f.top = t.scale(t.scale(t.sum(t.multiply(f.prob, f.target), all, true)));
    f.size = t.scale(t.add(t.sum(f.prob, all, true), t.sum(f.target, all, true)));
    f.value = t.add(f.value, t.mean(t.rsub(1, t.divide(f.top, f.size))));
    const slope = t.multiply(f.target, t.rdivide(f.size));
    f.slope = t.overwrite(slope, t.scale(t.divide(t.divide(f.top, f.size), f.size)));
    t.overwrite(f.slope, t.rsub(1, f.prob));
    return [f.value, t.overwrite(f.prob, f.slope)];
  });
}
