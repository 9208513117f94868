/** @file Optimizers: what they make at the first step and what a step takes (facts/paddle-memory.md, part 3). */
import { gradientOf } from "../engine/backward.ts";
import { current } from "../engine/engine.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import type { Parameter } from "../nn/layer.ts";
import { NotModelled } from "../nn/not-modelled.ts";

/** How an optimizer regularises: `fused` and `decoupled` need no memory, `l2` makes a second gradient. */
type Decay = "none" | "fused" | "decoupled" | "l2";

export interface OptimizerSpec {
  readonly type: string;
  /** Float32 tensors of the parameter's shape. */
  readonly states: number;
  readonly decay: Decay;
  readonly clip: "none" | "global-norm" | "norm" | "value";
}

const kinds: Readonly<Record<string, { readonly states: number; readonly decay: Decay }>> = {
  SGD: { states: 0, decay: "l2" },
  Momentum: { states: 1, decay: "fused" },
  Adam: { states: 2, decay: "l2" },
  AdamW: { states: 2, decay: "decoupled" },
  AdamWDL: { states: 2, decay: "decoupled" },
  AdamWDL_CAE: { states: 2, decay: "decoupled" },
};

/** Reads an optimizer component as PaddleSeg's builder does: SGD with momentum is Momentum. */
export function readOptimizer(args: Args): OptimizerSpec {
  const lower: Readonly<Record<string, string>> = { sgd: "SGD", adam: "Adam" };
  const named = lower[args.type] ?? args.type;
  const type = named === "SGD" && args.optional("momentum") !== undefined ? "Momentum" : named;
  const kind = kinds[type];
  if (kind === undefined) throw new NotModelled("optimizer", args.type, Object.keys(kinds), "src/step/optimizer.ts");
  args.ignore(
    "momentum",
    "use_nesterov",
    "beta1",
    "beta2",
    "epsilon",
    "lazy_mode",
    "custom_cfg",
    "layerwise_decay",
    "n_layers",
  );
  const decay = args.optionalNumber("weight_decay");
  const clip = args.optional("grad_clip_cfg");
  args.finish();
  return {
    type,
    states: kind.states,
    decay: decay === undefined ? "none" : kind.decay,
    clip: clip === undefined ? "none" : "global-norm",
  };
}

/** Runs one kind of optimizer over the model's parameters. */
export class Optimizer {
  readonly spec: OptimizerSpec;
  private readonly parameters: readonly Parameter[];
  private states: Tensor[] | undefined;

  constructor(spec: OptimizerSpec, parameters: readonly Parameter[]) {
    this.spec = spec;
    this.parameters = parameters;
  }

  /** Parameters that have a gradient: those the step updates. */
  private updated(): Parameter[] {
    return this.parameters.filter((p) => p.trainable && gradientOf(p) !== undefined);
  }

  step(): void {
    const e = current();
    this.states ??= this.create();
    for (const p of this.updated()) {
      if (p.learningRate === 1) continue;
      const rate = e.tensor([1], "float32", "scale");
      e.end(rate, "");
    }
  }

  /** The learning rate, then for each parameter that has a gradient its master weight, if it is float16, and its states. */
  private create(): Tensor[] {
    const e = current();
    const made = [e.tensor([1], "float32", "full_", "optimizer-state")];
    for (const p of this.updated()) {
      if (p.dtype === "float16") made.push(e.tensor(p.shape, "float32", "cast", "optimizer-state"));
      for (let i = 0; i < this.spec.states; i++) made.push(e.tensor(p.shape, "float32", "full_", "optimizer-state"));
    }
    return made;
  }
}
