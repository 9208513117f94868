/** @file The allocator against hand-worked cases and against a slow reference written from the rules alone. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Allocator, type BlockView } from "../../src/memory/allocator.ts";
import { roundRequest } from "../../src/memory/rounding.ts";

const MiB = 1024 * 1024;

describe("allocator", () => {
  it("rounds a request up to 256 bytes and takes a chunk of exactly that", () => {
    const allocator = new Allocator();
    allocator.allocate(0, 1);
    expect([allocator.allocated, allocator.reserved]).toEqual([256, 256]);
    allocator.allocate(1, 5 * MiB + 1);
    expect(allocator.reserved).toBe(256 + 5 * MiB + 256);
  });

  it("takes nothing for zero bytes, and frees nothing for them", () => {
    const allocator = new Allocator();
    expect(allocator.allocate(7, 0)).toBeUndefined();
    allocator.free(7);
    expect([allocator.allocated, allocator.reserved, allocator.reservedPeak]).toEqual([0, 0, 0]);
  });

  it("hands out the tail of the smallest block that fits and leaves the head free", () => {
    const allocator = new Allocator();
    allocator.allocate(0, 4096);
    allocator.allocate(1, 1024);
    allocator.free(0);
    allocator.free(1);
    allocator.allocate(2, 512);
    expect(allocator.blockOf(2)).toEqual({ address: 4096 + 512, bytes: 512, free: false });
    expect(allocator.freeBlocks().map((b) => [b.address, b.bytes])).toEqual([
      [4096, 512],
      [0, 4096],
    ]);
    expect(allocator.reserved).toBe(4096 + 1024);
  });

  it("takes the lowest address of equal sizes", () => {
    const allocator = new Allocator();
    for (const id of [0, 1, 2]) allocator.allocate(id, 1024);
    for (const id of [2, 0, 1]) allocator.free(id);
    allocator.allocate(3, 1024);
    expect(allocator.blockOf(3)?.address).toBe(0);
  });

  it("merges with both neighbours inside a chunk and never across chunks", () => {
    const allocator = new Allocator();
    allocator.allocate(0, 3072);
    allocator.free(0);
    for (const id of [1, 2, 3]) allocator.allocate(id, 1024);
    allocator.allocate(4, 1024);
    for (const id of [1, 3, 4]) allocator.free(id);
    allocator.free(2);
    expect(allocator.freeBlocks().map((b) => b.bytes)).toEqual([1024, 3072]);
    expect(allocator.idle).toEqual({ count: 2, bytes: 4096 });
  });

  it("uses the chunk floor when it is set", () => {
    const allocator = new Allocator({ chunkFloorBytes: 16 * MiB });
    allocator.allocate(0, MiB);
    allocator.allocate(1, MiB);
    expect(allocator.reserved).toBe(16 * MiB);
    expect(allocator.blockOf(0)?.address).toBe(15 * MiB);
  });

  it("gives idle chunks back once when the driver refuses, then fails with what was asked", () => {
    const allocator = new Allocator({ limitBytes: 10 * MiB });
    allocator.allocate(0, 4 * MiB);
    allocator.allocate(1, 4 * MiB);
    allocator.free(0);
    expect(allocator.allocate(2, 6 * MiB)).toBeUndefined();
    expect([allocator.reserved, allocator.reservedPeak]).toEqual([10 * MiB, 10 * MiB]);
    expect(allocator.allocate(3, MiB - 1)).toEqual({
      id: 3,
      chunkBytes: MiB,
      reservedBytes: 10 * MiB,
      allocatedBytes: 10 * MiB,
      pagesBytes: 10 * MiB,
    });
    expect(allocator.blockOf(3)).toBeUndefined();
  });

  it("does not give back a chunk of which a part is in use", () => {
    const allocator = new Allocator({ limitBytes: 10 * MiB });
    allocator.allocate(0, 8 * MiB);
    allocator.free(0);
    allocator.allocate(1, MiB);
    expect(allocator.allocate(2, 8 * MiB)?.reservedBytes).toBe(8 * MiB);
  });

  it("counts whole pages of 2 MiB for the driver, small chunks sharing them", () => {
    const allocator = new Allocator();
    allocator.allocate(0, 3 * MiB);
    allocator.allocate(1, 1000);
    allocator.allocate(2, 1000);
    expect(allocator.pagesPeak).toBe(6 * MiB);
  });

  it("counts exactly beyond 512 GiB, where a size no longer fits 31 bits of units", () => {
    const allocator = new Allocator();
    const huge = 3 * 1024 * 1024 * MiB + 256;
    allocator.allocate(0, 1024);
    allocator.allocate(1, huge);
    allocator.free(1);
    allocator.allocate(2, 512);
    allocator.allocate(3, huge - 512);
    expect(allocator.blockOf(2)?.bytes).toBe(512);
    allocator.free(2);
    allocator.free(3);
    expect(allocator.freeBlocks().map((b) => b.bytes)).toEqual([huge]);
    expect([allocator.allocated, allocator.reserved]).toEqual([1024, huge + 1024]);
  });

  it("keeps count of thousands of blocks", () => {
    const allocator = new Allocator({}, 1);
    const ids = Array.from({ length: 5000 }, (_, i) => i);
    for (const id of ids) allocator.allocate(id, 256 * (1 + (id % 7)));
    for (const id of ids) if (id % 2 === 0) allocator.free(id);
    expect(allocator.idle.count).toBe(2500);
    const before = allocator.reserved;
    expect(allocator.freeIdleChunks()).toBe(before - allocator.allocated);
    for (const id of ids) allocator.free(id);
    expect([allocator.allocated, allocator.idle.count]).toEqual([0, 2500]);
  });

  it("refuses an id that holds something", () => {
    const allocator = new Allocator();
    allocator.allocate(0, 1);
    expect(() => allocator.allocate(0, 1)).toThrow("already holds");
  });
});

/** The rules, word for word and slowly: chunks are lists of blocks; every choice looks at every block. */
class Reference {
  chunks: { id: number | undefined; bytes: number }[][] = [];
  readonly bases: number[] = [];
  reserved = 0;
  peak = 0;
  #nextBase = 0;
  readonly floor: number;
  readonly limit: number;

  constructor(floor: number, limit: number) {
    this.floor = floor;
    this.limit = limit;
  }

  allocate(id: number, bytes: number): boolean {
    if (bytes === 0) return true;
    const size = Math.ceil(bytes / 256) * 256;
    let best: { chunk: number; block: number; bytes: number } | undefined;
    // Chunks are listed by rising address and blocks too, so keeping the first of equal sizes keeps the lowest address.
    for (const [chunk, blocks] of this.chunks.entries())
      for (const [block, { id: owner, bytes: held }] of blocks.entries())
        if (owner === undefined && held >= size && (best === undefined || held < best.bytes))
          best = { chunk, block, bytes: held };
    if (best === undefined) {
      const wanted = Math.max(size, this.floor);
      if (this.reserved + wanted > this.limit) this.#dropIdle();
      if (this.reserved + wanted > this.limit) return false;
      this.chunks.push([{ id: undefined, bytes: wanted }]);
      this.bases.push(this.#nextBase);
      this.#nextBase += wanted;
      this.reserved += wanted;
      this.peak = Math.max(this.peak, this.reserved);
      best = { chunk: this.chunks.length - 1, block: 0, bytes: wanted };
    }
    const taken = { id, bytes: size };
    const left = { id: undefined, bytes: best.bytes - size };
    this.chunks[best.chunk]?.splice(best.block, 1, ...(left.bytes > 0 ? [left, taken] : [taken]));
    return true;
  }

  free(id: number): void {
    this.chunks = this.chunks.map((blocks) => {
      const merged: typeof blocks = [];
      for (const block of blocks) {
        const owner = block.id === id ? undefined : block.id;
        const last = merged.at(-1);
        if (owner === undefined && last !== undefined && last.id === undefined) last.bytes += block.bytes;
        else merged.push({ id: owner, bytes: block.bytes });
      }
      return merged;
    });
  }

  #dropIdle(): void {
    for (let i = this.chunks.length - 1; i >= 0; i--) {
      const blocks = this.chunks[i];
      if (blocks?.length !== 1 || blocks[0]?.id !== undefined) continue;
      this.reserved -= blocks[0]?.bytes ?? 0;
      this.chunks.splice(i, 1);
      this.bases.splice(i, 1);
    }
  }

  views(): (BlockView & { readonly id: number | undefined })[] {
    return this.chunks.flatMap((blocks, i) => {
      let address = this.bases[i] ?? 0;
      return blocks.map(({ id, bytes }) => {
        const view = { address, bytes, free: id === undefined, id };
        address += bytes;
        return view;
      });
    });
  }
}

const command = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ take: fc.constantFrom(0, 1, 255, 256, 257, 1000, 1024, 4096, 70_000, 2_100_000) }),
  },
  { weight: 2, arbitrary: fc.record({ take: fc.integer({ min: 0, max: 3_000_000 }) }) },
  { weight: 4, arbitrary: fc.record({ drop: fc.nat() }) },
);
const program = fc.record({
  floor: fc.constantFrom(0, 0, 0, 65_536, 1_048_576),
  limit: fc.constantFrom(Number.POSITIVE_INFINITY, 2_000_000, 8_000_000),
  commands: fc.array(command, { maxLength: 80 }),
});

describe("allocator against the reference", () => {
  it("agrees on blocks, peaks and refusals in 10,000 random programs", { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(program, ({ floor, limit, commands }) => {
        const allocator = new Allocator({ chunkFloorBytes: floor, limitBytes: limit }, 4);
        const reference = new Reference(floor, limit);
        const live: number[] = [];
        const asked = new Map<number, number>();
        for (const [id, step] of commands.entries()) {
          if ("take" in step) {
            const fits = reference.allocate(id, step.take);
            expect(allocator.allocate(id, step.take) === undefined).toBe(fits);
            if (fits) live.push(id);
            if (fits && step.take > 0) asked.set(id, step.take);
          } else if (live.length > 0) {
            const [gone] = live.splice(step.drop % live.length, 1);
            reference.free(gone ?? -1);
            allocator.free(gone ?? -1);
            asked.delete(gone ?? -1);
          }
          expect(allocator.reserved).toBe(reference.reserved);
          expect(allocator.reservedPeak).toBe(reference.peak);
        }
        checkBlocks(allocator, reference, asked);
      }),
      { numRuns: 10_000 },
    );
  });
});

function checkBlocks(allocator: Allocator, reference: Reference, asked: ReadonlyMap<number, number>): void {
  const expected = reference.views();
  const free = allocator.freeBlocks();
  const used = [...asked].map(([id, bytes]) => {
    const block = allocator.blockOf(id);
    expect(block?.bytes).toBe(roundRequest(bytes));
    expect(block?.address).toBe(expected.find((b) => b.id === id)?.address);
    return block;
  });
  const sum = (blocks: readonly (BlockView | undefined)[]): number => blocks.reduce((s, b) => s + (b?.bytes ?? 0), 0);
  expect(sum(used)).toBe(allocator.allocated);
  expect(sum(free) + sum(used)).toBe(allocator.reserved);
  const sortedFree = expected.filter((b) => b.free).sort((a, b) => a.bytes - b.bytes || a.address - b.address);
  expect(free.map((b) => [b.bytes, b.address])).toEqual(sortedFree.map((b) => [b.bytes, b.address]));
  // Blocks lie end to end without overlap, and no two free ones side by side in a chunk.
  for (const id of asked.keys()) {
    const chunk = allocator.chunkOf(id);
    for (const [i, block] of chunk.entries()) {
      const after = chunk[i + 1];
      if (after === undefined) continue;
      expect(block.address + block.bytes).toBe(after.address);
      expect(block.free && after.free).toBe(false);
    }
  }
}
