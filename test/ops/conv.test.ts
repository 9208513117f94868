/** @file Convolutions in NHWC: what cuDNN's and Paddle's own kernels transpose, against raw traces of Paddle 2.6.2. */
import { describe, expect, it } from "vitest";
import { measuredDevice } from "../../src/engine/engine.ts";
import { conv2dOp, depthwiseConv2dOp } from "../../src/ops/conv.ts";
import type { DType, TensorMeta } from "../../src/ops/types.ts";

const tensor = (dtype: DType, ...shape: number[]): TensorMeta => ({ shape, dtype });

const attrs = {
  stride: [2, 2],
  padding: 1,
  dilation: [1, 1],
  groups: 1,
  channelsLast: true,
} as const;

/** The first convolution of ResNet_vd on two images of 256×128. */
function first(dtype: DType, channelsLast: boolean, needs: readonly boolean[]) {
  const x = channelsLast ? tensor(dtype, 2, 128, 256, 3) : tensor(dtype, 2, 3, 128, 256);
  const inputs = [x, tensor(dtype, 32, 3, 3, 3)];
  const given = { ...attrs, channelsLast };
  const outputs = conv2dOp.infer(inputs, given);
  return {
    shape: outputs[0]!.shape,
    forward: conv2dOp.temporaries!(inputs, outputs, given, measuredDevice),
    backward: conv2dOp.gradTemporaries!({
      device: measuredDevice,
      inputs,
      outputs,
      attrs: given,
      needs,
      grads: outputs,
    }),
  };
}

describe("conv2d in NHWC", () => {
  it("computes float32 in NCHW: input and result are transposed, and the input's gradient where it is wanted", () => {
    expect(first("float32", true, [false, true])).toEqual({
      shape: [2, 64, 128, 32],
      forward: [786_432, 2_097_152],
      backward: [786_432, 2_097_152],
    });
    expect(first("float32", true, [true, true]).backward).toEqual([786_432, 2_097_152, 786_432]);
  });

  it("computes float16 in NHWC: the filter and its gradient are transposed", () => {
    const { forward, backward } = first("float16", true, [false, true]);
    // 32 · 3 · 3 · 3 elements of 2 bytes.
    expect(forward).toEqual([1_728]);
    expect(backward).toEqual([1_728, 1_728]);
  });

  it("takes nothing in NCHW", () => {
    expect(first("float32", false, [true, true])).toEqual({ shape: [2, 32, 64, 128], forward: [], backward: [] });
  });
});

describe("depthwise_conv2d", () => {
  it("transposes its filter in NHWC", () => {
    const inputs = [tensor("float32", 2, 16, 32, 2048), tensor("float32", 2048, 1, 3, 3)];
    const given = { ...attrs, stride: [1, 1], groups: 2048 } as const;
    const outputs = depthwiseConv2dOp.infer(inputs, given);
    expect(outputs[0]?.shape).toEqual([2, 16, 32, 2048]);
    expect(depthwiseConv2dOp.temporaries!(inputs, outputs, given, measuredDevice)[0]).toBe(73_728);
    expect(depthwiseConv2dOp.temporaries!(inputs, outputs, { ...given, channelsLast: false }, measuredDevice)).toEqual(
      [],
    );
  });
});
