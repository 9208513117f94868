/** @file The free blocks in order of (size, address), as Paddle's std::map holds them: a sorted array of block slots. */
import type { BlockPool } from "./blocks.ts";

/** Sorted by size, then by address. The array is short (hundreds of holes), so moving its tail is cheaper than a tree. */
export class FreeIndex {
  readonly #pool: BlockPool;
  /** The first `count` are block slots in order. */
  slots = new Int32Array(256);
  count = 0;

  constructor(pool: BlockPool) {
    this.#pool = pool;
  }

  /** Position of the first block that is not before (size, address), looking in the first `end` positions. */
  seek(size: number, address: number, end: number): number {
    const sizes = this.#pool.size;
    const addresses = this.#pool.address;
    const slots = this.slots;
    let low = 0;
    let high = end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const slot = slots[middle]!;
      const held = sizes[slot]!;
      if (held < size || (held === size && addresses[slot]! < address)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  insert(slot: number): void {
    const count = this.count++;
    if (count === this.slots.length) {
      const wider = new Int32Array(count * 2);
      wider.set(this.slots);
      this.slots = wider;
    }
    const position = this.seek(this.#pool.size[slot]!, this.#pool.address[slot]!, count);
    this.slots.copyWithin(position + 1, position, count);
    this.slots[position] = slot;
  }

  /** Takes out a block whose size is still the one it was put in with. */
  remove(slot: number): void {
    this.removeAt(this.seek(this.#pool.size[slot]!, this.#pool.address[slot]!, this.count));
  }

  removeAt(position: number): void {
    this.slots.copyWithin(position, position + 1, this.count);
    this.count--;
  }

  /** The block at `position` has become smaller: puts it where it belongs now. */
  shrinkAt(position: number): void {
    const slot = this.slots[position]!;
    const to = this.seek(this.#pool.size[slot]!, this.#pool.address[slot]!, position);
    this.slots.copyWithin(to + 1, to, position);
    this.slots[to] = slot;
  }
}
