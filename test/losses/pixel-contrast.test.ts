/** @file PixelContrastCrossEntropyLoss against its source: what is sampled in the worst case, and what backward holds at once. */
import { expect, it } from "vitest";
import { backward, gradientOf } from "../../src/engine/backward.ts";
import { Engine, withEngine } from "../../src/engine/engine.ts";
import { Tensor } from "../../src/engine/tensor.ts";
import { buildLoss } from "../../src/losses/index.ts";
import { Args, type Plain } from "../../src/nn/args.ts";
import * as t from "../../src/nn/tensor.ts";

const [images, classes, depth, height, width] = [2, 3, 8, 16, 32];
const pixels = height * width;

/** The requests of each op, forward and backward, and the most that were alive at once of each. */
function events(args: Readonly<Record<string, Plain>>) {
  const engine = new Engine();
  const embedding = withEngine(engine, () => {
    const seg = t.full([images, classes, height, width]);
    const embed = t.full([images, depth, height, width]);
    for (const x of [seg, embed]) x.references++;
    embed.stopGradient = false;
    const labels = t.full([images, 4 * height, 4 * width], "int64");
    labels.references++;
    const result = buildLoss(new Args("PixelContrastCrossEntropyLoss", args)).call([seg, embed], labels);
    if (!(result instanceof Tensor)) throw new TypeError("a scalar");
    expect(result.shape).toEqual([]);
    backward(result);
    engine.end(result, "");
    return embed;
  });
  const { log } = engine;
  const [made, alive, most] = [new Map<string, number[]>(), new Map<string, number>(), new Map<string, number>()];
  const opOf = new Map<number, string>();
  for (let i = 0; i < log.length; i++) {
    const id = log.storage[i]!;
    const isMade = log.sign[i]! > 0;
    const op = opOf.get(id) ?? log.sites[log.site[i]!]!.op;
    opOf.set(id, op);
    if (isMade) made.set(op, [...(made.get(op) ?? []), log.bytes[id]!]);
    alive.set(op, (alive.get(op) ?? 0) + (isMade ? 1 : -1));
    most.set(op, Math.max(most.get(op) ?? 0, alive.get(op)!));
  }
  return { made, most, embedding, assumptions: [...engine.assumptions.keys()] };
}

it("samples every class of every image, and holds a gradient of an image's features for each at once", () => {
  const { made, most, embedding, assumptions } = events({ max_samples: 64, max_views: 10 });
  const [sampled, views] = [images * classes, 10];
  // The labels at the features' size, and one set of rows for each sampled class.
  expect(made.get("nearest_interp")).toEqual([images * pixels * 8]);
  // The features are a view with the channels first: the kernel takes an image's in a copy of its own each time.
  const copy = pixels * depth * 4;
  expect(made.get("index_select")).toEqual(new Array(sampled).fill([copy, views * depth * 4]).flat());
  expect(made.get("stack")?.[0]).toBe(sampled * views * depth * 4);
  // randperm for the wrong and for the right pixels of each class: each is half of an image.
  expect(made.get("randperm")).toEqual(new Array(2 * sampled).fill((pixels / 2) * 8));
  // Each sampled pixel against each.
  expect(made.get("matmul")).toEqual([sampled * views * depth * 4, (sampled * views) ** 2 * 4]); // the transpose's copy first
  expect(made.get("exp")).toEqual(new Array(2).fill((sampled * views) ** 2 * 4));
  expect(made.get("unbind")).toBeUndefined(); // views
  expect(made.get("index_select_grad")).toEqual(new Array(sampled).fill(pixels * depth * 4));
  expect(most.get("index_select_grad")).toBe(sampled);
  expect(made.get("slice_grad")).toEqual(new Array(sampled).fill(images * pixels * depth * 4));
  expect(gradientOf(embedding)?.shape).toEqual(embedding.shape);
  expect(assumptions).toEqual([
    "PixelContrastCrossEntropyLoss: 3 classes in each image, each with more than 10 pixels (max_views); fewer classes take less",
  ]);
});

it("samples no more classes than pixels and max_samples allow", () => {
  const rows = (args: Readonly<Record<string, Plain>>) =>
    events(args)
      .made.get("index_select")
      ?.filter((bytes) => bytes !== pixels * depth * 4);
  expect(rows({ max_samples: 4, max_views: 10 })).toEqual(new Array(4).fill(depth * 4));
  expect(rows({ max_samples: 64, max_views: 255 })).toEqual(new Array(4).fill(16 * depth * 4));
});
