/** @file `sync_batch_norm_` on one process, against raw traces of PIDNet on Paddle 2.6.2. */
import { describe, expect, it } from "vitest";
import { measuredDevice } from "../../src/engine/engine.ts";
import { syncBatchNormOp } from "../../src/ops/norm.ts";
import type { TensorMeta } from "../../src/ops/types.ts";

const float32 = (...shape: number[]): TensorMeta => ({ shape, dtype: "float32" });

describe("sync_batch_norm_", () => {
  const x = float32(2, 512, 4, 8);
  const training = { training: true };

  it("keeps two vectors in training, none in evaluation", () => {
    expect(syncBatchNormOp.infer([x], training)).toEqual([x, float32(512), float32(512)]);
    expect(syncBatchNormOp.infer([x], { training: false })).toEqual([x]);
  });

  it("takes 2C + 1 sums forward and backward", () => {
    const bytes = (2 * 512 + 1) * 4;
    expect(syncBatchNormOp.temporariesAmid!([x], training)).toEqual([bytes]);
    expect(syncBatchNormOp.temporariesAmid!([x], { training: false })).toEqual([]);
    const backward = { device: measuredDevice, inputs: [x], outputs: [x], attrs: training, needs: [true], grads: [x] };
    expect(syncBatchNormOp.gradTemporaries!(backward)).toEqual([bytes]);
  });

  it("is run in forward's reverse order by backward", () => {
    expect(syncBatchNormOp.sequential).toBe(true);
  });
});
