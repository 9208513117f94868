/** @file What the search rules out without a run rests on: no tensor is smaller with a larger batch or crop. */
import { describe, expect, test } from "vitest";
import type { ConfigMap } from "../../src/config/types.ts";
import { lowerBound } from "../../src/strategy/blocks.ts";
import { type Point, startingPoint } from "../../src/strategy/point.ts";
import { Space } from "../../src/strategy/space.ts";
import { contextOf } from "./support.ts";

const families: Readonly<Record<string, ConfigMap>> = {
  convolutions: { type: "UNet" },
  pyramid: { type: "PSPNet", backbone: { type: "ResNet50_vd", output_stride: 8 }, enable_auxiliary_loss: false },
  branches: { type: "FCN", backbone: { type: "HRNet_W18" }, backbone_indices: [-1] },
  attention: { type: "SegFormer", backbone: { type: "MixVisionTransformer_B0" }, embedding_dim: 256 },
};

describe("allocated bytes never fall", { timeout: 60_000 }, () => {
  test.each(Object.entries(families))("with batch or crop: %s", (_, model) => {
    const runs = new Space(contextOf(model, 0));
    const { config, settings } = runs.context;
    const allocated = (microBatch: number, width: number, height: number): number => {
      const point: Point = { ...startingPoint(config, settings, { width, height }), microBatch };
      const { blocks, moments } = runs.outline(point);
      const peak = runs.run(point).memory.training.allocated.lowBytes;
      const bound = lowerBound(
        moments,
        blocks.map(() => true),
      );
      expect(bound).toBeLessThanOrEqual(peak);
      return peak;
    };
    const batches = [1, 2, 3, 4].map((size) => allocated(size, 128, 96));
    expect(batches).toEqual([...batches].sort((a, b) => a - b));
    const sizes = [
      [64, 64],
      [96, 64],
      [96, 96],
      [128, 96],
      [129, 97],
      [160, 128],
    ] as const;
    const crops = sizes.map(([width, height]) => allocated(2, width, height));
    expect(crops).toEqual([...crops].sort((a, b) => a - b));
  });
});
