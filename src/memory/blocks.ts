/** @file Blocks of device memory in flat arrays: each knows its size, its address and its neighbours inside its chunk. */

/** No block: the end of a chunk, or nothing found. */
export const none = -1;

/** Slots to begin with; doubled when used up, so only the start-up cost depends on it. */
const firstCapacity = 2048;

function grown(from: Float64Array): Float64Array<ArrayBuffer> {
  const to = new Float64Array(from.length * 2);
  to.set(from);
  return to;
}

function grownLinks(from: Int32Array): Int32Array<ArrayBuffer> {
  const to = new Int32Array(from.length * 2);
  to.set(from);
  return to;
}

/**
 * A pool of blocks addressed by slot number. Bytes and addresses are doubles: they pass 2^31 and stay exact below 2^53.
 * A chunk is the list of blocks that `prev` and `next` connect, in address order; no object is made for it.
 */
export class BlockPool {
  size = new Float64Array(firstCapacity);
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
      if (slot === this.size.length) this.#grow();
    }
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
    this.size = grown(this.size);
    this.address = grown(this.address);
    this.prev = grownLinks(this.prev);
    this.next = grownLinks(this.next);
    const isFree = new Uint8Array(this.isFree.length * 2);
    isFree.set(this.isFree);
    this.isFree = isFree;
  }
}
