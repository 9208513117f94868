/** @file Ops that change the dtype or copy: cast, assign, and the creation ops. */
import { type DType, defineOp, gradNode, type Shape } from "./types.ts";

/** `paddle.cast`: always a new buffer in 2.6, also to the same dtype (facts/paddle-memory.md, 5.1). */
export const castOp = defineOp<{ readonly dtype: DType }>({
  name: "cast",
  gradNode: gradNode("cast"),
  gradName: "cast",
  meta: [0],
  infer: ([x], { dtype }) => [{ shape: x!.shape, dtype }],
});

/** `paddle.assign`, `clone`. */
export const assignOp = defineOp({
  name: "assign",
  gradNode: gradNode("assign"),
  gradName: "assign",
  amp: "assign",
  infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
});

export interface Filled {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** Ops that make a tensor out of nothing, by Paddle's kernel name. */
const creation = (name: string) => defineOp<Filled>({ name, infer: (_, { shape, dtype }) => [{ shape, dtype }] });

export const fullOp = creation("full");
export const emptyOp = creation("empty");
export const uniformOp = creation("uniform");
export const gaussianOp = creation("gaussian");
export const arangeOp = creation("arange");
export const eyeOp = creation("eye");
export const randintOp = creation("randint");
export const randpermOp = creation("randperm");
export const linspaceOp = creation("linspace");

/** `ones_like`, `zeros_like`, `full_like`. */
export const fullLikeOp = defineOp<{ readonly dtype?: DType | undefined }>({
  name: "full_like",
  infer: ([x], { dtype }) => [{ shape: x!.shape, dtype: dtype ?? x!.dtype }],
});
