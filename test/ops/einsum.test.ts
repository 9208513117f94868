/** @file einsum of two operands, against raw traces of MaskFormer on Paddle 2.6.2. */
import { describe, expect, it } from "vitest";
import { measuredDevice } from "../../src/engine/engine.ts";
import { einsumOp } from "../../src/ops/einsum.ts";
import { numel, ShapeError, sizeOf, type TensorMeta } from "../../src/ops/types.ts";

const float32 = (shape: readonly number[]): TensorMeta => ({ shape, dtype: "float32" });
const bytes = (x: TensorMeta): number => numel(x.shape) * sizeOf(x.dtype);

describe("einsum", () => {
  it("permutes the masks' embedding and its product, and takes the features as they are", () => {
    const attrs = { equation: "lbqc,bchw->lbqhw" };
    const inputs = [float32([6, 2, 100, 256]), float32([2, 256, 32, 32])];
    const outputs = einsumOp.infer(inputs, attrs);
    expect(outputs.map((x) => x.shape)).toEqual([
      [2, 6, 100, 256],
      [2, 256, 32, 32],
      [6, 2, 100, 32, 32],
    ]);
    expect(outputs.map((x) => x.view)).toEqual([undefined, 1, undefined]);
    expect(einsumOp.savesOut).toEqual([0, 1]);
    expect(bytes(outputs[0]!)).toBe(1_228_800);
    expect(einsumOp.temporariesAmid!(inputs, attrs)).toEqual([4_915_200]);
    const context = { device: measuredDevice, inputs, outputs, attrs, needs: [true, true], grads: [undefined] };
    expect(einsumOp.gradTemporariesBefore!(context)).toEqual([4_915_200]);
    expect(einsumOp.gradTemporariesAround!(context)).toEqual([[1_228_800], [2_097_152]]);
  });

  it("permutes the second operand of a product with a transposed matrix", () => {
    const outputs = einsumOp.infer([float32([100, 1024]), float32([150, 1024])], { equation: "nc,mc->nm" });
    expect(outputs.map((x) => x.view)).toEqual([0, undefined, undefined]);
    expect(bytes(outputs[1]!)).toBe(614_400);
    expect(outputs[2]!.shape).toEqual([100, 150]);
  });

  it("refuses sizes that differ under one label", () => {
    const inputs = [float32([2, 3]), float32([4, 5])];
    expect(() => einsumOp.infer(inputs, { equation: "ab,bc->ac" })).toThrow(ShapeError);
  });
});
