/** @file The trace comparer: order of allocations matters, order inside a run of releases does not. */
import { describe, expect, it } from "vitest";
import { EventLog } from "../../src/engine/events.ts";
import { compareTraces } from "../tools/lib/compare.ts";
import { logRows, type TraceRow } from "../tools/lib/rows.ts";
import { summary } from "../tools/lib/show.ts";
import { toYaml } from "../tools/program.ts";

function rows(changes: readonly (number | [number, string])[], start = 0): TraceRow[] {
  let total = start;
  return changes.map((change) => {
    const [bytes, op] = typeof change === "number" ? [change, "relu"] : change;
    total += bytes;
    return { phase: "forward", layer: "a", op, bytes, total, kernel: false };
  });
}

describe("compareTraces", () => {
  it("takes consecutive releases as a set", () => {
    const c = compareTraces(rows([256, 512, -256, -512, 1024]), rows([256, 512, -512, -256, 1024]));
    expect(c.hunks).toEqual([]);
    expect(c.matched).toBe(5);
  });

  it("tells an allocation in another place, and meets the other side again behind it", () => {
    const c = compareTraces(rows([256, 768, 512, 1024, 2048, -256]), rows([256, 512, 1024, 2048, -256]));
    expect(c.hunks).toEqual([{ ours: [1, 2], truth: [1, 1] }]);
    expect(c.matched).toBe(1);
    expect(c.matchedAll).toBe(5);
  });

  it("tells another op name unless told to ignore it", () => {
    const [ours, truth] = [rows([256, [512, "add"]]), rows([256, [512, "multiply"]])];
    expect(compareTraces(ours, truth).hunks).toEqual([{ ours: [1, 2], truth: [1, 2] }]);
    expect(compareTraces(ours, truth, { ignoreOp: true }).hunks).toEqual([]);
  });

  it("tells a missing release and a trace that ends early", () => {
    expect(compareTraces(rows([256, 512, -256, 768]), rows([256, 512, -256, -512, 768])).hunks).toHaveLength(1);
    const c = compareTraces(rows([256]), rows([256, 512]));
    expect(summary(c, "x", 2)).toContain("our trace ends here");
  });

  it("tells another start without hiding what follows", () => {
    const c = compareTraces(rows([256, -256], 1024), rows([256, -256], 512));
    expect(c.hunks).toEqual([]);
    expect(summary(c, "x", 2)).toBe(
      "x: 2 events agree but for the start; start differs by 512 (ours 1,024, measured 512)",
    );
  });
});

describe("logRows", () => {
  it("rounds to 256 B, counts from the start, leaves out kernel temporaries and empty storages", () => {
    const log = new EventLog();
    log.sites.push({ phase: "other", stage: "build", layer: "", op: "" });
    const bytes = [100, 300, 1000, 0];
    const add = (storage: number, sign: number): void => {
      log.storage.push(storage);
      log.sign.push(sign);
      log.site.push(0);
    };
    log.bytes.push(...bytes);
    log.kernel.push(0, 0, 1, 0);
    for (const [storage, sign] of [
      [0, 1],
      [1, 1],
      [2, 1],
      [2, -1],
      [3, 1],
      [1, -1],
    ] as const)
      add(storage, sign);
    expect(logRows(log, 1, 6).map((r) => [r.bytes, r.total])).toEqual([
      [512, 768],
      [-512, 256],
    ]);
    expect(logRows(log, 1, 6, true).map((r) => r.bytes)).toEqual([512, 1024, -1024, -512]);
  });
});

describe("toYaml", () => {
  it("writes floats so that YAML 1.1 reads them as numbers", () => {
    expect(toYaml({ a: 1e-7, b: [0.5, null, "x: y"], c: { d: true } })).toBe(
      '{"a": 1.0e-7, "b": [0.5, null, "x: y"], "c": {"d": true}}',
    );
  });
});
