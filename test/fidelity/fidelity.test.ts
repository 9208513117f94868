/** @file Holds the line: no measured case may get worse than `test/truth/line.json` says. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { caseNames, readCase, sharedTruth } from "../tools/lib/cases.ts";
import { compareTraces } from "../tools/lib/compare.ts";
import { runCase } from "../tools/lib/figures.ts";
import { readLine, stateOf, worse } from "../tools/lib/line.ts";
import {
  packedTruth,
  packTrace,
  readPackedCases,
  readPackedConfigs,
  readTrace,
  unpackTrace,
} from "../tools/lib/packed.ts";
import { refusals } from "../tools/lib/statistics.ts";
import { readTraceLine, traceStates, worseTrace } from "../tools/lib/trace-line.ts";
import { configFromResolved, loadProgram } from "../tools/program.ts";

const cases = readPackedCases();
const configs = readPackedConfigs();
const line = readLine();
const program = loadProgram();
const results = cases.map((c) => runCase(program, c, configs.get(c.resolved)!));
const refused = refusals(results);
const refusedCount = refused.reduce((sum, group) => sum + group.ids.length, 0);
const reasons = refused.map((group) => `${group.ids.length} × ${group.reason}`);
const better = results.filter((r) => {
  const [was, is] = [line[r.id], stateOf(r)];
  return JSON.stringify(was) !== JSON.stringify(is) && worse(was, is).length === 0;
});

describe(`fidelity: ${cases.length} measured cases, ${cases.length - refusedCount} run, ${refusedCount} refused`, () => {
  it(`refused: ${reasons.slice(0, 12).join("; ") || "none"}`, () => {
    expect(results).toHaveLength(cases.length);
  });

  it(`no case is worse than the line (${better.length} better: npm run fidelity -- --update-line)`, () => {
    expect(Object.keys(line).sort()).toEqual(cases.map((c) => c.id).sort());
    expect(results.flatMap((r) => worse(line[r.id], stateOf(r)).map((text) => `${r.id}: ${text}`))).toEqual([]);
  });
});

const traces = traceStates(program, cases, configs);
const identical = Object.values(traces).filter((state) => state === "identical").length;

describe(`event traces: ${identical} of ${Object.keys(traces).length} identical to what Paddle did`, () => {
  const before = readTraceLine();
  it.each(Object.keys(traces))("%s is not worse than the line", (name) => {
    expect(before).toHaveProperty([name]);
    expect(worseTrace(before[name], traces[name]!)).toEqual([]);
  });
});

describe("packed truth", () => {
  it("has a resolved config, three steps and plausible peaks for every case", () => {
    for (const c of cases) {
      expect(configs.has(c.resolved), c.id).toBe(true);
      expect(c.steps, c.id).toHaveLength(3);
      expect(c.training.reserved, c.id).toBeGreaterThanOrEqual(c.training.peak);
      expect(c.training.peak, c.id).toBeGreaterThanOrEqual(c.steps[2]![0]);
    }
  });

  it("loads: class count, data set and losses of every case are what was measured", () => {
    for (const c of cases) {
      const config = configFromResolved(configs.get(c.resolved)!);
      expect(config.numClasses, c.id).toBe(c.classes);
      expect(config.losses.length, c.id).toBeGreaterThan(0);
    }
  });

  const shared = existsSync(sharedTruth());
  const file = join(sharedTruth(), "unet__unet_cityscapes_1024x512_160k__off.train.jsonl.gz");
  it.skipIf(!shared)(`equals the measurements${shared ? "" : " (skipped: no ../shared/truth)"}`, () => {
    expect(caseNames().filter((name) => readCase(name).ok)).toEqual(cases.map((c) => c.id));
    const rows = readTrace(file);
    expect(unpackTrace(packTrace(rows))).toEqual(rows);
    const packed = readTrace(join(packedTruth(), "unet__unet_cityscapes_1024x512_160k__off.train.trace.gz"));
    expect(compareTraces(packed, rows).hunks).toEqual([]);
  });
});
