/** @file The timeline agrees with the report: the summit is the allocated peak, kinds sum up, what is alive is counted. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { EventLog, storageKinds } from "../../src/engine/events.ts";
import { createContext, estimate, loadRun } from "../../src/index.ts";
import { timeline } from "../../src/memory/timeline.ts";
import type { TimelinePart } from "../../src/report/timeline.ts";
import { recipe, recipes } from "../cli/support.ts";

const run = loadRun(join(recipes, recipe), {}, { readText: (path) => readFileSync(path, "utf8"), exists: () => true });
const report = estimate(run, createContext("rtx4070"), { timeline: true });
const { sites = [], parts = [] } = report.timeline ?? {};
const [training, evaluation] = parts;

function kindsAt(part: TimelinePart | undefined, point: number): Record<string, number> {
  const sums = Object.fromEntries(storageKinds.map((kind) => [kind, part?.bytes[kind]?.[point] ?? 0]));
  return sums;
}
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

describe("timeline of the recipe", () => {
  it("is only there where it is asked for", () => {
    expect(estimate(run, createContext("rtx4070"))).not.toHaveProperty("timeline");
  });

  it("has its summits at the reported peaks, kind by kind", () => {
    expect(training?.peakBytes).toBe(report.training.allocated.lowBytes);
    expect(evaluation?.peakBytes).toBe(report.evaluation?.allocated.lowBytes);
    expect(kindsAt(training, training?.peakPoint ?? -1)).toEqual(report.training.byKind);
    expect(sites[training?.site[training.peakPoint] ?? -1]).toMatchObject({ layer: report.training.peak.layer });
    expect(training?.index).toBe(report.training.peak.index);
  });

  it("has at most 1,000 points, in the order of events, none above the peak", () => {
    for (const part of parts) {
      expect(part.at.length).toBeLessThanOrEqual(1000);
      expect(part.at.length).toBeGreaterThan(500);
      expect([...part.at].sort((a, b) => a - b)).toEqual(part.at);
      const totals = part.at.map((_, point) => sum(Object.values(kindsAt(part, point))));
      expect(Math.max(...totals)).toBe(part.peakBytes);
      expect(totals[part.peakPoint]).toBe(part.peakBytes);
    }
  });

  it("covers each part with spans and ops without a hole", () => {
    for (const part of parts) {
      expect(part.spans[0]?.from).toBe(0);
      expect(part.spans.at(-1)?.to).toBe(part.eventCount);
      for (const [i, span] of part.spans.entries()) if (i > 0) expect(span.from).toBe(part.spans[i - 1]?.to);
      expect(part.ops[0]).toBe(0);
      expect(part.ops.length % 2).toBe(0);
    }
    expect(training?.spans.map(({ name }) => name)).toEqual(expect.arrayContaining(["forward", "loss", "backward"]));
  });

  it("names what is alive at the peak: never more than all of it, and 99 % of it", () => {
    for (const part of parts) {
      const at = part.at[part.peakPoint] ?? -1;
      const alive = part.blocks.filter(({ from, to }) => from <= at && at < to);
      const named = sum(alive.map(({ bytes }) => bytes));
      expect(named).toBeLessThanOrEqual(part.peakBytes);
      expect(named).toBeGreaterThan(0.99 * part.peakBytes);
    }
  });
});

describe("timeline of a log", () => {
  it("keeps a peak of one event among many", () => {
    const log = new EventLog();
    log.sites.push({ phase: "forward", stage: "forward", layer: "model", op: "a" });
    const add = (bytes: number): void => {
      const id = log.bytes.push(bytes) - 1;
      log.kind.push(id % storageKinds.length);
      log.storage.push(id, id);
      log.sign.push(1, -1);
      log.site.push(0, 0);
    };
    log.mark("iteration", 1);
    for (let i = 0; i < 20_000; i++) add(i === 12_345 ? 1000 : 256);
    log.mark("end");
    const [part, ...rest] = timeline(log).parts;
    expect(rest).toEqual([]);
    expect(part?.peakBytes).toBe(1024); // 1000 rounded up to the alignment of 256
    expect(part?.at[part.peakPoint]).toBe(2 * 12_345);
    expect(part?.at.length).toBe(1000);
  });

  it("of nothing has no part", () => {
    expect(timeline(new EventLog())).toEqual({ sites: [], parts: [] });
  });
});
