/** @file LovaszSoftmaxLoss (`paddleseg/models/losses/lovasz_loss.py`): sorts the errors of every class. */
import { assume } from "../engine/engine.ts";
import { scope } from "../engine/frame.ts";
import { drop, PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import * as t from "../nn/tensor.ts";
import { phrase } from "../words/phrase.ts";
import { Loss } from "./loss.ts";
import { flattenProbas, lovaszGrad } from "./lovasz.ts";

interface Locals {
  probas: Tensor;
  vprobas: Tensor;
  vlabels: Tensor;
  loss: Tensor;
}

interface FlatLocals {
  probas: Tensor;
  labels: Tensor;
  losses: PyList;
  fg: Tensor;
  class_pred: Tensor;
  errors: Tensor;
  errors_sorted: Tensor;
  perm: Tensor;
  fg_sorted: Tensor;
  grad: Tensor;
  loss: Tensor;
  losses_tensor: Tensor;
  mean_loss: Tensor;
}

export type Classes = "all" | "present" | readonly number[];

/** What LovaszSoftmaxLoss is told, however it is formed. */
export abstract class LovaszSoftmaxOptions extends Loss {
  protected readonly classes: Classes;

  constructor(args: Args) {
    super();
    args.ignore("ignore_index");
    const classes = args.optional("classes");
    this.classes = Array.isArray(classes)
      ? args.numbers("classes")
      : args.string<"all" | "present">("classes", "present", ["all", "present"]);
    args.finish();
  }

  /** The classes that are summed, of so many. */
  protected wanted(channels: number): readonly number[] {
    if (this.classes === "present") assume(phrase("loss-lovasz-softmax", { classes: channels }));
    return typeof this.classes === "string" ? [...new Array<number>(channels).keys()] : this.classes;
  }
}

/**
 * Classes that no label has are left out, and ignored pixels dropped; the worst case is taken: all classes are present and
 * no pixel is ignored.
 */
export class LovaszSoftmaxLoss extends LovaszSoftmaxOptions {
  readonly type = "LovaszSoftmaxLoss";

  forward(f: Locals, logits: Tensor, labels: Tensor): Tensor {
    f.probas = F.softmax(logits);
    const [vprobas, vlabels] = flattenProbas(f.probas, labels);
    f.vprobas = vprobas;
    f.vlabels = vlabels;
    f.loss = flat(f.vprobas, f.vlabels, this.wanted(logits.dim(1)), this.classes === "present");
    return f.loss;
  }
}

/** `lovasz_softmax_flat`: probabilities [P, C], labels [P]. */
function flat(probas: Tensor, labels: Tensor, wanted: readonly number[], looks: boolean): Tensor {
  return scope({ probas, labels }, (f: FlatLocals) => {
    drop(t.equal(t.numelOf(f.probas), 0));
    const channels = f.probas.dim(1);
    f.losses = new PyList();
    for (const c of wanted) {
      f.fg = t.cast(t.equal(f.labels, c), f.probas.dtype);
      if (looks) drop(t.equal(t.sum(f.fg), 0));
      f.class_pred = t.select(f.probas, 1, channels === 1 ? 0 : c);
      f.errors = t.abs(t.subtract(f.fg, f.class_pred));
      const [sorted, perm] = t.legacyArgsort(f.errors);
      f.errors_sorted = sorted;
      f.perm = perm;
      f.fg_sorted = t.gather(f.fg, f.perm);
      f.grad = lovaszGrad(f.fg_sorted);
      f.loss = t.sum(t.multiply(f.errors_sorted, f.grad));
      f.losses.append(f.loss);
    }
    if (wanted.length === 1) return f.losses.at(0);
    f.losses_tensor = t.stack(f.losses);
    f.mean_loss = t.mean(f.losses_tensor);
    return f.mean_loss;
  });
}
