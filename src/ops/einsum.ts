/** @file `paddle.einsum` of two operands: each permuted for one matrix product, the product permuted to the wanted order. */

import { phrase } from "../words/phrase.ts";
import {
  defineOp,
  type GradContext,
  gradNode,
  numel,
  type Shape,
  ShapeError,
  sizeOf,
  type TensorMeta,
} from "./types.ts";

interface Plan {
  /** Labels of the operands as the matrix product takes them: batch, free, contracted; and batch, contracted, free. */
  readonly left: string;
  readonly right: string;
  /** Labels of the product as it comes out. */
  readonly product: string;
}

/** How `a,b->c` is done (paddle/phi/kernels/impl/einsum_impl.h): labels in the order in which they appear. */
function planOf(a: string, b: string, out: string): Plan {
  const pick = (labels: string, wanted: (label: string) => boolean) => [...labels].filter(wanted).join("");
  const batch = pick(a, (l) => b.includes(l) && out.includes(l));
  const contracted = pick(a, (l) => b.includes(l) && !out.includes(l));
  const freeLeft = pick(a, (l) => !b.includes(l));
  const freeRight = pick(b, (l) => !a.includes(l));
  return {
    left: batch + freeLeft + contracted,
    right: batch + contracted + freeRight,
    product: batch + freeLeft + freeRight,
  };
}

function split(equation: string): readonly [string, string, string] {
  const [operands = "", out = ""] = equation.split("->");
  const [a = "", b = ""] = operands.split(",");
  return [a, b, out];
}

function sizes(labels: string, x: TensorMeta, into: Map<string, number>): void {
  if (labels.length !== x.shape.length)
    throw new ShapeError("einsum", phrase("labels-off-rank", { labels }), [x.shape]);
  for (const [i, label] of [...labels].entries()) {
    const size = x.shape[i]!;
    const known = into.get(label);
    if (known !== undefined && known !== size) {
      throw new ShapeError("einsum", phrase("label-twice", { label, sizes: [known, size] }), [x.shape]);
    }
    into.set(label, size);
  }
}

function sizesOf(equation: string, a: TensorMeta, b: TensorMeta): Map<string, number> {
  const [left, right] = split(equation);
  const all = new Map<string, number>();
  sizes(left, a, all);
  sizes(right, b, all);
  return all;
}

function shapeOf(labels: string, all: ReadonlyMap<string, number>): Shape {
  return [...labels].map((label) => all.get(label) ?? 1);
}

const bytes = (x: TensorMeta): number => numel(x.shape) * sizeOf(x.dtype);

/** Backward begins with the result's gradient permuted for both products. */
function permutedGradient({ outputs, attrs: { equation } }: GradContext<EinsumAttrs>): number[] {
  const [a, b, out] = split(equation);
  return planOf(b, out, a).right !== out || planOf(out, a, b).left !== out ? [bytes(outputs[2]!)] : [];
}

/** Each gradient as its product gives it, where that has to be permuted. */
function products({ inputs: [x, y], attrs: { equation } }: GradContext<EinsumAttrs>): number[][] {
  const [a, b, out] = split(equation);
  return [planOf(b, out, a).product === a ? [] : [bytes(x!)], planOf(out, a, b).product === b ? [] : [bytes(y!)]];
}

export interface EinsumAttrs {
  /** `ab,bc->ac`: every label once in each operand. */
  readonly equation: string;
}

/**
 * Outputs: the two operands as the product takes them (kept by the tape; the operand's own storage where no permutation is needed),
 * then the result. A label summed over one operand alone is not modelled.
 */
export const einsumOp = defineOp<EinsumAttrs>({
  name: "einsum",
  gradNode: gradNode("einsum"),
  amp: "einsum",
  savesOut: [0, 1],
  infer: ([a, b], { equation }) => {
    const [left, right, out] = split(equation);
    const all = sizesOf(equation, a!, b!);
    const plan = planOf(left, right, out);
    const cache = (x: TensorMeta, i: number, from: string, to: string) =>
      from === to ? { ...x, view: i } : { shape: shapeOf(to, all), dtype: x.dtype };
    return [
      cache(a!, 0, left, plan.left),
      cache(b!, 1, right, plan.right),
      { shape: shapeOf(out, all), dtype: a!.dtype },
    ];
  },
  temporariesAmid: ([a, b], { equation }) => {
    const [left, right, out] = split(equation);
    if (planOf(left, right, out).product === out) return [];
    return [numel(shapeOf(out, sizesOf(equation, a!, b!))) * sizeOf(a!.dtype)];
  },
  gradTemporariesBefore: permutedGradient,
  gradTemporariesAround: products,
  gradMakesAll: true,
  flops: ([a, b], _, { equation }) => 2 * numel([...sizesOf(equation, a!, b!).values()]),
});
