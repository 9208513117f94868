/** @file MixedLoss (`paddleseg/models/losses/mixed_loss.py`): several losses on the same logits, each with its factor. */
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import { type Args, ArgumentError } from "../nn/args.ts";
import type { AnyLayer } from "../nn/layer.ts";
import * as t from "../nn/tensor.ts";
import { type AnyLoss, Loss } from "./loss.ts";

interface Locals {
  loss_list: PyList;
  output: Tensor;
}

/** Hands back a list of scalars, one for each of its losses. The graph of each one lives until backward. */
export class MixedLoss extends Loss<PyList> {
  readonly type = "MixedLoss";
  override readonly takes = 0;
  readonly losses: readonly AnyLoss[];

  constructor(args: Args, build: (args: Args) => AnyLoss) {
    super();
    this.losses = args.components("losses").map(build);
    const coefficients = args.numbers("coef");
    if (coefficients.length !== this.losses.length) {
      const reason = `MixedLoss has ${this.losses.length} losses but ${coefficients.length} factors`;
      throw new ArgumentError("MixedLoss", "coef", reason);
    }
    args.finish();
  }

  override *children(): Iterable<readonly [string, AnyLayer]> {
    for (const [i, loss] of this.losses.entries()) yield [String(i), loss];
  }

  forward(f: Locals, logits: Tensor, labels: Tensor): PyList {
    f.loss_list = new PyList();
    for (const loss of this.losses) {
      const output = loss.call(logits, labels);
      if (output instanceof PyList) {
        const reason = "a MixedLoss inside a MixedLoss: PaddleSeg cannot scale its list";
        throw new ArgumentError(this.type, "losses", reason);
      }
      f.output = output;
      f.loss_list.append(t.scale(f.output));
    }
    return f.loss_list;
  }
}
