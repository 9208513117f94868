/** @file Storages and tensors: bytes on the card, and Python objects that refer to them. */
import { type DType, type Shape, ShapeError, type TensorMeta } from "../ops/types.ts";
import { phrase } from "../words/phrase.ts";
import type { GradNode } from "./tape.ts";

/** One allocation on the card; freed the moment nothing refers to it. `id` is -1 for host memory and for 0 bytes. */
export class Storage {
  readonly id: number;
  references = 0;

  constructor(id: number) {
    this.id = id;
  }
}

/**
 * A Python tensor object. `references` counts Python names and containers; 0 means that only the expression at hand holds it,
 * and that the call which consumes it drops it. A dropped tensor must not be used again.
 */
export class Tensor implements TensorMeta {
  readonly shape: Shape;
  /** Changes only where `amp.decorate` casts a parameter. */
  dtype: DType;
  /** In elements; undefined: contiguous. */
  readonly strides: readonly number[] | undefined;
  storage: Storage;
  references = 0;
  alive = true;
  stopGradient = true;
  /** Made by an op outside autograd whose Python function does not say `stop_gradient` either (`full_like`). */
  unmarked = false;
  /** The node that made this tensor; a leaf that needs a gradient has its accumulation node here. */
  node: GradNode | undefined = undefined;
  /** Which output of `node` this is. */
  slot = 0;
  /** What a leaf has collected in backward; `zeroed` where `clear_gradients` set it to zero and kept the buffer. */
  gradient: Tensor | undefined = undefined;
  gradientZeroed = false;

  constructor(shape: Shape, dtype: DType, storage: Storage, strides?: readonly number[]) {
    this.shape = shape;
    this.dtype = dtype;
    this.storage = storage;
    this.strides = strides;
    storage.references++;
  }

  /** Length of a dimension; negative counts from the end. */
  dim(index: number): number {
    const d = this.shape[index < 0 ? this.shape.length + index : index];
    if (d === undefined) throw new ShapeError("shape", phrase("dimension-asked", { index }), [this.shape]);
    return d;
  }

  /** Height and width of an NCHW tensor, as `x.shape[2:]`. */
  get hw(): [number, number] {
    return [this.dim(2), this.dim(3)];
  }
}
