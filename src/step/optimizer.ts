/** @file An optimizer's step: what it makes the first time and what it takes (`paddle/optimizer/optimizer.py`). */
import { gradientOf } from "../engine/backward.ts";
import { run1 } from "../engine/dispatch.ts";
import { current, noGrad } from "../engine/engine.ts";
import { scope } from "../engine/frame.ts";
import { drop, PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Parameter } from "../nn/layer.ts";
import * as t from "../nn/tensor.ts";
import { addNOp } from "../ops/optimizer.ts";
import { clipped, EigenScratch } from "./clip.ts";
import type { OptimizerSpec } from "./optimizer-spec.ts";

export { type OptimizerSpec, readOptimizer } from "./optimizer-spec.ts";

/** Parameters that are updated together. `learningRate` stands before the parameters' own. */
interface Members {
  readonly parameters: readonly Parameter[];
  readonly learningRate: number | undefined;
}

interface Locals {
  params_grads: PyList;
}

/** Runs one kind of optimizer over the model's parameters. */
export class Optimizer {
  readonly spec: OptimizerSpec;
  private readonly groups: readonly Members[];
  private rate: Tensor | undefined;
  private readonly scratch = new EigenScratch();
  private readonly states = new Map<Parameter, readonly Tensor[]>();

  constructor(spec: OptimizerSpec, parameters: readonly Parameter[]) {
    this.spec = spec;
    this.groups = grouped(spec, parameters);
  }

  /** One update. Clipped and regularised gradients of a group live until the next group's are made, or the step ends. */
  step(): void {
    noGrad(() => {
      scope<Locals, void>({}, (f) => {
        for (const group of this.groups) {
          const updated = group.parameters.filter((p) => p.trainable && gradientOf(p) !== undefined);
          f.params_grads = listed(updated);
          this.apply(f, updated, group);
        }
      });
    });
  }

  /** `_apply_optimize`: clipping, regularisation, states, update. */
  private apply(f: Locals, updated: readonly Parameter[], { learningRate }: Members): void {
    if (this.spec.clip) f.params_grads = clipped(this.spec.clip, f.params_grads, this.scratch);
    if (this.spec.decay !== "fused") f.params_grads = this.regularised(updated, f.params_grads);
    this.rate ??= this.create([1], "full_");
    for (const p of updated) if (!this.states.has(p)) this.states.set(p, this.statesOf(p));
    for (const p of updated) {
      const scaled = (learningRate ?? p.learningRate) !== 1 || (this.spec.layerwise && inLayers(p.name));
      this.update(p, scaled ? t.scale(this.rate) : this.rate);
    }
  }

  /** The kernel works in place. SGD's takes the learning rate in the parameter's dtype: two casts of one number. */
  private update(p: Parameter, rate: Tensor): void {
    const e = current();
    if (this.spec.castsRate && p.dtype === "float16") {
      const casts = [e.tensor([1], p.dtype, "sgd_"), e.tensor([1], p.dtype, "sgd_")];
      for (const cast of casts) e.end(cast, "sgd_");
    }
    drop(rate);
  }

  /** `append_regularization_ops`: a gradient without regularisation is taken over as it is. */
  private regularised(updated: readonly Parameter[], gradients: PyList): PyList {
    const out = new PyList();
    updated.forEach((p, i) => {
      const gradient = gradients.at(i);
      const decays = p.regularized || (this.spec.decay === "l2" && this.spec.decays);
      out.append(decays ? run1(addNOp, [gradient, t.scale(p)], undefined) : gradient);
    });
    return out;
  }

  /** The master weight of a float16 parameter, then its accumulators. */
  private statesOf(p: Parameter): readonly Tensor[] {
    const made = p.dtype === "float16" ? [this.create(p.shape, "cast")] : [];
    for (let i = 0; i < this.spec.states; i++) made.push(this.create(p.shape, "full_"));
    return made;
  }

  /** A float32 tensor that lives as long as the optimizer. */
  private create(shape: readonly number[], op: string): Tensor {
    const made = current().tensor(shape, "float32", op, "optimizer-state");
    made.references++;
    return made;
  }
}

/** The gradients in a list of their own. Lists let go of their items from the last to the first. */
function listed(updated: readonly Parameter[]): PyList {
  const gradients = new PyList();
  for (const p of updated) {
    const gradient = gradientOf(p);
    if (gradient) gradients.append(gradient);
  }
  return gradients;
}

/** Each parameter goes to the first group whose name it has in its own, or to the last group. */
function grouped(spec: OptimizerSpec, parameters: readonly Parameter[]): readonly Members[] {
  if (spec.groups === undefined) return [{ parameters, learningRate: undefined }];
  const groups = [...spec.groups, { name: "", learningRate: 1 }];
  const members = groups.map(({ learningRate }) => ({ parameters: [] as Parameter[], learningRate }));
  for (const p of parameters) {
    members[groups.findIndex((group) => p.name.includes(group.name))]?.parameters.push(p);
  }
  return members;
}

/** `layerwise_lr_decay`: parameters of the encoder's blocks and embeddings. */
function inLayers(name: string): boolean {
  return name.includes("blocks") || name.includes("embed");
}
