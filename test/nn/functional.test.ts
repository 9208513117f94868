/** @file Functions with Python bodies of their own: shapes, and what they take (traces of GloRe, UHRNet, ISANet). */
import { describe, expect, it } from "vitest";
import { Engine, withEngine } from "../../src/engine/engine.ts";
import { scope } from "../../src/engine/frame.ts";
import type { Tensor } from "../../src/engine/tensor.ts";
import * as F from "../../src/nn/functional.ts";
import * as t from "../../src/nn/tensor.ts";

/** Runs `body` on a [2, 4, 6, 10] tensor of float32 without a gradient; events as `op ±bytes`. */
function run(body: (x: Tensor) => Tensor): { shape: readonly number[]; log: string[] } {
  const engine = new Engine();
  return withEngine(engine, () =>
    scope({}, (f: { x: Tensor; out: Tensor }) => {
      f.x = engine.tensor([2, 4, 6, 10], "float32", "");
      const start = engine.log.length;
      f.out = body(f.x);
      const { storage, sign, site, sites, bytes } = engine.log;
      const log = storage
        .slice(start)
        .map((s, i) => `${sites[site[start + i]!]!.op} ${sign[start + i] === 1 ? "+" : "-"}${bytes[s]}`);
      return { shape: f.out.shape, log };
    }),
  );
}

describe("functional", () => {
  it("avg_pool3d over the channel axis halves the channels", () => {
    const { shape, log } = run((x) => t.squeeze(F.avgPool3d(t.unsqueeze(x, 1), [2, 1, 1]), 1));
    expect(shape).toEqual([2, 2, 6, 10]);
    expect(log).toEqual(["pool3d +960"]);
  });

  it("pad works on five axes and hands four back", () => {
    const { shape, log } = run((x) => F.pad(x, [1, 2, 0, 3]));
    expect(shape).toEqual([2, 4, 9, 13]);
    expect(log).toEqual([`pad3d +${2 * 4 * 9 * 13 * 4}`]);
  });

  it("conv1d copies its weight and adds its bias", () => {
    const { shape, log } = run((x) => {
      const weight = t.empty([3, 4, 1]);
      const bias = t.empty([3]);
      return F.conv1d(t.reshape(x, [2, 4, 60]), weight, bias);
    });
    expect(shape).toEqual([2, 3, 60]);
    expect(log.filter((event) => /^(assign|conv2d|add) /.test(event))).toEqual([
      "assign +48",
      "conv2d +1440",
      "add +1440",
    ]);
  });

  it("normalize makes the smallest norm a tensor", () => {
    const { shape, log } = run((x) => F.normalize(x));
    expect(shape).toEqual([2, 4, 6, 10]);
    // Norms of 2 · 6 · 10 pixels.
    expect(log.filter((event) => event.includes("+"))).toEqual([" +4", "p_norm +480", "maximum +480", "divide +1920"]);
  });

  it("scatter hands back a tensor as large as x", () => {
    const { shape } = run((x) => t.scatter(t.flatten(x), t.arange(5), t.empty([5])));
    expect(shape).toEqual([480]);
  });

  it("dropout2d masks whole channels in training and hands x on in evaluation", () => {
    expect(run((x) => F.dropout2d(x, 0.1, false)).log).toEqual([]);
    expect(run((x) => F.dropout2d(x, 0.1, true)).log.filter((event) => event.startsWith("uniform"))).toEqual([
      "uniform +32",
    ]);
  });
});
