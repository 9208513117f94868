/** @file Items of a list argument that nothing marks: Paddle makes their gradient and drops it. */
import { describe, expect, it } from "vitest";
import { backward } from "../../src/engine/backward.ts";
import { Engine, withEngine } from "../../src/engine/engine.ts";
import { scope } from "../../src/engine/frame.ts";
import type { Tensor } from "../../src/engine/tensor.ts";
import { Parameter } from "../../src/nn/layer.ts";
import * as t from "../../src/nn/tensor.ts";

/** Bytes that the backward of `concat([parameter, item])` takes under its own name. */
function taken(item: (like: Tensor) => Tensor): number[] {
  const e = new Engine();
  withEngine(e, () => {
    const parameter = new Parameter([256]);
    scope<{ loss: Tensor }, void>({}, (f) => {
      f.loss = t.meanAll(t.concat([parameter, item(parameter)]));
      backward(f.loss);
    });
  });
  return e.log.bytes.filter((_, i) => {
    const at = e.log.storage.findIndex((storage, k) => storage === i && e.log.sign[k] === 1);
    return e.log.sites[e.log.site[at]!]!.op === "concat_grad";
  });
}

describe("concat_grad", () => {
  it("makes the gradient of zeros_like as well", () => {
    expect(taken((like) => t.fullLike(like))).toEqual([1024, 1024]);
  });

  it("makes none for zeros, which says stop_gradient", () => {
    expect(taken((like) => t.zeros(like.shape))).toEqual([1024]);
  });
});

describe("reshape", () => {
  it("to the same shape is no op", () => {
    withEngine(new Engine(), () => {
      const x = new Parameter([2, 3]);
      expect(t.reshape(x, [2, 3])).toBe(x);
      expect(t.reshape(x, [-1, 3])).not.toBe(x);
    });
  });
});
