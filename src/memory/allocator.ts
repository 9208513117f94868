/** @file Paddle's auto_growth best-fit allocator, block by block: what it asks the driver for, and when it runs out. */
import { BlockPool, none } from "./blocks.ts";
import { Driver, type DriverLimits } from "./driver.ts";
import { FreeIndex } from "./free-index.ts";
import { allocatorAlignment, toUnits } from "./rounding.ts";

export interface AllocatorOptions extends DriverLimits {
  /** Smallest chunk: FLAGS_auto_growth_chunk_size_in_mb, 0 in every Paddle package, so chunks are as large as the request. */
  readonly chunkFloorBytes?: number | undefined;
}

/** A request that the driver refused twice: before and after the idle chunks went back. */
export interface OutOfMemory {
  readonly id: number;
  /** Size of the chunk asked for: what Paddle's message prints as "Cannot allocate …". */
  readonly chunkBytes: number;
  /** Reserved when it failed, the idle chunks already given back. */
  readonly reservedBytes: number;
  readonly allocatedBytes: number;
  /** The same as the driver counts it, in whole pages; what the process holds beside its context. */
  readonly pagesBytes: number;
}

/** Where the addresses of another stream's chunks begin: above all that one stream asks for, in units. */
const siblingAddress = 2 ** 40;

/** A block as a picture of memory shows it. */
export interface BlockView {
  readonly address: number;
  readonly bytes: number;
  readonly free: boolean;
}

/**
 * One device, one stream. Rules of paddle/fluid/memory/allocation/auto_growth_best_fit_allocator.cc (2.6): the smallest free
 * block that is large enough, of equal ones the lowest address; the request takes its tail; a freed block merges at once with
 * free neighbours of its own chunk; chunks go back to the driver only when the driver has refused one.
 * Addresses: each chunk is given a higher one than those before it; the driver's own are not known, and matter only among equal sizes.
 * Each stream has an allocator of its own; `sibling` makes one on the same driver.
 * Left out: FLAGS_free_idle_chunk, FLAGS_free_when_no_cache_hit, pools by size (all off by default).
 */
export class Allocator {
  readonly #pool = new BlockPool();
  readonly #free = new FreeIndex(this.#pool);
  readonly #floor: number;
  readonly #driver: Driver;
  /** Block of each id; `none` when it holds nothing. */
  #blockOf = new Int32Array(0);
  #nextAddress = 0;
  #allocated = 0;
  #allocatedPeak = 0;

  /** @param idCount how many ids are expected; more may come. */
  constructor(options: AllocatorOptions = {}, idCount = 1024, driver = new Driver(options)) {
    this.#floor = toUnits(options.chunkFloorBytes ?? 0);
    this.#driver = driver;
    this.#blockOf = new Int32Array(idCount).fill(none);
  }

  /** The allocator of another stream: blocks of its own, on the same driver. */
  sibling(): Allocator {
    const other = new Allocator({ chunkFloorBytes: this.#floor * allocatorAlignment }, undefined, this.#driver);
    other.#nextAddress = siblingAddress;
    return other;
  }

  /** Bytes handed out now, each request rounded up. */
  get allocated(): number {
    return this.#allocated * allocatorAlignment;
  }
  get allocatedPeak(): number {
    return this.#allocatedPeak * allocatorAlignment;
  }
  /** Bytes held from the driver now. */
  get reserved(): number {
    return this.#driver.reserved;
  }
  get reservedPeak(): number {
    return this.#driver.reservedPeak;
  }
  /** Highest reserved bytes in whole pages of the driver. */
  get pagesPeak(): number {
    return this.#driver.pagesPeak;
  }

  /** Chunks that are one free block, and what they hold. */
  get idle(): { readonly count: number; readonly bytes: number } {
    let count = 0;
    let bytes = 0;
    for (let i = 0; i < this.#free.count; i++) {
      const slot = this.#free.slots[i]!;
      if (!this.#isWholeChunk(slot)) continue;
      count++;
      bytes += this.#pool.size[slot]! * allocatorAlignment;
    }
    return { count, bytes };
  }

  /** Takes memory for `id`. Zero bytes take nothing. Returns what failed if the driver refuses, else undefined. */
  allocate(id: number, bytes: number): OutOfMemory | undefined {
    if (bytes === 0) return undefined;
    const size = toUnits(bytes);
    if (id >= this.#blockOf.length) this.#widen(id);
    else if (this.#blockOf[id] !== none) throw new Error(`allocator: id ${id} already holds a block`);
    const position = this.#free.seek(size, 0, this.#free.count);
    const block = position < this.#free.count ? this.#fit(position, size) : this.#growChunk(size);
    if (block === none) return this.#outOfMemory(id, Math.max(size, this.#floor));
    this.#blockOf[id] = block;
    this.#allocated += size;
    if (this.#allocated > this.#allocatedPeak) this.#allocatedPeak = this.#allocated;
    return undefined;
  }

  /** Scratch that a library asks of the driver itself, for a kernel of Paddle. Returns what failed, as `allocate`. */
  passScratch(id: number, bytes: number): OutOfMemory | undefined {
    return this.#driver.passes(bytes) ? undefined : this.#outOfMemory(id, toUnits(bytes));
  }

  /** Gives back what `id` holds; nothing if it holds nothing (a request of zero bytes). */
  free(id: number): void {
    const block = id < this.#blockOf.length ? this.#blockOf[id]! : none;
    if (block === none) return;
    this.#blockOf[id] = none;
    const pool = this.#pool;
    this.#allocated -= pool.size[block]!;
    this.#free.insert(this.#merge(block));
  }

  /** Gives every chunk that is one free block back to the driver, as `paddle.device.cuda.empty_cache()` does. Returns the bytes. */
  freeIdleChunks(): number {
    const before = this.reserved;
    for (let i = this.#free.count - 1; i >= 0; i--) {
      const slot = this.#free.slots[i]!;
      if (!this.#isWholeChunk(slot)) continue;
      this.#free.removeAt(i);
      this.#pool.drop(slot);
      this.#driver.giveBack(this.#pool.address[slot]!, this.#pool.size[slot]! * allocatorAlignment);
    }
    return before - this.reserved;
  }

  /** The free blocks in the order in which they would be looked at. */
  freeBlocks(): readonly BlockView[] {
    return Array.from({ length: this.#free.count }, (_, i) => this.#view(this.#free.slots[i]!));
  }

  /** The chunk around what `id` holds, block by block in address order; empty if it holds nothing. */
  chunkOf(id: number): readonly BlockView[] {
    let slot = this.#blockOf[id] ?? none;
    if (slot === none) return [];
    const { prev, next } = this.#pool;
    while (prev[slot]! !== none) slot = prev[slot]!;
    const views: BlockView[] = [];
    for (; slot !== none; slot = next[slot]!) views.push(this.#view(slot));
    return views;
  }

  /** Where the bytes of `id` lie, or undefined if it holds nothing. */
  blockOf(id: number): BlockView | undefined {
    const slot = this.#blockOf[id] ?? none;
    return slot === none ? undefined : this.#view(slot);
  }

  /** Hands out the tail of the free block at `position`; what is left stays free at its head. */
  #fit(position: number, size: number): number {
    const pool = this.#pool;
    const found = this.#free.slots[position]!;
    const rest = pool.size[found]! - size;
    if (rest === 0) {
      this.#free.removeAt(position);
      pool.isFree[found] = 0;
      return found;
    }
    pool.size[found] = rest;
    this.#free.shrinkAt(position);
    return this.#takeAfter(found, size);
  }

  /** A new chunk of at least `size`; idle chunks are given back if the driver refuses. */
  #growChunk(size: number): number {
    const chunk = Math.max(size, this.#floor);
    if (!this.#driver.hasRoom(chunk * allocatorAlignment)) {
      this.freeIdleChunks();
      if (!this.#driver.hasRoom(chunk * allocatorAlignment)) return none;
    }
    const head = this.#pool.take(this.#nextAddress, chunk);
    this.#driver.take(this.#nextAddress, chunk * allocatorAlignment);
    this.#nextAddress += chunk;
    if (chunk === size) return head;
    this.#pool.size[head] = chunk - size;
    this.#pool.isFree[head] = 1;
    this.#free.insert(head);
    return this.#takeAfter(head, size);
  }

  /** A block in use of `size` bytes between `before` and the block after it. */
  #takeAfter(before: number, size: number): number {
    const pool = this.#pool;
    const block = pool.take(pool.address[before]! + pool.size[before]!, size);
    const after = pool.next[before]!;
    pool.prev[block] = before;
    pool.next[block] = after;
    pool.next[before] = block;
    if (after !== none) pool.prev[after] = block;
    return block;
  }

  /** Merges a block that is given back with free neighbours in its chunk. Returns the whole, which is not in the index yet. */
  #merge(block: number): number {
    const pool = this.#pool;
    pool.isFree[block] = 1;
    const after = pool.next[block]!;
    if (after !== none && pool.isFree[after] === 1) this.#absorb(block, after, after);
    const before = pool.prev[block]!;
    if (before === none || pool.isFree[before] === 0) return block;
    this.#absorb(before, block, before);
    return before;
  }

  /** `after` becomes part of the block before it; `indexed` is the one of the two that the index holds. */
  #absorb(block: number, after: number, indexed: number): void {
    const pool = this.#pool;
    this.#free.remove(indexed);
    pool.size[block]! += pool.size[after]!;
    const beyond = pool.next[after]!;
    pool.next[block] = beyond;
    if (beyond !== none) pool.prev[beyond] = block;
    pool.drop(after);
  }

  #isWholeChunk(slot: number): boolean {
    return this.#pool.prev[slot] === none && this.#pool.next[slot] === none;
  }

  #outOfMemory(id: number, size: number): OutOfMemory {
    return {
      id,
      chunkBytes: size * allocatorAlignment,
      reservedBytes: this.reserved,
      allocatedBytes: this.allocated,
      pagesBytes: this.#driver.pages,
    };
  }

  #view(slot: number): BlockView {
    const pool = this.#pool;
    return {
      address: pool.address[slot]! * allocatorAlignment,
      bytes: pool.size[slot]! * allocatorAlignment,
      free: pool.isFree[slot] === 1,
    };
  }

  #widen(id: number): void {
    const wider = new Int32Array(Math.max(id + 1, this.#blockOf.length * 2)).fill(none);
    wider.set(this.#blockOf);
    this.#blockOf = wider;
  }
}
