/** @file Names of layers that stand in several places. */
import { describe, expect, it } from "vitest";
import { Engine, withEngine } from "../../src/engine/engine.ts";
import { LayerList, nameLayers, parameters, Sequential } from "../../src/nn/layer.ts";
import { Linear } from "../../src/nn/layers.ts";

describe("nameLayers", () => {
  it("gives a layer under several names the first, and its parameters count once", () => {
    withEngine(new Engine(), () => {
      const shared = new Linear(2, 3);
      const root = new Sequential(new Linear(2, 2));
      const list = new LayerList([shared, shared]);
      const both = Object.assign(root, {
        children: () =>
          [
            ["own", root.at(0)],
            ["heads", list],
          ] as const,
      });
      nameLayers(both);
      expect(shared.name).toBe("heads.0");
      expect(parameters(both).map((p) => p.name)).toEqual(["own.weight", "own.bias", "heads.0.weight", "heads.0.bias"]);
    });
  });
});
