/** @file Matrix products. */

import { phrase } from "../words/phrase.ts";
import { broadcast, DTypeError, defineOp, gradNode, numel, type Shape, ShapeError, type TensorMeta } from "./types.ts";

export interface MatmulAttrs {
  readonly transposeX: boolean;
  readonly transposeY: boolean;
}

function product(x: TensorMeta, y: TensorMeta, { transposeX, transposeY }: MatmulAttrs): Shape {
  const a = [...x.shape];
  const b = [...y.shape];
  if (a.length === 1) a.unshift(1);
  if (b.length === 1) b.push(1);
  const [m, k] = transposeX ? [a.at(-1)!, a.at(-2)!] : [a.at(-2)!, a.at(-1)!];
  const [k2, n] = transposeY ? [b.at(-1)!, b.at(-2)!] : [b.at(-2)!, b.at(-1)!];
  if (k !== k2) throw new ShapeError("matmul", phrase("inner-dimensions", { left: k, right: k2 }), [x.shape, y.shape]);
  const batch = broadcast("matmul", a.slice(0, -2), b.slice(0, -2));
  return [...batch, ...(x.shape.length === 1 ? [] : [m]), ...(y.shape.length === 1 ? [] : [n])];
}

function innerSize(x: TensorMeta, transposed: boolean): number {
  return (transposed ? x.shape.at(-2) : x.shape.at(-1)) ?? 1;
}

/** The kernel reads both operands as the first one's dtype, and throws where the second has another (dense_tensor.cc, `data<T>`). */
function oneDType(op: string, x: TensorMeta, y: TensorMeta): void {
  if (x.dtype !== y.dtype) throw new DTypeError(op, [x.dtype, y.dtype]);
}

export const matmulOp = defineOp<MatmulAttrs>({
  name: "matmul",
  gradNode: gradNode("matmul"),
  amp: "matmul_v2",
  saves: [0, 1],
  infer: ([x, y], attrs) => {
    oneDType("matmul", x!, y!);
    return [{ shape: product(x!, y!, attrs), dtype: x!.dtype }];
  },
  flops: ([x], [out], { transposeX }) => 2 * numel(out!.shape) * innerSize(x!, transposeX),
});

/** `paddle.bmm`: [B, M, K] × [B, K, N]. */
export const bmmOp = defineOp({
  name: "bmm",
  gradNode: gradNode("bmm"),
  amp: "bmm",
  saves: [0, 1],
  infer: ([x, y]) => {
    if (x!.shape.length !== 3 || y!.shape.length !== 3 || x!.shape[2] !== y!.shape[1]) {
      throw new ShapeError("bmm", phrase("bmm-operands", {}), [x!.shape, y!.shape]);
    }
    oneDType("bmm", x!, y!);
    return [{ shape: [x!.shape[0]!, x!.shape[1]!, y!.shape[2]!], dtype: x!.dtype }];
  },
  flops: ([x], [out]) => 2 * numel(out!.shape) * x!.shape[2]!,
});
