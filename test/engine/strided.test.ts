/** @file Strided tensors: when Paddle copies them, in the forward and in the backward pass. */
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

describe("contiguity", () => {
  it("counts axes of one element: [1, 8, 1, 4] turned to [1, 1, 8, 4] is copied before a matrix product", () => {
    const engine = new Engine();
    withEngine(engine, () => {
      const x = new Parameter([1, 8, 1, 4]);
      const y = new Parameter([1, 1, 4, 4]);
      const start = engine.log.length;
      scope({}, (f: { turned: Tensor; out: Tensor }) => {
        f.turned = t.transpose(x, [0, 2, 1, 3]);
        f.out = t.matmul(f.turned, y);
        expect(events(engine, start)).toEqual(["matmul +128", "matmul +128"]);
      });
    });
  });

  it("a view with all axes in place is not copied", () => {
    const engine = new Engine();
    withEngine(engine, () => {
      const x = new Parameter([2, 8, 4]);
      const y = new Parameter([4, 4]);
      const start = engine.log.length;
      scope({}, (f: { same: Tensor; out: Tensor }) => {
        f.same = t.transpose(x, [0, 1, 2]);
        f.out = t.matmul(f.same, y);
        expect(events(engine, start)).toEqual(["matmul +256"]);
      });
    });
  });
});

describe("a strided gradient", () => {
  it("that an addition writes in place is made contiguous, and the strided one let go, before the kernel runs", () => {
    const engine = new Engine();
    withEngine(engine, () => {
      const x = new Parameter([8, 4]);
      const bias = new Parameter([4]);
      scope({}, (f: { loss: Tensor }) => {
        f.loss = t.sum(t.scale(t.transpose(t.add(x, bias), [1, 0])));
        const start = engine.log.length;
        backward(f.loss);
        const log = events(engine, start);
        const copy = log.indexOf("AddGradNode +128");
        expect(copy).toBeGreaterThan(-1);
        expect(log.slice(copy, copy + 3)).toEqual(["AddGradNode +128", "AddGradNode -128", "add_grad +16"]);
      });
    });
  });
});

describe("x @ y of two dtypes", () => {
  it("casts the right operand to the left's", () => {
    const engine = new Engine();
    withEngine(engine, () => {
      const x = new Parameter([4, 4]);
      const y = new Parameter([4, 4], { dtype: "float16" });
      const start = engine.log.length;
      scope({}, (f: { out: Tensor }) => {
        f.out = t.matrixProduct(x, y);
        expect(f.out.dtype).toBe("float32");
        expect(events(engine, start)).toEqual(["cast +64", "matmul +64"]);
      });
    });
  });
});
