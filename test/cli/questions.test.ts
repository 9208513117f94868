/** @file max, gpus, explain, curve and the options of a plan, as a user calls them. */
import { describe, expect, it } from "vitest";
import { recipe, vramPlan } from "./support.ts";

const json = async (line: string) => {
  const { code, out, err } = await vramPlan([...line.split(" "), "--json"]);
  expect(err.includes("bug in vram-plan"), err).toBe(false);
  return { code, result: JSON.parse(out) };
};

/** Half the sides of the recipe, so that a run is as short as it can be. */
const small = `${recipe} --crop-size 256x128 --no-do-eval`;

describe("max", { timeout: 60_000 }, () => {
  it("finds the largest batch: it fits, and one more does not", async () => {
    const { code, result } = await json(`max ${small} --gpu 2GiB`);
    expect(code).toBe(0);
    const at = async (batch: number) => (await json(`estimate ${small} --gpu 2GiB --batch-size ${batch}`)).result;
    expect((await at(result.largestBatch)).verdict).toBe("fits");
    expect((await at(result.largestBatch + 1)).headroomBytes).toBeLessThan(0);
    expect(result.table[0].batches[0]).toBe(result.largestBatch);
    expect(result.table.length).toBe(3);
    for (const { batches } of result.table) expect(batches.length).toBe(result.precisions.length);
    expect(result.simulated).toBeLessThan(80);
  });

  it("fails where not even one image fits", async () => {
    const { code, result } = await json(`max ${small} --gpu 600MiB`);
    expect([code, result.largestBatch]).toEqual([1, 0]);
  });
});

describe("gpus", { timeout: 60_000 }, () => {
  it("finds a card on which the config fits, and none that is smaller", async () => {
    const { code, result } = await json(`gpus ${small}`);
    expect(code).toBe(0);
    expect((await json(`estimate ${small} --gpu ${result.asItIs.id}`)).result.verdict).toBe("fits");
    expect(result.withPlan).not.toBeNull();
    const usable = result.cards.map((card: { usableBytes: number }) => card.usableBytes);
    expect(usable).toEqual([...usable].sort((a, b) => a - b));
    expect(result.simulated).toBeGreaterThan(0);
  });
});

describe("explain", { timeout: 60_000 }, () => {
  it("adds up: ops to the layer, and the network and losses to no more than the peak", async () => {
    const { result } = await json(`explain ${small} --layer backbone.features.2`);
    for (const key of ["madeBytes", "savedBytes", "peakBytes"] as const) {
      const sum = result.ops.reduce((total: number, op: Record<typeof key, number>) => total + op[key], 0);
      expect(sum, key).toBe(result[key]);
    }
    expect(result.savedBytes).toBeGreaterThan(0);
    expect(result.savedBytes).toBeLessThanOrEqual(result.madeBytes);
    const { result: whole } = await json(`explain ${small}`);
    expect(whole.peakBytes).toBeGreaterThan(result.peakBytes);
    expect(whole.peakBytes).toBeLessThanOrEqual(whole.allocatedBytes);
    const { result: loss } = await json(`explain ${small} --layer OhemCrossEntropyLoss`);
    expect(loss.ops.map((op: { op: string }) => op.op)).toContain("softmax");
    expect(loss.peakBytes + whole.peakBytes).toBeLessThanOrEqual(whole.allocatedBytes);
  });

  it("names near layers for one that is not there", async () => {
    const { code, err } = await vramPlan(["explain", recipe, "--layer", "backbone.fetures.2"]);
    expect(code).toBe(2);
    expect(err).toContain("backbone.features.2");
  });
});

describe("curve", { timeout: 60_000 }, () => {
  it("is a front: slower means less, and starts with nothing recomputed", async () => {
    const { code, result } = await json(`curve ${small} --gpu 3GiB`);
    expect(code).toBe(0);
    const points: { time: { expected: number }; processBytes: number; recompute: string[] }[] = result.points;
    expect(points.length).toBeGreaterThan(3);
    expect(points[0]?.recompute).toEqual([]);
    for (const [i, point] of points.entries()) {
      const before = points[i - 1];
      if (before === undefined) continue;
      expect(point.time.expected).toBeGreaterThan(before.time.expected);
      expect(point.processBytes).toBeLessThan(before.processBytes);
    }
    expect(result.search.simulated).toBeLessThanOrEqual(13);
  });
});

describe("options of a plan", { timeout: 60_000 }, () => {
  it("takes a share or bytes as headroom, and keeps what is to be kept", async () => {
    const { result } = await json(`${small} --gpu 3GiB --headroom 20% --keep recompute,precision`);
    expect(result.plan.headroomBytes).toBeGreaterThanOrEqual(0.2 * 3 * 2 ** 30);
    expect(result.plan.settings).toMatchObject({ precision: "fp32", recompute: [] });
  });

  it("goes to a lighter network only where it is allowed", async () => {
    const line = `${small} --gpu 1GiB --keep recompute,precision,batch-size,crop-size`;
    const refused = await json(line);
    expect([refused.code, refused.result.plan.feasible]).toEqual([1, false]);
    const { result } = await json(`${line} --allow model`);
    expect(result.plan.changes.every((change: { knob: string }) => change.knob !== "crop")).toBe(true);
  });

  it("refuses what it does not know", async () => {
    for (const words of [
      ["--keep", "colour"],
      ["--headroom", "5"],
      ["--max-slowdown", "fast"],
      ["--prefer", "both"],
    ]) {
      const { code, err } = await vramPlan([recipe, "--gpu", "8GiB", ...words]);
      expect(code, words.join(" ")).toBe(2);
      expect(err).toContain(words[0]);
    }
  });

  it("says the order of harm and shows alternatives of other classes", async () => {
    const { out } = await vramPlan([recipe, "--gpu", "rtx4070", "--alternatives", "2"], { env: { NO_COLOR: "1" } });
    expect(out).toContain("in the order of harm");
    expect(out.match(/^Or, class \d/gm)?.length).toBe(2);
  });

  it("draws a progress line past a second, and takes it away again", async () => {
    const { createProgress } = await import("../../src/cli/progress.ts");
    const written: string[] = [];
    let time = 0;
    const stderr = { write: (text: string) => void written.push(text), isTTY: true, columns: 80 };
    const progress = createProgress({ language: "en", stderr, now: () => time });
    progress.onRun(1);
    expect(written).toEqual([]);
    time = 1500;
    progress.onRun(2);
    progress.done();
    expect(written[0]).toContain("2 runs");
    expect(written.at(-1)).toMatch(/^\r +\r$/);
  });
});

describe("the recommended recipe", { timeout: 60_000 }, () => {
  const flags = "--precision fp16 --accumulation 2 --conv-workspace-limit 256MiB";

  it("fits an RTX 4070 as it is, in less than half of it", async () => {
    const { code, result } = await json(`pp-liteseg-rtx4070.yml --gpu rtx4070 ${flags}`);
    expect([code, result.verdict, result.plan.changes]).toEqual([0, "fits", []]);
    expect(result.run).toMatchObject({ batchSize: 4, accumulation: 2, cropSize: [512, 512], precision: "fp16" });
    expect(result.headroomBytes).toBeGreaterThan(result.gpu.usableBytes / 2);
  });

  it("keeps the published batch and crop from what the card could hold: the search's plan has both", async () => {
    const { result } = await json(`${recipe} --gpu rtx4070`);
    const { settings } = result.plan;
    expect(result.plan.feasible).toBe(true);
    expect([settings.batchSize * settings.accumulation, settings.cropSize]).toEqual([16, [1024, 512]]);
  });
});
