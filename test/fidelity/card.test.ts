/** @file Runs on a card as measured: one workspace for every convolution, and memory limits around the peak. */
import { describe, expect, it } from "vitest";
import { replay } from "../../src/memory/replay.ts";
import { cardLog, limited, readLimitCases, readWorkspaceCases, withWorkspaces } from "../tools/lib/card.ts";
import { loadProgram } from "../tools/program.ts";

const program = loadProgram();

describe("a workspace of 64 MiB for every convolution", () => {
  it.each(readWorkspaceCases())("$id: allocated and reserved to the byte", (c) => {
    expect(withWorkspaces(cardLog(program, c), c.workspaceBytes)).toEqual([...c.training, ...c.evaluated]);
  });
});

describe("memory limits around the peak", () => {
  it.each(readLimitCases())("$id: the same limits survive, the same request fails", (c) => {
    const log = cardLog(program, c);
    expect(replay(log).evaluation?.pagesBytes).toBe(c.driverPeak);
    for (const limit of c.limits) expect(limited(log, limit)).toEqual(limit);
  });
});
