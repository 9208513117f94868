/** @file The place of each pair of tokens in a table of relative positions, as windowed attention works it out when it is built. */
import { current } from "../../engine/engine.ts";
import { drop, retain } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import * as t from "../../nn/tensor.ts";

/** `locals` are the names that the constructor holds until it returns: release them there. */
export interface RelativePosition {
  readonly index: Tensor;
  readonly locals: readonly Tensor[];
}

function held(x: Tensor): Tensor {
  retain(x);
  return x;
}

/** Index [N, N] int64 for windows of size × size = N tokens; it is a buffer of the layer. */
export function relativePositionIndex(size: number): RelativePosition {
  const e = current();
  const [height, width] = [held(t.arange(size)), held(t.arange(size))];
  const coords = held(t.stack(t.meshgrid(height, width)));
  const [first, second] = [t.unsqueeze(t.flatten(coords, 1), 2), t.unsqueeze(t.flatten(coords, 1), 1)];
  const relative = held(t.transpose(t.subtract(first, second), [1, 2, 0]));
  // Shifted to start from 0, one axis at a time, then the rows made as long as the table's.
  for (const axis of [0, 1, 0]) {
    const shifted = t.scale(t.select(relative, 2, axis));
    t.setValue(relative, shifted);
    drop(shifted);
  }
  const index = held(t.sum(relative, -1));
  e.setKind(index.storage, "buffer");
  return { index, locals: [height, width, coords, relative] };
}
