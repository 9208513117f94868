/** @file PaddleSeg's moving average of the parameters (`paddleseg/utils/ema.py`): a second network, and what its update makes. */
import { current, noGrad } from "../engine/engine.ts";
import { scope } from "../engine/frame.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Parameter } from "../nn/layer.ts";
import * as t from "../nn/tensor.ts";

interface Locals {
  v: Tensor;
}

/** The averaged parameters: `deepcopy(model)`. */
export class MovingAverage {
  private readonly parameters: readonly Parameter[];
  private readonly averages: readonly Tensor[];

  constructor(parameters: readonly Parameter[]) {
    const e = current();
    this.parameters = parameters;
    this.averages = parameters.map((p) => {
      const copy = e.tensor(p.shape, p.dtype, "", "buffer");
      copy.references++;
      return copy;
    });
  }

  /** `update_ema_model`: every new value stays in a dict until all are made; then they are copied over the old ones. */
  update(): void {
    noGrad(() =>
      scope<Locals, void>({}, (f) => {
        const state: Tensor[] = [];
        for (const [i, average] of this.averages.entries()) {
          f.v = t.scale(average);
          f.v = t.add(f.v, t.scale(this.parameters[i]!));
          f.v.references++;
          state.push(f.v);
        }
        // A dict lets go of its values from the first to the last.
        for (const value of state) if (--value.references === 0) current().end(value, "");
      }),
    );
  }
}
