/** @file The memory model alone: every device event of real runs, replayed, gives Paddle's own statistics to the byte. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packedTruth } from "../tools/lib/packed.ts";
import { modelFigures, unpackRaw } from "../tools/lib/raw-log.ts";

const files = readdirSync(packedTruth()).filter((file) => file.endsWith(".raw.gz"));

describe("memory model on the events of real runs", () => {
  it("has runs in fp32, O1 and O2", () => {
    expect(files.length).toBeGreaterThanOrEqual(3);
  });

  it.each(files)("%s: allocated and reserved peaks of training and evaluation", (file) => {
    const { log, figures } = unpackRaw(readFileSync(join(packedTruth(), file)));
    expect(figures.reservedEvaluation).toBeDefined();
    expect(modelFigures(log)).toEqual(figures);
  });
});
