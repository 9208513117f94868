/** @file The free blocks in order of (size, address), as Paddle's std::map holds them: a sorted array of block slots. */
import type { BlockPool } from "./blocks.ts";

/** Up to this many slots a plain loop beats the call of `copyWithin` (measured on Node 20: even between 30 and 60). */
const shortMove = 40;

/** Sorted by size, then by address. The array is short (hundreds of holes), so moving its tail is cheaper than a tree. */
export class FreeIndex {
  readonly #pool: BlockPool;
  #slots = new Int32Array(256);
  #count = 0;

  constructor(pool: BlockPool) {
    this.#pool = pool;
  }

  get count(): number {
    return this.#count;
  }

  slotAt(position: number): number {
    return this.#slots[position]!;
  }

  /** Position of the first block that is not before (size, address), looking in the first `end` positions. */
  seek(size: number, address: number, end = this.#count): number {
    const { size: sizes, address: addresses } = this.#pool;
    const slots = this.#slots;
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

  /** Position of a block that is in the index and whose size has not been changed since. */
  find(slot: number): number {
    return this.seek(this.#pool.size[slot]!, this.#pool.address[slot]!);
  }

  insert(slot: number): void {
    if (this.#count === this.#slots.length) {
      const wider = new Int32Array(this.#slots.length * 2);
      wider.set(this.#slots);
      this.#slots = wider;
    }
    const position = this.find(slot);
    this.#move(position + 1, position, this.#count);
    this.#slots[position] = slot;
    this.#count++;
  }

  removeAt(position: number): void {
    this.#move(position, position + 1, this.#count);
    this.#count--;
  }

  /** The block at `position` has become smaller: puts it where it belongs now. */
  shrinkAt(position: number): void {
    const slot = this.#slots[position]!;
    const to = this.seek(this.#pool.size[slot]!, this.#pool.address[slot]!, position);
    this.#move(to + 1, to, position);
    this.#slots[to] = slot;
  }

  /** Moves the slots of [from, end) so that they start at `to`, which is one place before or after `from`. */
  #move(to: number, from: number, end: number): void {
    const slots = this.#slots;
    if (end - from > shortMove) slots.copyWithin(to, from, end);
    else if (to < from) for (let i = from; i < end; i++) slots[i - 1] = slots[i]!;
    else for (let i = end - 1; i >= from; i--) slots[i + 1] = slots[i]!;
  }
}
