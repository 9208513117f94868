/** @file Normalisation ops, against raw traces of Paddle 2.6.2. */
import { describe, expect, it } from "vitest";
import { measuredDevice } from "../../src/engine/engine.ts";
import { batchNormOp, pNormOp } from "../../src/ops/norm.ts";
import type { TensorMeta } from "../../src/ops/types.ts";

const float32 = (...shape: number[]): TensorMeta => ({ shape, dtype: "float32" });

describe("p_norm", () => {
  it.each([
    [[1, 512, 64], [1, 1, 64], 8_192],
    [[2, 512, 64], [2, 1, 64], 16_384],
    [[2, 2048, 64], [2, 1, 64], 262_144],
  ])("of %j along the middle axis", (shape, out, scratch) => {
    const attrs = { axis: 1, keepDim: true };
    const inputs = [float32(...shape)];
    const outputs = pNormOp.infer(inputs, attrs);
    expect(outputs).toEqual([float32(...out)]);
    expect(pNormOp.temporaries!(inputs, outputs, attrs, measuredDevice)).toEqual([scratch]);
  });
});

describe("batch_norm", () => {
  const x = float32(2, 64, 128, 32);
  const bytes = 2_097_152;
  const backward = (attrs: { training: boolean; channelsLast: boolean }) =>
    batchNormOp.gradTemporaries!({
      device: measuredDevice,
      inputs: [x],
      outputs: [x],
      attrs,
      needs: [true],
      grads: [x],
    });

  it("keeps two vectors as long as the channels, which are last in NHWC", () => {
    const [, mean, variance] = batchNormOp.infer([x], { training: true, channelsLast: true });
    expect([mean, variance]).toEqual([float32(32), float32(32)]);
  });

  it("transposes its maps in NHWC training only", () => {
    const nhwc = { training: true, channelsLast: true };
    expect(batchNormOp.temporariesAmid!([x], nhwc)).toEqual([bytes, bytes]);
    expect(backward(nhwc)).toEqual([bytes, bytes, bytes]);
    for (const attrs of [
      { training: false, channelsLast: true },
      { training: true, channelsLast: false },
    ]) {
      expect(batchNormOp.temporariesAmid!([x], attrs)).toEqual([]);
      expect(backward(attrs)).toEqual([]);
    }
  });
});
