/** @file The workspace rules: their order, their cap, and what has none. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Convolution } from "../../src/engine/events.ts";
import {
  convolutionWorkspace,
  defaultConvWorkspaceLimitBytes,
  fixedWorkspaces,
  listWorkspaces,
} from "../../src/memory/workspace.ts";
import { MiB } from "../../src/units.ts";
import { networkLog, withConvolutions } from "./logs.ts";

const conv: Convolution = {
  at: 3,
  direction: "forward",
  input: [2, 64, 32, 32],
  filter: [128, 64, 3, 3],
  output: [2, 128, 32, 32],
  dtype: "float32",
  groups: 1,
  stride: [1, 1],
  dilation: [1, 1],
};
const limit = defaultConvWorkspaceLimitBytes;

describe("workspace of a convolution", () => {
  it("is an offset table in single precision, input and output at most", () => {
    const ends = 4 * 2 * (64 + 128) * 32 * 32;
    expect(convolutionWorkspace(conv, limit)).toEqual({ at: 3, expectedBytes: 4 * 64 * 9, highBytes: ends });
  });

  it("is the transposes of input and output in half precision, with the filter at most", () => {
    const ends = 2 * 2 * (64 + 128) * 32 * 32;
    const half = { ...conv, dtype: "float16" };
    expect(convolutionWorkspace(half, limit)).toEqual({
      at: 3,
      expectedBytes: ends,
      highBytes: ends + 2 * 128 * 64 * 9,
    });
    expect(convolutionWorkspace({ ...half, layout: "NHWC" }, limit).expectedBytes).toBe(4 * 64 * 9);
  });

  it("refuses a type that cuDNN does not convolve", () => {
    expect(() => convolutionWorkspace({ ...conv, dtype: "int64" }, limit)).toThrow("int64");
  });

  it("never falls from expected to high, and never passes a limit", () => {
    const extent = fc.integer({ min: 1, max: 4096 });
    const any = fc.record({ n: fc.integer({ min: 1, max: 16 }), c: extent, k: extent, h: extent, w: extent });
    const dtype = fc.constantFrom("float32", "float16");
    fc.assert(
      fc.property(any, dtype, fc.constantFrom(-1, 0, 64 * MiB, limit), ({ n, c, k, h, w }, type, cap) => {
        const shapes = { input: [n, c, h, w], filter: [k, c, 3, 3], output: [n, k, h, w] };
        const { expectedBytes, highBytes } = convolutionWorkspace({ ...conv, ...shapes, dtype: type }, cap);
        expect(expectedBytes).toBeGreaterThanOrEqual(0);
        expect(highBytes).toBeGreaterThanOrEqual(expectedBytes);
        if (cap >= 0) expect(highBytes).toBeLessThanOrEqual(cap);
      }),
    );
  });

  it("is listed for a whole log in event order", () => {
    const log = withConvolutions(networkLog({ layers: 10, images: 1 }), "float16", 16);
    const list = listWorkspaces(log);
    expect(list).toHaveLength(log.convolutions.length);
    expect(list.every((w, i) => i === 0 || w.at >= (list[i - 1]?.at ?? 0))).toBe(true);
    expect(listWorkspaces(log, 0)).toEqual([]);
  });

  it("is one for both gradients of a convolution: the larger", () => {
    const log = networkLog({ layers: 2, images: 0 });
    const gradients = { ...conv, at: 5, direction: "backward-data" } as const;
    const filter = { ...conv, at: 5, direction: "backward-filter", dtype: "float16" } as const;
    log.convolutions.push(conv, gradients, filter);
    const half = convolutionWorkspace(filter, limit);
    const single = convolutionWorkspace(gradients, limit);
    expect(listWorkspaces(log)).toEqual([
      convolutionWorkspace(conv, limit),
      { at: 5, expectedBytes: half.expectedBytes, highBytes: Math.max(single.highBytes, half.highBytes) },
    ]);
    expect(fixedWorkspaces(log, 64 * MiB).map((w) => w.highBytes)).toEqual([64 * MiB, 64 * MiB]);
  });
});
