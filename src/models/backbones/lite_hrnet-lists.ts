/** @file Lists of layers that Lite-HRNet is put together from. */
import type { PyList } from "../../engine/references.ts";
import { type AnyLayer, Layer } from "../../nn/layer.ts";

/** `nn.Sequential` of layers that take and hand on lists. */
export class ListSequential extends Layer<readonly [PyList], PyList> {
  private readonly items: readonly Layer<readonly [PyList], PyList>[];

  constructor(items: readonly Layer<readonly [PyList], PyList>[]) {
    super();
    this.items = items;
  }

  override *children(): Iterable<readonly [string, AnyLayer]> {
    for (const [i, item] of this.items.entries()) yield [String(i), item];
  }

  forward(f: { input: PyList }, input: PyList): PyList {
    f.input = input;
    for (const item of this.items) f.input = item.call(f.input);
    return f.input;
  }
}

/** `nn.LayerList` with places left empty. */
export class SparseList extends Layer<never, never> {
  private readonly items: readonly (Layer | undefined)[];

  constructor(items: readonly (Layer | undefined)[]) {
    super();
    this.items = items;
  }

  at(index: number): Layer | undefined {
    return this.items[index];
  }

  override *children(): Iterable<readonly [string, AnyLayer]> {
    for (const [i, item] of this.items.entries()) if (item) yield [String(i), item];
  }

  forward(): never {
    throw new Error("a list of layers cannot be called");
  }
}
