/** @file Joining ops: what the kernels take beside their results, against raw traces of Paddle 2.6.2. */
import { describe, expect, it } from "vitest";
import { tileOp } from "../../src/ops/join.ts";
import type { TensorMeta } from "../../src/ops/types.ts";

const float32 = (...shape: number[]): TensorMeta => ({ shape, dtype: "float32" });

describe("tile", () => {
  it.each([
    // EMANet's bases, CCNet's diagonal, the pixels of ENCNet: an axis before the last is repeated.
    [[1, 512, 64], [2, 1, 1], [2, 512, 64], [262_144]],
    [[1, 16, 16], [64, 1, 1], [64, 16, 16], [65_536]],
    [[2, 512, 1, 512], [1, 1, 32, 1], [2, 512, 32, 512], [67_108_864]],
    // DANet's maxima, CCNet's infinity: only the last axis is, straight into the result.
    [[2, 512, 1], [1, 1, 512], [2, 512, 512], []],
    [[1], [97], [97], []],
    // Fewer factors than axes count from the last.
    [[4, 3, 2], [2], [4, 3, 4], []],
    [[3, 2], [5, 1, 2], [5, 3, 4], [120]],
  ])("%j by %j", (shape, times, out, scratch) => {
    const inputs = [float32(...shape)];
    expect(tileOp.infer(inputs, { shape: times })).toEqual([float32(...out)]);
    expect(tileOp.temporariesBefore!(inputs, { shape: times })).toEqual(scratch);
  });
});
