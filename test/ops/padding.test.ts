/** @file Padding of the kind "same": shapes, and the padded copies that cuDNN needs, against raw traces of Paddle 2.6.2. */
import { describe, expect, it } from "vitest";
import { measuredDevice } from "../../src/engine/engine.ts";
import { conv2dOp, depthwiseConv2dOp } from "../../src/ops/conv.ts";
import { pool2dOp } from "../../src/ops/pool.ts";
import type { TensorMeta } from "../../src/ops/types.ts";

const half = (...shape: number[]): TensorMeta => ({ shape, dtype: "float16" });

const attrs = { stride: [2, 2], padding: "SAME", dilation: [1, 1], groups: 1 } as const;

describe("conv2d with padding on one side only", () => {
  // DDRNet-23's down3 on two images of 512×256: an eighth of the size, 128 to 256 channels.
  const inputs = [half(2, 128, 32, 64), half(256, 128, 3, 3)];
  const outputs = conv2dOp.infer(inputs, attrs);
  const backward = (needs: readonly boolean[]) =>
    conv2dOp.gradTemporaries!({ device: measuredDevice, inputs, outputs, attrs, needs, grads: outputs });
  // 2 · 128 · 33 · 65 elements of 2 bytes.
  const copy = 1_098_240;

  it("halves the size", () => {
    expect(outputs[0]?.shape).toEqual([2, 256, 16, 32]);
  });

  it("takes one padded copy forward, two backward where the input wants a gradient", () => {
    expect(conv2dOp.temporaries!(inputs, outputs, attrs, measuredDevice)).toEqual([copy]);
    expect(backward([true, true])).toEqual([copy, copy]);
    expect(backward([false, true])).toEqual([copy]);
  });

  it("takes none where both sides are padded alike", () => {
    const even = { ...attrs, stride: [1, 1] } as const;
    expect(conv2dOp.temporaries!(inputs, conv2dOp.infer(inputs, even), even, measuredDevice)).toEqual([]);
  });

  it("takes none in Paddle's own depthwise kernel", () => {
    const depthwise = { ...attrs, groups: 128 };
    const both = [half(2, 128, 32, 64), half(128, 1, 3, 3)];
    const out = depthwiseConv2dOp.infer(both, depthwise);
    expect(depthwiseConv2dOp.temporaries?.(both, out, depthwise, measuredDevice) ?? []).toEqual([]);
  });
});

describe("pool2d", () => {
  const pooled = (padding: "SAME" | readonly [number, number], size: number) =>
    pool2dOp.infer([half(2, 8, size, size)], { kernel: [3, 3], stride: [2, 2], padding })[0]?.shape;

  it.each([
    ["SAME", 16, 8],
    ["SAME", 17, 9],
    [[1, 1] as const, 16, 8],
    [[0, 0] as const, 16, 7],
  ] as const)("with padding %j: %d to %d", (padding, size, out) => {
    expect(pooled(padding, size)).toEqual([2, 8, out, out]);
  });
});
