/** @file The allocator driven by whole logs: what is held, and which request fails. */
import { describe, expect, it } from "vitest";
import { replay } from "../../src/memory/replay.ts";
import { tally } from "../../src/memory/tally.ts";
import { MiB } from "../../src/units.ts";
import { LogBuilder, networkLog } from "./logs.ts";

describe("replay", () => {
  it("keeps what training took when the evaluation comes", () => {
    const b = new LogBuilder();
    const x = b.at("forward", "a", "conv2d").take(10_240);
    b.drop(x);
    b.log.mark("evaluation");
    const y = b.take(4096);
    const z = b.take(12_288);
    b.drop(y, z);
    b.log.mark("end");
    b.take(1_000_000);
    const { training, evaluation, outOfMemory } = replay(b.log);
    expect(training.reservedBytes).toBe(10_240);
    expect(evaluation?.reservedBytes).toBe(10_240 + 12_288);
    expect(outOfMemory).toBeUndefined();
  });

  it("has no evaluation without its mark", () => {
    expect(replay(networkLog({ layers: 5, images: 0 })).evaluation).toBeUndefined();
  });

  it("holds no less than the allocated peak of training", () => {
    const log = networkLog({ layers: 80, images: 2 });
    const { training, evaluation } = replay(log);
    expect(training.reservedBytes).toBeGreaterThanOrEqual(tally(log).training.lowBytes);
    expect(training.pagesBytes).toBeGreaterThanOrEqual(training.reservedBytes);
    expect(evaluation?.reservedBytes).toBeGreaterThanOrEqual(training.reservedBytes);
  });

  it("takes a workspace where no hole is left for it, and gives it back at once", () => {
    const b = new LogBuilder();
    b.at("forward", "a", "conv2d").take(1024);
    b.take(1024);
    const workspaces = [{ at: 1, expectedBytes: 512, highBytes: 2048 }];
    expect(replay(b.log, { workspaces, workspaceBytes: "expectedBytes" }).training.reservedBytes).toBe(
      1024 + 512 + 1024,
    );
    // The second request fits into the hole that the larger workspace left.
    expect(replay(b.log, { workspaces, workspaceBytes: "highBytes" }).training.reservedBytes).toBe(1024 + 2048);
  });

  it("survives on idle chunks where the sum of chunks would not fit", () => {
    const b = new LogBuilder();
    const x = b.at("forward", "a", "conv2d").take(4096);
    b.drop(x);
    b.take(8192);
    expect(replay(b.log).training.reservedBytes).toBe(12_288);
    expect(replay(b.log, { limitBytes: 8192 }).outOfMemory).toBeUndefined();
  });

  it("names the request that fails and its site, the context counted", () => {
    const b = new LogBuilder();
    b.at("forward", "a", "conv2d").take(4 * MiB);
    b.at("backward", "a", "conv2d_grad").take(4 * MiB - 96);
    expect(replay(b.log, { cardBytes: 8 * MiB }).outOfMemory).toBeUndefined();
    expect(replay(b.log, { cardBytes: 8 * MiB, contextBytes: 1 }).outOfMemory).toEqual({
      id: 1,
      chunkBytes: 4 * MiB,
      reservedBytes: 4 * MiB,
      allocatedBytes: 4 * MiB,
      pagesBytes: 4 * MiB,
      event: 1,
      asked: "tensor",
      site: { phase: "backward", stage: "backward", layer: "a", op: "conv2d_grad" },
    });
  });

  it("counts whole pages on a card, small requests sharing one", () => {
    const b = new LogBuilder();
    b.at("forward", "a", "conv2d").take(3 * MiB);
    for (let i = 0; i < 4; i++) b.take(MiB / 2 - 512);
    expect(replay(b.log, { cardBytes: 6 * MiB }).outOfMemory).toBeUndefined();
    expect(replay(b.log, { cardBytes: 6 * MiB - 1 }).outOfMemory).toMatchObject({ event: 1, pagesBytes: 4 * MiB });
  });

  it("ends where a library finds nothing past the allocator, though idle chunks are there", () => {
    const b = new LogBuilder();
    const x = b.at("loss", "loss:Ohem", "argsort").take(4 * MiB);
    b.drop(x);
    b.log.scratch.push({ at: 2, bytes: 3 * MiB, site: 0 });
    expect(replay(b.log, { cardBytes: 8 * MiB }).training).toEqual({ reservedBytes: 4 * MiB, pagesBytes: 8 * MiB });
    expect(replay(b.log, { cardBytes: 7 * MiB }).outOfMemory).toMatchObject({ asked: "library", chunkBytes: 3 * MiB });
  });

  it("fails in a workspace as well", () => {
    const b = new LogBuilder();
    b.at("forward", "a", "conv2d").take(4096);
    const workspaces = [{ at: 1, expectedBytes: 256, highBytes: 4097 }];
    const options = { limitBytes: 8192, workspaces };
    expect(replay(b.log, options).outOfMemory).toBeUndefined();
    expect(replay(b.log, { ...options, workspaceBytes: "highBytes" }).outOfMemory).toMatchObject({
      chunkBytes: 4352,
      asked: "workspace",
    });
  });

  it("gets through with exactly what it reserves, and needs at least its allocated peak", () => {
    const log = networkLog({ layers: 40, images: 2 });
    const all = replay(log).evaluation?.reservedBytes ?? 0;
    expect(replay(log, { limitBytes: all }).outOfMemory).toBeUndefined();
    expect(replay(log, { limitBytes: tally(log).training.lowBytes - 1 }).outOfMemory).toBeDefined();
  });
});
