/** @file A tensor that a layer keeps between calls: an attribute that is no parameter. */
import { current } from "../engine/engine.ts";
import { release, retain } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { AnyLayer } from "./layer.ts";

/** `self.x = tensor`: held until the next assignment. */
export class Held {
  private value: Tensor | undefined;

  /** Made with the layer: `amp.decorate` casts it as it casts parameters. */
  readonly isBuffer: boolean;

  constructor(value?: Tensor) {
    this.isBuffer = value !== undefined;
    if (value) this.set(value);
  }

  /** Throws before the first assignment. */
  get tensor(): Tensor {
    if (this.value === undefined) throw new Error("the attribute was read before it was set");
    return this.value;
  }

  set(value: Tensor): void {
    const old = this.value;
    retain(value);
    this.value = value;
    release(old);
  }
}

/** The buffers of one layer, those below it not included. */
export function* heldBuffers(layer: AnyLayer): Iterable<Tensor> {
  for (const value of Object.values(layer)) if (value instanceof Held && value.isBuffer) yield value.tensor;
}

/** A buffer that a layer makes in its constructor (`register_buffer`, or a tensor bound to an attribute). */
export function buffer(value: Tensor): Held {
  current().setKind(value.storage, "buffer");
  return new Held(value);
}
