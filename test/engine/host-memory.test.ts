/** @file Tensors in host memory: where their kernels run, what others copy, what AMP makes of them (traces of SFNet, GINet). */
import { describe, expect, it } from "vitest";
import { backward } from "../../src/engine/backward.ts";
import { Engine, withEngine } from "../../src/engine/engine.ts";
import { scope } from "../../src/engine/frame.ts";
import type { Tensor } from "../../src/engine/tensor.ts";
import { Parameter } from "../../src/nn/layer.ts";
import * as t from "../../src/nn/tensor.ts";

/** Events as `op ±bytes`, from a point on. */
function events(engine: Engine, from: number): string[] {
  const { storage, sign, site, sites, bytes } = engine.log;
  return storage
    .slice(from)
    .map((s, i) => `${sites[site[from + i]!]!.op} ${sign[from + i] === 1 ? "+" : "-"}${bytes[s]}`);
}

describe("a tensor in host memory", () => {
  it("is worked on there: a cast of it takes nothing on the card", () => {
    const engine = new Engine();
    withEngine(engine, () => {
      scope({}, (f: { size: Tensor; divisor: Tensor }) => {
        f.size = engine.hostTensor([1, 1, 1, 2], "int32");
        f.divisor = t.cast(f.size, "float32");
        expect(f.divisor.dtype).toBe("float32");
      });
      expect(engine.log.length).toBe(0);
    });
  });

  it("is copied for the time of a kernel whose other input lies on the card, forward and backward", () => {
    const engine = new Engine();
    withEngine(engine, () => {
      const x = new Parameter([4, 2]);
      scope({}, (f: { out: Tensor; loss: Tensor }) => {
        const start = engine.log.length;
        f.out = t.divide(x, engine.hostTensor([2], "float32"));
        expect(events(engine, start)).toEqual(["divide +8", "divide +32", "divide -8"]);
        f.loss = t.sum(f.out);
        const before = engine.log.length;
        backward(f.loss);
        const log = events(engine, before);
        const copied = log.indexOf("DivideGradNode +8");
        expect(copied).toBeGreaterThan(-1);
        expect(log.slice(copied, copied + 3)).toEqual(["DivideGradNode +8", "divide_grad +32", "DivideGradNode -8"]);
      });
    });
  });

  it("as the last input makes AMP run the op in float32", () => {
    const engine = new Engine();
    withEngine(engine, () => {
      engine.amp = { level: "O1", white: new Set(), black: new Set() };
      scope({}, (f: { half: Tensor; out: Tensor }) => {
        f.half = engine.tensor([4, 2], "float16", "");
        f.out = t.divide(f.half, engine.hostTensor([2], "float16"));
        expect(f.out.dtype).toBe("float32");
      });
    });
  });
});
