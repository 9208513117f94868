/** @file Stochastic depth: what its ops take, when it does nothing, and how its rates grow. */
import { describe, expect, it } from "vitest";
import { Engine, withEngine } from "../../../src/engine/engine.ts";
import { scope } from "../../../src/engine/frame.ts";
import type { Tensor } from "../../../src/engine/tensor.ts";
import {
  DropPath,
  depthRates,
  depthRatesOnCard,
  stochasticDepth,
} from "../../../src/models/backbones/transformer_utils.ts";
import { Parameter } from "../../../src/nn/layer.ts";
import { Identity } from "../../../src/nn/layers.ts";

/** Live bytes after one call, by op, with the result still held. */
function kept(training: boolean): Record<string, number> {
  const engine = new Engine();
  return withEngine(engine, () => {
    const x = new Parameter([2, 8, 4]);
    const layer = new DropPath(0.1);
    layer.training = training;
    return scope({}, (f: { out: Tensor }) => {
      f.out = layer.call(x);
      const live: Record<string, number> = {};
      const { storage, sign, site, sites, bytes } = engine.log;
      const dead = new Set(storage.filter((_, i) => sign[i] === -1));
      storage.forEach((s, i) => {
        if (sign[i] === 1 && !dead.has(s)) live[sites[site[i]!]!.op] = bytes[s]!;
      });
      return live;
    });
  });
}

describe("DropPath", () => {
  it("keeps the divided input, the divisor, the mask of one number an image, and the result", () => {
    // divide saves x, the divisor and its result; multiply the mask.
    expect(kept(true)).toEqual({ gaussian: 256, "": 4, divide: 256, floor: 8, multiply: 256 });
  });

  it("gives x itself in evaluation", () => {
    expect(kept(false)).toEqual({ gaussian: 256 });
  });

  it("is an identity for a rate of 0", () => {
    expect(stochasticDepth(0)).toBeInstanceOf(Identity);
    expect(stochasticDepth(0.1)).toBeInstanceOf(DropPath);
  });
});

describe("rates of stochastic depth", () => {
  it("go from 0 to the last evenly; one block has none", () => {
    expect(depthRates(0.3, 4)).toEqual([0, 0.3 / 3, 0.6 / 3, 0.3]);
    expect(depthRates(0.3, 1)).toEqual([0]);
  });

  it("worked out on the card take a float32 each for a moment", () => {
    const engine = new Engine();
    withEngine(engine, () => depthRatesOnCard(0.1, 8));
    expect(engine.log.sign).toEqual([1, -1]);
    expect(engine.log.bytes).toEqual([32]);
  });
});
