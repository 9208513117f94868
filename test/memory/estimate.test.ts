/** @file The three levels of bytes and the verdict. */
import { describe, expect, it } from "vitest";
import { contextBytes } from "../../src/memory/context.ts";
import { defaultMemoryRuntime, estimateMemory, verdict } from "../../src/memory/estimate.ts";
import type { LevelSet, Range } from "../../src/report/report.ts";
import { MiB } from "../../src/units.ts";
import { LogBuilder, networkLog, withConvolutions } from "./logs.ts";

function checkLevels(part: LevelSet): void {
  for (const { lowBytes, expectedBytes, highBytes } of [part.allocated, part.reserved, part.process]) {
    expect(expectedBytes).toBeGreaterThanOrEqual(lowBytes);
    expect(highBytes).toBeGreaterThanOrEqual(expectedBytes);
  }
  for (const end of ["lowBytes", "expectedBytes", "highBytes"] as const) {
    expect(part.reserved[end]).toBeGreaterThanOrEqual(part.allocated[end]);
    expect(part.process[end]).toBeGreaterThan(part.reserved[end]);
  }
}

describe("estimateMemory", () => {
  it.each(["float32", "float16"] as const)("orders levels and ends, with workspaces in %s", (dtype) => {
    for (const extent of [1, 16, 64, 128]) {
      const log = withConvolutions(networkLog({ layers: 40, images: 2 }), dtype, extent);
      const { training, evaluation } = estimateMemory(log);
      checkLevels(training);
      expect(evaluation).toBeDefined();
      if (evaluation !== undefined) checkLevels(evaluation);
      expect(evaluation?.reserved.lowBytes).toBeGreaterThanOrEqual(training.reserved.lowBytes);
    }
  });

  it("has no workspace in low, whatever the limit", () => {
    const log = withConvolutions(networkLog({ layers: 40, images: 2 }), "float16", 128);
    const free = estimateMemory(log, { convWorkspaceLimitBytes: -1 });
    const none = estimateMemory(log, { convWorkspaceLimitBytes: 0 });
    expect(free.training.reserved.lowBytes).toBe(none.training.reserved.lowBytes);
    expect(none.training.reserved.highBytes).toBe(none.training.reserved.lowBytes);
    expect(free.training.allocated.highBytes).toBeGreaterThan(none.training.allocated.highBytes);
  });

  it("leaves the evaluation out where there is none", () => {
    const { training, evaluation, assumptions } = estimateMemory(networkLog({ layers: 10, images: 0 }));
    expect(evaluation).toBeUndefined();
    expect(training.afterStepBytes).toBeLessThan(training.allocated.lowBytes);
    expect(assumptions[0]?.text).toContain("eager");
  });
});

describe("context", () => {
  it("is a range by loading mode, with cuBLAS's share on Hopper", () => {
    expect(contextBytes({ lazyLoading: true })).toMatchObject({
      lowBytes: 320 * MiB,
      expectedBytes: 550 * MiB,
      highBytes: 950 * MiB,
    });
    expect(contextBytes({ lazyLoading: false }).expectedBytes).toBe(1000 * MiB);
    expect(contextBytes({ lazyLoading: true }, { computeCapability: 9 }).expectedBytes).toBe(582 * MiB);
    expect(contextBytes({ lazyLoading: true }, { computeCapability: 8.9 }).expectedBytes).toBe(550 * MiB);
  });
});

describe("verdict", () => {
  const { training } = estimateMemory(networkLog({ layers: 10, images: 0 }));
  const process: Range = { lowBytes: 50, expectedBytes: 100, highBytes: 200 };
  const part = { ...training, process };
  const on = (usableBytes: number, evaluation?: Range) =>
    verdict(
      { training: part, evaluation: evaluation && { ...part, process: evaluation } },
      { name: "card", totalBytes: usableBytes, usableBytes },
    );

  it("fits only when the high end does", () => {
    expect(on(200)).toEqual({ verdict: "fits", headroomBytes: 0 });
    expect(on(199)).toEqual({ verdict: "tight", headroomBytes: -1 });
    expect(on(100)).toEqual({ verdict: "tight", headroomBytes: -100 });
    expect(on(99)).toEqual({ verdict: "does-not-fit", headroomBytes: -101 });
  });

  it("takes the worse of training and evaluation", () => {
    expect(on(250, { lowBytes: 60, expectedBytes: 120, highBytes: 240 })).toEqual({
      verdict: "fits",
      headroomBytes: 10,
    });
    expect(on(119, { lowBytes: 60, expectedBytes: 120, highBytes: 240 }).verdict).toBe("does-not-fit");
  });

  it("survives on a card below the peak where idle chunks go back in time, and shows what fails below that", () => {
    const b = new LogBuilder();
    b.log.mark("iteration", 1);
    b.drop(b.at("forward", "a", "conv2d").take(40 * MiB));
    b.at("backward", "b", "add_grad").take(60 * MiB);
    const memory = estimateMemory(b.log, { runtime: { ...defaultMemoryRuntime, lazyLoading: true } });
    expect(memory.training.process.highBytes).toBe(1050 * MiB);
    const at = (usable: number) =>
      verdict(memory, { name: "card", totalBytes: usable * MiB, usableBytes: usable * MiB });
    expect(at(1050)).toEqual({ verdict: "fits", headroomBytes: 0 });
    expect(at(1011)).toEqual({ verdict: "fits", headroomBytes: MiB });
    expect(at(1009)).toMatchObject({ verdict: "tight", headroomBytes: -41 * MiB });
    expect(at(609)).toMatchObject({
      verdict: "does-not-fit",
      outOfMemory: { asked: "tensor", part: "training", index: 1, phase: "backward", layer: "b", op: "add_grad" },
    });
    expect(at(609).outOfMemory?.message).toBe(
      "Cannot allocate 60.000000MB memory on GPU 0, 550.000000MB memory has been allocated and available memory is only 59.000000MB.",
    );
  });
});
