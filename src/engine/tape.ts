/** @file The tape: one node for each differentiable op, holding what its backward needs. */
import type { Device, GradContext, GradSpec, Op, TensorMeta } from "../ops/types.ts";
import { backwardConvolutions } from "./convolutions.ts";
import type { Convolution } from "./events.ts";
import type { Storage, Tensor } from "./tensor.ts";

/** Where a gradient goes: an output slot of the node that made the input. */
export interface Edge {
  readonly node: GradNode;
  readonly slot: number;
}

type Grads = readonly (Tensor | undefined)[];

/** What backward asks of an op. */
export interface GradRule {
  /** Name of the backward kernel. */
  readonly kernel: string;
  readonly strided: boolean;
  readonly fillsMissing: boolean;
  /** Kept inputs that are strided still, or in host memory: backward's kernel takes copies of them. */
  readonly savedCopies: readonly TensorMeta[];
  /** Takes the gradients that arrived; the other methods answer for them. */
  specs(grads: Grads): readonly GradSpec[];
  temporariesBefore(): readonly number[];
  /** By input. */
  temporariesAround(): readonly (readonly number[])[];
  temporaries(): readonly number[];
  /** What cuDNN is asked to run when the events before `at` had happened. */
  convolutions(at: number): readonly Convolution[];
  readonly makesAll: boolean;
  /** Inputs whose gradients are made and dropped. */
  readonly dropped: ReadonlySet<number>;
}

const none: readonly number[] = [];
const noConvolutions: readonly Convolution[] = [];
const noneAround: readonly (readonly number[])[] = [];
const nothingDropped: ReadonlySet<number> = new Set();

/** An op's rule with its attributes: it is itself the context that the rule's functions see. */
export class OpRule<A> implements GradRule, GradContext<A> {
  readonly device: Device;
  readonly inputs: readonly TensorMeta[];
  readonly outputs: readonly TensorMeta[];
  readonly attrs: A;
  readonly needs: readonly boolean[];
  readonly savedCopies: readonly TensorMeta[];
  dropped: ReadonlySet<number> = nothingDropped;
  grads: Grads = [];
  private readonly op: Op<A>;

  constructor(
    op: Op<A>,
    attrs: A,
    inputs: readonly TensorMeta[],
    outputs: readonly TensorMeta[],
    needs: readonly boolean[],
    savedCopies: readonly TensorMeta[],
    device: Device,
  ) {
    this.op = op;
    this.attrs = attrs;
    this.inputs = inputs;
    this.outputs = outputs;
    this.needs = needs;
    this.savedCopies = savedCopies;
    this.device = device;
  }

  get kernel(): string {
    return this.op.gradName ?? `${this.op.name}_grad`;
  }

  get strided(): boolean {
    return this.op.strided ?? false;
  }

  get fillsMissing(): boolean {
    return this.op.fillsMissing ?? false;
  }

  specs(grads: Grads): readonly GradSpec[] {
    this.grads = grads;
    return this.op.grads ? this.op.grads(this) : this.needs.map((need) => (need ? "new" : undefined));
  }

  temporariesBefore(): readonly number[] {
    return this.op.gradTemporariesBefore?.(this) ?? none;
  }

  temporariesAround(): readonly (readonly number[])[] {
    return this.op.gradTemporariesAround?.(this) ?? noneAround;
  }

  get makesAll(): boolean {
    return this.op.gradMakesAll ?? false;
  }

  temporaries(): readonly number[] {
    return this.op.gradTemporaries?.(this) ?? none;
  }

  convolutions(at: number): readonly Convolution[] {
    const { op, attrs, inputs, outputs, needs } = this;
    if (!op.conv) return noConvolutions;
    return backwardConvolutions(op.conv(attrs), [inputs[0]!, inputs[1]!, outputs[0]!], needs, at);
  }
}

/** Backward of a PyLayer (recompute): gradients of the inputs from gradients of the outputs. */
export type Backward = (node: GradNode, grads: readonly (Tensor | undefined)[]) => (Tensor | undefined)[];

/**
 * A grad node. Paddle keeps a node alive through shared pointers from the tensors it made and from the nodes behind it;
 * `references` counts both. When it drops to 0 the saved tensors are released and the edges let go.
 */
export class GradNode {
  readonly name: string;
  readonly rule: GradRule | undefined;
  readonly inputs: readonly TensorMeta[];
  readonly outputs: readonly TensorMeta[];
  readonly edges: readonly (Edge | undefined)[];
  readonly layer: string;
  saved: Storage[] = [];
  references = 0;
  /** A leaf's accumulation node points at its leaf. */
  leaf: Tensor | undefined = undefined;
  /** Backward of a PyLayer (recompute) in place of an op's rule. */
  run: Backward | undefined = undefined;
  /** Called when the node dies: lets go of what `run` holds. */
  dispose: (() => void) | undefined = undefined;

  constructor(
    name: string,
    rule: GradRule | undefined,
    inputs: readonly TensorMeta[],
    outputs: readonly TensorMeta[],
    edges: readonly (Edge | undefined)[],
    layer: string,
  ) {
    this.name = name;
    this.rule = rule;
    this.inputs = inputs;
    this.outputs = outputs;
    this.edges = edges;
    this.layer = layer;
  }
}

/** The accumulation node of a leaf; made at its first use and kept by the leaf. */
export function accumulationNode(leaf: Tensor): GradNode {
  const node = new GradNode("GradNodeAccumulation", undefined, [], [leaf], [], "");
  node.leaf = leaf;
  node.references = 1;
  leaf.node = node;
  return node;
}
