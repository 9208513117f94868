/** @file Pooling, PReLU and einsum: shapes, what the tape keeps, what kernels take, against raw traces of Paddle 2.6.2. */
import { describe, expect, it } from "vitest";
import { measuredDevice } from "../../src/engine/engine.ts";
import { preluOp } from "../../src/ops/activation.ts";
import { type EinsumAttrs, einsumOp } from "../../src/ops/einsum.ts";
import { pool2dOp, unpoolOp } from "../../src/ops/pool.ts";
import type { TensorMeta } from "../../src/ops/types.ts";

const tensor = (...shape: number[]): TensorMeta => ({ shape, dtype: "float32" });

/** Sizes as the allocator rounds them. */
const rounded = (sizes: readonly number[]) => sizes.map((bytes) => Math.ceil(bytes / 256) * 256);

describe("unpool", () => {
  it("keeps x, the indices and the result; only x has a gradient; it has no half kernel", () => {
    const inputs = [tensor(2, 64, 8, 16), { shape: [2, 64, 8, 16], dtype: "int32" as const }];
    expect(unpoolOp.infer(inputs, { outputSize: [16, 32] })).toEqual([tensor(2, 64, 16, 32)]);
    expect([unpoolOp.saves, unpoolOp.savesOut, unpoolOp.floatOnly]).toEqual([[0, 1], [0], true]);
  });
});

describe("adaptive average pooling", () => {
  const pooled = (size: number) => {
    const attrs = { kernel: [size, size], stride: [1, 1], padding: [0, 0], adaptive: true } as const;
    // SINet's squeeze block at 224×224, four images.
    const inputs = [tensor(4, 12, 56, 56)];
    return pool2dOp.temporaries!(inputs, pool2dOp.infer(inputs, attrs), attrs, measuredDevice);
  };

  it("to one number is a reduction with scratch", () => {
    expect(rounded(pooled(1))).toEqual([512]);
  });

  it("to more is a kernel of its own", () => {
    expect(pooled(2)).toEqual([]);
  });
});

describe("prelu", () => {
  it("makes the slopes' gradient as large as x and sums it up", () => {
    const inputs = [tensor(4, 48, 28, 28), tensor(48)];
    const context = { device: measuredDevice, inputs, outputs: [inputs[0]!], attrs: undefined, grads: [inputs[0]!] };
    const taken = (slopes: boolean) => preluOp.gradTemporaries!({ ...context, needs: [true, slopes] });
    expect(taken(true)[0]).toBe(4 * 48 * 28 * 28 * 4);
    expect(taken(true)).toHaveLength(2);
    expect(taken(false)).toEqual([]);
  });
});

describe("einsum's backward", () => {
  const scratch = (equation: string, x: TensorMeta, y: TensorMeta) => {
    const attrs: EinsumAttrs = { equation };
    const outputs = einsumOp.infer([x, y], attrs);
    const context = { device: measuredDevice, inputs: [x, y], outputs, attrs, needs: [true, true], grads: outputs };
    return { before: einsumOp.gradTemporariesBefore!(context), around: einsumOp.gradTemporariesAround!(context) };
  };

  it("permutes the gradient and the first product (K-Net)", () => {
    expect(scratch("bnhw,bchw->bnc", tensor(2, 100, 64, 64), tensor(2, 256, 64, 64))).toEqual({
      before: [204_800],
      around: [[3_276_800], []],
    });
  });

  it("permutes both products (MaskFormer)", () => {
    expect(scratch("bqc,bchw->bqhw", tensor(2, 100, 256), tensor(2, 256, 64, 64))).toEqual({
      before: [3_276_800],
      around: [[204_800], [8_388_608]],
    });
  });
});
