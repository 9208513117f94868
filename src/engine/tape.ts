/** @file The tape: one node for each differentiable op, holding what its backward needs. */
import type { GradSpec, TensorMeta } from "../ops/types.ts";
import type { Storage, Tensor } from "./tensor.ts";

/** Where a gradient goes: an output slot of the node that made the input. */
export interface Edge {
  readonly node: GradNode;
  readonly slot: number;
}

/** What backward asks of an op, with its attributes closed over. */
export interface GradRule {
  /** Name of the backward kernel. */
  readonly kernel: string;
  readonly strided: boolean;
  readonly fillsMissing: boolean;
  /** Kept inputs that are strided still, or in host memory: backward's kernel takes copies of them. */
  readonly savedCopies: readonly TensorMeta[];
  specs(grads: readonly (Tensor | undefined)[]): readonly GradSpec[];
  temporariesBefore(grads: readonly (Tensor | undefined)[]): readonly number[];
  temporaries(grads: readonly (Tensor | undefined)[]): readonly number[];
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
