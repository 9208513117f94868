/** @file Which calls Paddle's recompute can wrap: it detaches tensors, not lists of them, and compares the counts of results. */
import { describe, expect, it } from "vitest";
import { Engine, withEngine } from "../../src/engine/engine.ts";
import { drop } from "../../src/engine/references.ts";
import type { Tensor } from "../../src/engine/tensor.ts";
import { Layer, Parameter } from "../../src/nn/layer.ts";
import * as t from "../../src/nn/tensor.ts";

class Body<A extends readonly unknown[], R> extends Layer<A, R> {
  private readonly body: (...inputs: A) => R;

  constructor(body: (...inputs: A) => R) {
    super();
    this.body = body;
    this.name = "block";
  }

  forward(_f: object, ...inputs: A): R {
    return this.body(...inputs);
  }
}

function canRecompute<A extends unknown[]>(body: (...inputs: A) => unknown, inputs: () => [...A]): boolean {
  const engine = new Engine();
  return withEngine(engine, () => {
    drop(new Body(body).call(...inputs()));
    return engine.calls.get("block")!.needsGradient;
  });
}

const trained = () => new Parameter([2, 2]);
const fixed = () => new Parameter([2, 2], { trainable: false });

describe("a block that recompute can wrap", () => {
  it("takes a tensor that needs a gradient, and gives tensors", () => {
    expect(
      canRecompute(
        (x: Tensor, _height: number) => t.scale(x),
        () => [trained(), 4],
      ),
    ).toBe(true);
    expect(
      canRecompute(
        (x: Tensor) => [t.scale(x), t.scale(x)],
        () => [trained()],
      ),
    ).toBe(true);
  });

  it("does not take a list that the body empties either", () => {
    expect(
      canRecompute(
        (x: Tensor, list: Tensor[]) => {
          const first = list.pop();
          return first === undefined ? t.scale(x) : t.add(x, first);
        },
        () => [trained(), [trained()]],
      ),
    ).toBe(false);
  });

  it("does not take tensors that need a gradient in a list, or none at all", () => {
    expect(
      canRecompute(
        (x: readonly Tensor[]) => t.scale(x[0]!),
        () => [[trained()]],
      ),
    ).toBe(false);
    expect(
      canRecompute(
        (x: Tensor, y: readonly Tensor[]) => t.add(x, y[0]!),
        () => [trained(), [trained()]],
      ),
    ).toBe(false);
    expect(
      canRecompute(
        (x: Tensor, y: readonly Tensor[]) => t.add(x, y[0]!),
        () => [trained(), [fixed()]],
      ),
    ).toBe(true);
    expect(
      canRecompute(
        (x: Tensor) => t.scale(x),
        () => [fixed()],
      ),
    ).toBe(false);
  });

  it("gives no numbers beside its tensors, as patch embeddings do", () => {
    expect(
      canRecompute(
        (x: Tensor) => [t.scale(x), 4, 4],
        () => [trained()],
      ),
    ).toBe(false);
  });

  it("gives back none of its inputs, as a block without a layer to run does", () => {
    expect(
      canRecompute(
        (x: Tensor) => x,
        () => [trained()],
      ),
    ).toBe(false);
    expect(
      canRecompute(
        (x: Tensor, y: Tensor) => [t.scale(x), y],
        () => [trained(), trained()],
      ),
    ).toBe(false);
  });

  it("is refused by name where a list of tensors would be recomputed", () => {
    withEngine(new Engine(), () => {
      const block = new Body((x: readonly Tensor[]) => t.scale(x[0]!));
      block.recomputed = true;
      expect(() => block.call([trained()])).toThrow("block cannot be recomputed: it takes a list of tensors");
    });
  });
});
