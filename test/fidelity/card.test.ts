/** @file Runs on a card as measured: one workspace for every convolution, and memory limits around the peak. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { replay } from "../../src/memory/replay.ts";
import { tally } from "../../src/memory/tally.ts";
import { fixedWorkspaces } from "../../src/memory/workspace.ts";
import { MiB } from "../../src/units.ts";
import { readPackedConfigs } from "../tools/lib/packed.ts";
import { loadProgram, settingsOf } from "../tools/program.ts";

interface Case {
  readonly id: string;
  readonly resolved: string;
  readonly batch: number;
  readonly crop: readonly [number, number];
  readonly amp: "off" | "O1" | "O2";
  readonly evalSize: readonly [number, number];
  readonly prefetch?: boolean;
}

interface WorkspaceCase extends Case {
  readonly workspaceBytes: number;
  /** Peaks allocated and reserved: of training, and with the evaluation after it. */
  readonly training: readonly [number, number];
  readonly evaluated: readonly [number, number];
}

interface Limit {
  readonly mib: number;
  readonly survives: boolean;
  /** The request that failed, and how many allocations had gone before it; a library's has none of Paddle's. */
  readonly bytes?: number;
  readonly allocations?: number;
  readonly phase?: string;
  readonly op?: string;
  readonly library?: true;
}

interface LimitCase extends Case {
  readonly driverPeak: number;
  readonly limits: readonly Limit[];
}

const read = <T>(name: string): readonly T[] =>
  JSON.parse(readFileSync(join(import.meta.dirname, "../truth", name), "utf8")) as readonly T[];

const program = loadProgram();
const configs = readPackedConfigs();
const logOf = (c: Case) =>
  program.simulate(program.config(configs.get(c.resolved)!), settingsOf({ ...c, resolved: {} })).log;

describe("a workspace of 64 MiB for every convolution", () => {
  it.each(read<WorkspaceCase>("workspaces.json"))("$id: allocated and reserved to the byte", (c) => {
    const log = logOf(c);
    const workspaces = fixedWorkspaces(log, c.workspaceBytes);
    const { training, evaluation } = tally(log, workspaces);
    const held = replay(log, { workspaces });
    const highest = Math.max(training.expectedBytes, evaluation?.expectedBytes ?? 0);
    expect([training.expectedBytes, held.training.reservedBytes]).toEqual(c.training);
    expect([highest, held.evaluation?.reservedBytes]).toEqual(c.evaluated);
  });
});

describe("memory limits around the peak", () => {
  it.each(read<LimitCase>("limits.json"))("$id: the same limits survive, the same request fails", (c) => {
    const log = logOf(c);
    expect(replay(log).evaluation?.pagesBytes).toBe(c.driverPeak);
    for (const limit of c.limits) {
      const failure = replay(log, { cardBytes: limit.mib * MiB }).outOfMemory;
      expect(failure === undefined, `${limit.mib} MiB`).toBe(limit.survives);
      if (failure === undefined) continue;
      if (limit.library) {
        expect(failure.asked).toBe("library");
        expect(Math.abs(failure.chunkBytes - (limit.bytes ?? 0))).toBeLessThan(256);
        continue;
      }
      const before = log.sign.slice(0, failure.event).filter((sign) => sign > 0).length;
      const { phase, op } = failure.site ?? { phase: "", op: "" };
      expect([failure.chunkBytes, before, phase, op]).toEqual([limit.bytes, limit.allocations, limit.phase, limit.op]);
    }
  });
});
