/** @file What is kept of strided tensors, and how view ops hand a strided gradient on (traces of OCRNet, GloRe). */
import { describe, expect, it } from "vitest";
import { backward, gradientOf } from "../../src/engine/backward.ts";
import { Engine, withEngine } from "../../src/engine/engine.ts";
import { scope } from "../../src/engine/frame.ts";
import type { Tensor } from "../../src/engine/tensor.ts";
import * as F from "../../src/nn/functional.ts";
import { Parameter } from "../../src/nn/layer.ts";
import * as t from "../../src/nn/tensor.ts";

/** Events as `op ±bytes`, from a point on. */
function events(engine: Engine, from: number): string[] {
  const { storage, sign, site, sites, bytes } = engine.log;
  return storage
    .slice(from)
    .map((s, i) => `${sites[site[from + i]!]!.op} ${sign[from + i] === 1 ? "+" : "-"}${bytes[s]}`);
}

describe("conv2d of a strided map", () => {
  it("copies it in the kernel, keeps the view, and copies it again for backward", () => {
    const engine = new Engine();
    withEngine(engine, () => {
      const x = new Parameter([2, 6, 8]);
      const weight = new Parameter([4, 8, 1, 1]);
      scope({}, (f: { x: Tensor; loss: Tensor }) => {
        f.x = t.unsqueeze(t.transpose(x, [0, 2, 1]), -1);
        const start = engine.log.length;
        f.loss = t.sum(F.conv2d(f.x, weight, undefined));
        // 2 · 8 · 6 elements of 4 bytes; the result 2 · 4 · 6.
        expect(events(engine, start).slice(0, 3)).toEqual(["conv2d +384", "conv2d +192", "conv2d -384"]);
        const before = engine.log.length;
        backward(f.loss);
        const log = events(engine, before);
        const copied = log.indexOf("Conv2dGradNodeFinal +384");
        expect(log.slice(copied, copied + 4)).toEqual([
          "Conv2dGradNodeFinal +384",
          "conv2d_grad +384",
          "conv2d_grad +128",
          "Conv2dGradNodeFinal -384",
        ]);
      });
    });
  });
});

describe("a strided gradient", () => {
  const views: readonly (readonly [string, string, (x: Tensor) => Tensor])[] = [
    ["reshape", "ReshapeGradNode", (x) => t.reshape(x, [2, 12, 1])],
    ["flatten", "FlattenGradNode", (x) => t.flatten(t.unsqueeze(x, 0), 1, 2)],
    ["squeeze", "SqueezeGradNode", (x) => t.squeeze(t.unsqueeze(x, 2), 2)],
    ["unsqueeze", "UnsqueezeGradNode", (x) => t.unsqueeze(x, 2)],
  ];

  it.each(views)("of %s is made contiguous by its node", (_name, node, view) => {
    const engine = new Engine();
    withEngine(engine, () => {
      const x = new Parameter([2, 3, 4]);
      scope({}, (f: { turned: Tensor; loss: Tensor }) => {
        const seen = view(x);
        f.turned = t.transpose(seen, [...seen.shape.keys()].reverse());
        f.loss = t.sum(t.scale(f.turned));
        const start = engine.log.length;
        backward(f.loss);
        expect(events(engine, start)).toContain(`${node} +96`);
      });
      expect(gradientOf(x)?.strides).toBeUndefined();
    });
  });
});
