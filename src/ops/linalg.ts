/** @file Inverses, Cholesky factors and diagonals of batches of small matrices [..., n, n]. */

import { phrase } from "../words/phrase.ts";
import { contiguousStrides, defineOp, gradNode, numel, ShapeError, sizeOf, type TensorMeta } from "./types.ts";

/** From this order on cuBLAS inverts by LU factors, which need pivots and a copy of the matrix (matrix_inverse.cu). */
const factoredOrder = 32;

function order(op: string, x: TensorMeta): { n: number; batch: number } {
  const n = x.shape.at(-1) ?? 0;
  if (n === 0 || x.shape.at(-2) !== n) throw new ShapeError(op, phrase("not-square", {}), [x.shape]);
  return { n, batch: numel(x.shape) / (n * n) };
}

function bytesOf(x: TensorMeta): number {
  return numel(x.shape) * sizeOf(x.dtype);
}

/** `paddle.inverse`: the result is kept. Scratch: two addresses of 8 bytes and an int32 status for each matrix. */
export const inverseOp = defineOp({
  name: "inverse",
  gradNode: gradNode("inverse"),
  amp: "inverse",
  savesOut: [0],
  infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
  temporaries: ([x]) => {
    const { n, batch } = order("inverse", x!);
    const factored = n >= factoredOrder;
    return [factored ? bytesOf(x!) : 0, batch * (2 * 8 + sizeOf("int32") * (factored ? n + 1 : 1))];
  },
  gradTemporaries: ({ inputs: [x] }) => [bytesOf(x!)],
});

/** `paddle.cholesky`: the factor is kept. Scratch: an int32 status for each matrix; in backward four matrices. */
export const choleskyOp = defineOp({
  name: "cholesky",
  gradNode: gradNode("cholesky"),
  amp: "cholesky",
  savesOut: [0],
  infer: ([x]) => [{ shape: x!.shape, dtype: x!.dtype }],
  temporaries: ([x]) => [order("cholesky", x!).batch * sizeOf("int32")],
  // cholesky_grad_kernel.cu: two factors, a middle product and a copy of dout.
  gradTemporaries: ({ inputs: [x] }) => new Array<number>(4).fill(bytesOf(x!)),
});

/** `paddle.diagonal(x, 0, -2, -1)`: a view; its gradient is a full tensor. */
export const diagonalOp = defineOp({
  name: "diagonal",
  gradNode: gradNode("diagonal"),
  amp: "diagonal",
  strided: true,
  infer: ([x]) => {
    const { n } = order("diagonal", x!);
    const strides = x!.strides ?? contiguousStrides(x!.shape);
    return [
      {
        shape: [...x!.shape.slice(0, -2), n],
        dtype: x!.dtype,
        view: 0,
        strides: [...strides.slice(0, -2), strides.at(-2)! + strides.at(-1)!],
      },
    ];
  },
});

/** `paddle.diag` of a vector: a square matrix. */
export const diagOp = defineOp({
  name: "diag",
  gradNode: gradNode("diag"),
  amp: "diag_v2",
  meta: [0],
  infer: ([x]) => [{ shape: [x!.shape[0]!, x!.shape[0]!], dtype: x!.dtype }],
});
