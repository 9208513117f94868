/** @file Matrix products: shapes, and what Paddle refuses. */
import { describe, expect, it } from "vitest";
import { dropoutOp } from "../../src/ops/activation.ts";
import { diagOp } from "../../src/ops/linalg.ts";
import { bmmOp, matmulOp } from "../../src/ops/matmul.ts";
import { type DType, DTypeError, ShapeError, type TensorMeta } from "../../src/ops/types.ts";

const tensor = (dtype: DType, ...shape: number[]): TensorMeta => ({ shape, dtype });

describe("bmm", () => {
  it("multiplies batches of matrices and keeps both operands", () => {
    const inputs = [tensor("float32", 2, 2048, 512), tensor("float32", 2, 512, 64)];
    expect(bmmOp.infer(inputs)).toEqual([tensor("float32", 2, 2048, 64)]);
    expect(bmmOp.saves).toEqual([0, 1]);
  });

  it("refuses operands of two dtypes", () => {
    const inputs = [tensor("float32", 2, 2048, 512), tensor("float16", 2, 512, 64)];
    expect(() => bmmOp.infer(inputs)).toThrow(DTypeError);
    expect(() => matmulOp.infer(inputs, { transposeX: false, transposeY: false })).toThrow(
      "matmul takes operands of one dtype, not float32 and float16",
    );
  });

  it("refuses inner dimensions that differ", () => {
    expect(() => bmmOp.infer([tensor("float32", 2, 4, 3), tensor("float32", 2, 4, 3)])).toThrow(ShapeError);
  });
});

it("diag makes a square of a vector", () => {
  expect(diagOp.infer([tensor("float32", 97)])).toEqual([tensor("float32", 97, 97)]);
});

it("dropout makes a mask of one byte an element and keeps it alone", () => {
  const x = tensor("float16", 2, 64, 8);
  expect(dropoutOp.infer([x])).toEqual([x, tensor("uint8", 2, 64, 8)]);
  expect(dropoutOp.savesOut).toEqual([1]);
});
