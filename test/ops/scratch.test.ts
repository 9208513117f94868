/** @file Memory that kernels take inside themselves, against what raw traces of Paddle 2.6.2 show. */
import { describe, expect, it } from "vitest";
import { measuredDevice } from "../../src/engine/engine.ts";
import { stackOp } from "../../src/ops/join.ts";
import { groupNormOp, layerNormOp } from "../../src/ops/norm.ts";
import { reduceScratch } from "../../src/ops/reduce-kernel.ts";
import type { GradContext, TensorMeta } from "../../src/ops/types.ts";

const float32 = (shape: readonly number[]): TensorMeta => ({ shape, dtype: "float32" });

function context<A>(attrs: A, inputs: readonly TensorMeta[]): GradContext<A> {
  return { device: measuredDevice, inputs, outputs: [], attrs, needs: inputs.map(() => true), grads: [inputs[0]] };
}

describe("layer_norm_grad", () => {
  const scratch = (rows: number, features: number) =>
    layerNormOp.gradTemporaries!(
      context({ beginAxis: 1 }, [float32([rows, features]), float32([features]), float32([features])]),
    );

  it.each([
    [32, 32, [4_096]],
    [128, 64, [8_192]],
    [128, 160, [20_480]],
    [32, 256, [57_344, 57_344]],
    [128, 512, [65_536]],
    [128, 768, [98_304]],
    [128, 1024, [229_376, 229_376]],
  ])("%i rows of %i features", (rows, features, bytes) => {
    expect(scratch(rows, features)).toEqual(bytes);
  });

  it("takes nothing for one row, or where a gradient is not wanted", () => {
    expect(scratch(1, 256)).toEqual([]);
    const frozen = context({ beginAxis: 1 }, [float32([32, 256]), float32([256]), float32([256])]);
    expect(layerNormOp.gradTemporaries!({ ...frozen, needs: [true, false, false] })).toEqual([]);
  });
});

describe("group_norm_grad", () => {
  it("takes ds and db before the gradients of scale and bias, three more after", () => {
    const given = context({ groups: 32 }, [float32([2, 256, 16, 32]), float32([256]), float32([256])]);
    expect(groupNormOp.gradTemporariesBefore!(given)).toEqual([2_048, 2_048]);
    expect(groupNormOp.gradTemporaries!(given)).toEqual([2_048, 256, 256]);
  });
});

describe("stack", () => {
  const scalars = (count: number) => Array.from({ length: count }, () => float32([1]));
  it.each([
    [19, []],
    [64, []],
    [150, [1_200]],
  ])("of %i tensors", (count, bytes) => {
    const inputs = scalars(count);
    expect(stackOp.temporaries!(inputs, [], { axis: 0 }, measuredDevice)).toEqual(bytes);
    expect(stackOp.gradTemporaries!(context({ axis: 0 }, inputs))).toEqual(bytes);
  });
});

describe("a reduction of half precision", () => {
  it("keeps its partial results in float32", () => {
    const shape = [2, 64, 32, 64];
    const [half, single] = [2, 4].map((size) => reduceScratch(shape, [0, 2, 3], size, measuredDevice));
    expect(half).toBe(single);
    expect(single).toBeGreaterThan(0);
  });
});
