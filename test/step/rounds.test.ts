/** @file Repeated iterations: the log is the one that running them gives, storage by storage; and what a longer run was measured to reserve. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import type { EventLog } from "../../src/engine/events.ts";
import { repeat } from "../../src/engine/repeat.ts";
import { replay } from "../../src/memory/replay.ts";
import { tally } from "../../src/memory/tally.ts";
import type { Settings } from "../../src/step/settings.ts";
import type { Case } from "../tools/lib/card.ts";
import { readPackedConfigs } from "../tools/lib/packed.ts";
import { loadProgram, settingsOf } from "../tools/program.ts";

const state = vi.hoisted(() => ({ off: false, repeated: 0 }));
vi.mock(import("../../src/engine/repeat.ts"), async (original) => {
  const real = await original();
  return {
    ...real,
    repeat: (...given: Parameters<typeof real.repeat>) => {
      const chains = state.off ? undefined : real.repeat(...given);
      if (chains !== undefined) state.repeated++;
      return chains;
    },
  };
});

/** A run measured beyond three iterations: [allocated, reserved] of training, with the first evaluation, and two iterations later. */
interface LongCase extends Case {
  readonly training: readonly [number, number];
  readonly evaluated: readonly [number, number];
  readonly later: number;
}

const cases = JSON.parse(readFileSync(join(import.meta.dirname, "../truth/long-runs.json"), "utf8")) as LongCase[];
const program = loadProgram();
const configs = readPackedConfigs();

function logOf(c: LongCase, more: Partial<Settings> = {}): EventLog {
  const config = { ...program.config(configs.get(c.resolved)!), iters: 5000 };
  return program.simulate(config, {
    ...settingsOf({ ...c, resolved: {}, prefetch: true, dataLeft: true }),
    ...more,
  }).log;
}

/** Every event with the event that made what it frees, so that names of storages do not matter. */
function canonical(log: EventLog): unknown {
  const madeAt = new Map<number, number>();
  const rows = Array.from({ length: log.length }, (_, i) => {
    const id = log.storage[i]!;
    if (log.sign[i]! < 0) return [log.site[i], madeAt.get(id)];
    madeAt.set(id, i);
    return [log.site[i], log.bytes[id], log.kind[id], log.kernel[id], log.keeper[id]];
  });
  return [rows, log.marks, log.convolutions, log.scratch];
}

describe("repeated iterations", () => {
  it.each([
    ["as they are", {}],
    ["two batches ahead", { prefetch: 2 }],
    ["micro-batches, a moving average, lean", { accumulation: 3, useEma: true, lean: ["losses", "gradients"] }],
    ["more ahead than an iteration takes, AMP O1", { prefetch: 4, accumulation: 2, precision: "fp16", ampLevel: "O1" }],
  ] as const)("%s: the same events as running them", (_, settings) => {
    const c = cases[0]!;
    state.repeated = 0;
    const fast = canonical(logOf(c, settings));
    expect(state.repeated).toBe(3);
    state.off = true;
    const slow = canonical(logOf(c, settings));
    state.off = false;
    expect(fast).toEqual(slow);
  });

  it("are not made where what a round left is gone", () => {
    const log = logOf(cases[0]!, { doEval: false });
    const [from, to] = [log.at("step", 2), log.at("step", 3)];
    const before = log.length;
    expect(repeat(log, { from: 0, to: from })).toBeUndefined();
    expect([to > from, log.length]).toEqual([true, before]);
  });
});

describe("runs beyond three iterations, the next batch on the card", () => {
  it.each(cases)("$id: to the byte before, with and after the evaluation", (c) => {
    const log = logOf(c);
    const { training, evaluation } = tally(log);
    const held = replay(log);
    const highest = Math.max(training.lowBytes, evaluation?.lowBytes ?? 0);
    expect([training.lowBytes, held.training.reservedBytes]).toEqual(c.training);
    expect([highest, held.evaluation?.reservedBytes]).toEqual(c.evaluated);
    expect(held.whole.reservedBytes).toBe(c.later);
  });
});
