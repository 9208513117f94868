/** @file Reference counting of Python values: tensors, lists, and plain arrays or objects that hold them. */
import { releaseTensor } from "./engine.ts";
import { Tensor } from "./tensor.ts";

/** Python's IndexError: a config that names an item which a list has not. */
export class IndexError extends Error {
  readonly index: number;
  readonly length: number;

  constructor(index: number, length: number) {
    super(`item ${index} is asked for, but there are ${length}`);
    this.name = "IndexError";
    this.index = index;
    this.length = length;
  }
}

/** A Python list that is changed after it was made. Lists that are not changed may be plain (readonly) arrays. */
export class PyList<T = Tensor> implements Iterable<T> {
  references = 0;
  private readonly items: T[] = [];

  constructor(items: Iterable<T> = []) {
    this.extend(items);
  }

  get length(): number {
    return this.items.length;
  }

  /** `list[index]`; negative counts from the end. Takes no reference: bind or consume the result. */
  at(index: number): T {
    const item = this.items.at(index);
    if (item === undefined) throw new IndexError(index, this.items.length);
    return item;
  }

  append(item: T): void {
    retain(item);
    this.items.push(item);
  }

  extend(items: Iterable<T>): void {
    for (const item of items) this.append(item);
    if (items instanceof PyList && items.references === 0) items.drop();
  }

  insert(index: number, item: T): void {
    retain(item);
    this.items.splice(index, 0, item);
  }

  /** `list[index] = item`. */
  set(index: number, item: T): void {
    retain(item);
    const i = index < 0 ? this.items.length + index : index;
    const old = this.items[i];
    this.items[i] = item;
    release(old);
  }

  /** `list.pop()`: the result is held by nobody but the expression at hand. */
  pop(index = -1): T {
    const item = this.items.splice(index, 1)[0];
    if (item === undefined) throw new IndexError(index, this.items.length);
    loosen(item);
    return item;
  }

  /** Lets go of all items, the last first as CPython does; called when the last reference to the list is gone. */
  drop(): void {
    for (const item of this.items.splice(0).reverse()) release(item);
  }

  [Symbol.iterator](): Iterator<T> {
    return this.items[Symbol.iterator]();
  }
}

/** Takes a reference to a value, or to each tensor inside an array or a plain object. */
export function retain(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  if (value instanceof Tensor) {
    if (!value.alive) throw new Error("a tensor was used after its last reference was dropped: bind it to the frame");
    value.references++;
  } else if (value instanceof PyList) value.references++;
  else for (const item of containers(value)) retain(item);
}

/** Drops a reference; a value that nobody holds any more dies. */
export function release(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  if (value instanceof Tensor) {
    if (--value.references === 0) releaseTensor(value);
  } else if (value instanceof PyList) {
    if (--value.references === 0) value.drop();
  } else for (const item of containers(value)) release(item);
}

/** Drops a reference but lets the value live on, held by the expression at hand: what `return` does. */
export function loosen(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  if (value instanceof Tensor || value instanceof PyList) value.references--;
  else for (const item of containers(value)) loosen(item);
}

/** The end of an expression: a value that nobody holds dies. Use it for results that are not used. */
export function drop(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  if (value instanceof Tensor) {
    if (value.references === 0 && value.alive) releaseTensor(value);
  } else if (value instanceof PyList) {
    if (value.references === 0) value.drop();
  } else for (const item of containers(value)) drop(item);
}

const nothing: readonly unknown[] = [];

function containers(value: object): readonly unknown[] {
  if (Array.isArray(value)) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype ? Object.values(value) : nothing;
}
