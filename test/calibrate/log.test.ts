/** @file Logs as facts: PaddleSeg's header, config dump and lines; every public line; leaks; several runs in one file. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cardNames } from "../../src/calibrate/card-name.ts";
import { peaksOf } from "../../src/calibrate/compare.ts";
import { findGrowth } from "../../src/calibrate/growth.ts";
import { parseLog } from "../../src/calibrate/log.ts";
import { MiB } from "../../src/units.ts";

const fixtures = join(import.meta.dirname, "../fixtures/calibrate");
const train = readFileSync(join(fixtures, "train.log"), "utf8");
const memoryLine = (iter: number, reserved: number, allocated: number): string =>
  `[TRAIN] epoch: 1, iter: ${iter}/100, loss: 1.0, max_mem_reserved: ${reserved} MB, max_mem_allocated: ${allocated} MB | ETA 0`;

describe("a log of PaddleSeg", () => {
  it("gives its environment, its config on the log's own lines, and its memory", () => {
    const log = parseLog(train);
    expect(log).toMatchObject({ gpus: ["Tesla V100-SXM2-32GB"], gpuCount: 1, paddle: "2.6.2", cudnn: "8.6" });
    expect(log).toMatchObject({ ampLevel: undefined, hasEvaluation: false, outOfMemory: undefined });
    const config = log.configText?.split("\n") ?? [];
    const line = config.findIndex((text) => text.startsWith("batch_size: 16"));
    expect(train.split("\n")[line]).toBe("batch_size: 16");
    expect(log.memory.map((one) => [one.iteration, one.reservedBytes / MiB, one.allocatedBytes / MiB])).toEqual([
      [10, 12310, 11847],
      [20, 12310, 11847],
    ]);
  });

  it("with Windows' line ends is the same", () => {
    expect(parseLog(train.replaceAll("\n", "\r\n"))).toEqual(parseLog(train));
  });

  it("says under which AMP level it ran", () => {
    expect(parseLog("2026 [INFO]\tuse AMP to train. AMP level = O2").ampLevel).toBe("O2");
  });

  it("is its last run where it holds several", () => {
    expect(parseLog(`${memoryLine(50, 9, 8)}\n${train}`).memory.map((one) => one.iteration)).toEqual([10, 20]);
    const restarted = [memoryLine(50, 9, 8), "[EVAL] #Images: 1", memoryLine(10, 5, 4)].join("\n");
    expect(parseLog(restarted)).toMatchObject({ hasEvaluation: false, memory: [{ iteration: 10 }] });
  });

  it("tells training's peaks from those after an evaluation", () => {
    const lines = [
      memoryLine(10, 20, 10),
      memoryLine(20, 21, 11),
      "Start evaluating (total_samples: 5)",
      "[EVAL] #Images: 5",
    ];
    const unit = MiB - 1;
    expect(peaksOf(parseLog([...lines, memoryLine(30, 40, 30)].join("\n")).memory)).toEqual({
      training: {
        allocated: { fromBytes: 11 * MiB, toBytes: 11 * MiB + unit },
        reserved: { fromBytes: 21 * MiB, toBytes: 21 * MiB + unit },
      },
      evaluation: {
        allocated: { fromBytes: 30 * MiB, toBytes: 30 * MiB + unit },
        reserved: { fromBytes: 40 * MiB, toBytes: 40 * MiB + unit },
      },
    });
    // An evaluation below training's peak does not show in a running maximum.
    expect(
      peaksOf(parseLog([...lines, memoryLine(30, 21, 11)].join("\n")).memory).evaluation?.allocated,
    ).toBeUndefined();
  });
});

describe("out of memory", () => {
  it.each([
    [
      "Out of memory error on GPU 0. Cannot allocate 33.910150GB memory on GPU 0, 10.28GB memory has been allocated and available memory is only 21.4GB.",
      ["33.910150GB", "10.28GB", "21.4GB"],
    ],
    [
      "Cannot allocate 3.125000GB memory on GPU 0, available memory is only 117.750000MB.",
      ["3.125000GB", undefined, "117.750000MB"],
    ],
    [
      "Cannot allocate 145.468994MB GPU memory, available memory is 72.312500MB.",
      ["145.468994MB", undefined, "72.312500MB"],
    ],
    [
      "Cannot allocate 256.000000kB memory on GPU 3, 1.0GB memory has been allocated",
      ["256.000000kB", "1.0GB", undefined],
    ],
  ])("%s", (text, [asked, allocated, available]) => {
    expect(parseLog(text).outOfMemory).toEqual({ line: 1, asked, allocated, available, isInEvaluation: false });
  });

  it("during an evaluation is known as such", () => {
    const text =
      "Start evaluating (total_samples: 500)...\nCannot allocate 1.000000GB memory on GPU 0, available memory is only 1.0MB";
    expect(parseLog(text).outOfMemory).toMatchObject({ line: 2, isInEvaluation: true });
  });
});

describe("growth", () => {
  const growthOf = (allocated: readonly number[]) =>
    findGrowth(parseLog(allocated.map((mib, i) => memoryLine((i + 1) * 10, mib + 50, mib)).join("\n")).memory);

  it("is a leak where allocated rises on, and by how much an iteration", () => {
    expect(growthOf([100, 110, 120, 130, 140, 150, 160, 170])).toEqual({
      fromIteration: 50,
      toIteration: 80,
      fromBytes: 140 * MiB,
      toBytes: 170 * MiB,
      bytesPerIteration: MiB,
      rises: 3,
      lines: 4,
    });
  });

  it("is none in a steady run, a late peak, or too few lines", () => {
    expect(growthOf([100, 100, 100, 100, 100, 100, 100, 100])).toBeUndefined();
    expect(growthOf([100, 100, 100, 100, 100, 100, 180, 180])).toBeUndefined();
    expect(growthOf([10, 50, 90, 100, 100, 100, 100, 100])).toBeUndefined();
    expect(growthOf([100, 110, 120])).toBeUndefined();
  });
});

describe("cards", () => {
  it.each([
    ["Tesla V100-SXM2-32GB", "V100-32GB"],
    ["NVIDIA A100-SXM4-80GB", "A100-80GB"],
    ["NVIDIA A100-PCIE-40GB", "A100-40GB"],
    ["Tesla T4", "T4"],
  ])("%s is %s", (listed, name) => {
    expect(cardNames(listed)).toEqual([listed, name]);
  });
});

/** Id and line of each. */
const publicLines = readFileSync(join(fixtures, "public-lines.txt"), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => line.split("\t"));

describe("public lines", () => {
  it("are all read", () => {
    expect(publicLines).toHaveLength(21);
    for (const [id, line = ""] of publicLines) {
      const [memory] = parseLog(line).memory;
      expect(memory, id).toBeDefined();
      const ratio = memory!.reservedBytes / memory!.allocatedBytes;
      expect(ratio, id).toBeGreaterThan(1);
      expect(ratio, id).toBeLessThan(1.36);
    }
  });

  const facts = join(import.meta.dirname, "../../../shared/facts/paddle-gpu-points.json");
  it.skipIf(!existsSync(facts))("are those of ../shared/facts, to the byte (skipped where it is absent)", () => {
    const pairs: { allocator_pairs: { id: string; reserved_bytes: number; allocated_bytes: number }[] } = JSON.parse(
      readFileSync(facts, "utf8"),
    );
    const read = publicLines.map(([id, line = ""]) => {
      const [memory] = parseLog(line).memory;
      return { id, reserved_bytes: memory?.reservedBytes, allocated_bytes: memory?.allocatedBytes };
    });
    expect(read).toEqual(
      pairs.allocator_pairs.map(({ id, reserved_bytes, allocated_bytes }) => ({ id, reserved_bytes, allocated_bytes })),
    );
  });
});
