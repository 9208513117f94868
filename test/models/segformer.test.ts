/** @file SegFormer's evaluation against the two figures that users reported when it ran out of memory. */
import { describe, expect, it } from "vitest";
import { Engine, noGrad, withEngine } from "../../src/engine/engine.ts";
import { drop } from "../../src/engine/references.ts";
import { buildNetwork } from "../../src/models/index.ts";
import { Args } from "../../src/nn/args.ts";
import { nameLayers, setTraining } from "../../src/nn/layer.ts";

const GiB = 2 ** 30;

/** The largest allocation of one forward pass in evaluation: bytes, layer, op. */
function largestRequest(size: string, height: number, width: number): { bytes: number; layer: string; op: string } {
  const engine = new Engine();
  return withEngine(engine, () => {
    const backbone = { type: `MixVisionTransformer_${size}`, in_channels: 3 };
    const model = buildNetwork(new Args("SegFormer", { num_classes: 19, embedding_dim: 768, backbone }));
    nameLayers(model);
    setTraining(model, false);
    const leave = engine.enter("forward", "forward");
    noGrad(() => drop(model.call(engine.tensor([1, 3, height, width], "float32", "", "input"))));
    leave();
    const { bytes, storage, sign, site, sites } = engine.log;
    let at = 0;
    storage.forEach((s, i) => {
      if (sign[i] === 1 && bytes[s]! > bytes[storage[at]!]!) at = i;
    });
    const { layer, op } = sites[site[at]!]!;
    return { bytes: bytes[storage[at]!]!, layer, op };
  });
}

describe("SegFormer on a whole image", () => {
  it.each([
    // GiB of the allocations that failed in two public out-of-memory reports of PaddleSeg users.
    [2848, 4288, "33.910150"],
    [3120, 4160, "38.106859"],
  ])("asks for the reported bytes at %i×%i: the first stage's attention", (height, width, reported) => {
    const { bytes, layer, op } = largestRequest("B5", height, width);
    expect((bytes / GiB).toFixed(6)).toBe(reported);
    expect(layer).toBe("backbone.block1.0.attn");
    expect(op).toBe("matmul");
    // Tokens of stride 4 times keys of stride 32, one head, float32.
    expect(bytes).toBe((height / 4) * (width / 4) * Math.floor(height / 32) * Math.floor(width / 32) * 4);
  });

  it("asks for the same with every size: the first stage has one head in all of them", () => {
    const requests = ["B0", "B1", "B2", "B3", "B4", "B5"].map((size) => largestRequest(size, 2848, 4288).bytes);
    expect(new Set(requests)).toEqual(new Set([36_410_745_856]));
  });
});
