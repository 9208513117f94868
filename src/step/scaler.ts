/** @file GradScaler: its tensors and what `scale` and `step` take (`paddle/amp/grad_scaler.py`, amp_kernel.cu). */
import { gradientOf } from "../engine/backward.ts";
import { current, type Engine } from "../engine/engine.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Parameter } from "../nn/layer.ts";
import * as t from "../nn/tensor.ts";

export class GradScaler {
  private foundInf: Tensor;
  private readonly factor: Tensor;
  private readonly held: Tensor[];

  constructor() {
    const flag = () => held(t.toTensor([1], "bool"));
    this.foundInf = flag();
    this.held = [flag(), flag(), flag(), flag()];
    this.factor = held(t.toTensor([1], "float32"));
  }

  /** `loss * scale`. */
  scale(loss: Tensor): Tensor {
    return t.multiply(loss, this.factor);
  }

  /** Unscales the gradients in place, one call for each dtype, and ors the findings. */
  unscale(parameters: readonly Parameter[]): void {
    const e = current();
    const gradients = parameters.flatMap((p) => gradientOf(p) ?? []);
    this.replace(e, this.held[0]!);
    for (const dtype of ["float16", "float32"] as const) {
      const count = gradients.filter((g) => g.dtype === dtype).length;
      if (count === 0) continue;
      checkFinite(e, count);
      this.replace(e, e.tensor([1], "bool", "bitwise_or"));
    }
  }

  private replace(e: Engine, next: Tensor): void {
    const old = this.foundInf;
    next.references++;
    this.foundInf = next;
    if (--old.references === 0) e.end(old, "");
  }
}

function held(tensor: Tensor): Tensor {
  tensor.references++;
  return tensor;
}

/** The inverse scale, the starts of n tensors and their addresses. */
function checkFinite(e: Engine, count: number): void {
  const op = "check_finite_and_unscale";
  const sizes = [4, 8 * (count + 1), 16 * count];
  const taken = sizes.map((bytes) => e.allocate(bytes, op, "temporary"));
  for (const storage of taken) storage.references++;
  for (const storage of taken.reverse()) e.release(storage, op);
}
