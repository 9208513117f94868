/** @file Blocks of device memory in flat arrays: each knows its size, its address and its neighbours inside its chunk. */

/** No block: the end of a chunk, or nothing found. */
export const none = -1;

/** Slots to begin with; doubled when used up, so only the start-up cost depends on it. */
const firstCapacity = 2048;

/** Largest size that an Int32Array holds: 2^31 - 1 units are 512 GiB. */
const largestInt = 0x7fff_ffff;

function grown<T extends Int32Array | Float64Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/**
 * A pool of blocks addressed by slot number. Sizes and addresses count units of the allocator's alignment, so that sizes stay
 * small integers: reading a double from an array makes a heap object until the code is compiled, and most runs end before that.
 * A chunk is the list of blocks that `prev` and `next` connect, in address order; no object is made for it.
 */
export class BlockPool {
  size: Int32Array | Float64Array = new Int32Array(firstCapacity);
  address = new Float64Array(firstCapacity);
  prev = new Int32Array(firstCapacity);
  next = new Int32Array(firstCapacity);
  /** 1 while the block is in the free index. */
  isFree = new Uint8Array(firstCapacity);
  readonly #unused: number[] = [];
  #top = 0;

  /** A slot for a new block, in use and without neighbours. */
  take(address: number, size: number): number {
    let slot = this.#unused.pop();
    if (slot === undefined) {
      slot = this.#top++;
      if (slot === this.prev.length) this.#grow();
    }
    // A chunk is taken whole before it is split, so this sees every size first.
    if (size > largestInt) this.size = Float64Array.from(this.size);
    this.size[slot] = size;
    this.address[slot] = address;
    this.prev[slot] = none;
    this.next[slot] = none;
    this.isFree[slot] = 0;
    return slot;
  }

  /** Gives a slot back: its block was merged into another, or its chunk went back to the driver. */
  drop(slot: number): void {
    this.#unused.push(slot);
  }

  #grow(): void {
    const twice = this.prev.length * 2;
    const sizes = this.size instanceof Int32Array ? new Int32Array(twice) : new Float64Array(twice);
    this.size = grown(this.size, sizes);
    this.address = grown(this.address, new Float64Array(twice));
    this.prev = grown(this.prev, new Int32Array(twice));
    this.next = grown(this.next, new Int32Array(twice));
    this.isFree = grown(this.isFree, new Uint8Array(twice));
  }
}
