/** @file Cards and runtimes by name; every preset file is read and checked. */
import { describe, expect, it } from "vitest";
import { UserError } from "../src/errors.ts";
import { cardBudget, type Gpu } from "../src/memory/card.ts";
import { defaultMemoryRuntime } from "../src/memory/estimate.ts";
import { buildIndex, findGpu, findRuntime, listGpus, nameKey, resolveGpu } from "../src/presets.ts";
import { GiB, MiB } from "../src/units.ts";

const built = buildIndex();
const all = Object.values(built.gpus);

function readGpu(id: string): Gpu {
  return findGpu(id);
}

describe("cards", () => {
  it("are 114, each with a total that CUDA cannot exceed", () => {
    expect(all).toHaveLength(114);
    for (const gpu of all) {
      expect(gpu.cudaTotalBytes.linux, gpu.id).toBeLessThanOrEqual(gpu.smiTotalBytes);
      expect(gpu.cudaTotalBytes.linux, gpu.id).toBeGreaterThan(0.9 * gpu.smiTotalBytes);
      expect(gpu.cudaTotalBytes.windows, gpu.id).toBeLessThanOrEqual(gpu.smiTotalBytes);
    }
  });

  it("have no name twice", () => {
    const owner = new Map<string, string>();
    for (const gpu of all)
      for (const name of [gpu.id, gpu.name, ...gpu.aliases]) {
        expect(owner.get(nameKey(name)) ?? gpu.id, name).toBe(gpu.id);
        owner.set(nameKey(name), gpu.id);
      }
  });

  // After a change of a preset: npx vitest run test/presets.test.ts --update
  it("are in the index as their files say, and so are the runtimes", async () => {
    const lines = (table: object): string =>
      Object.entries(table)
        .map(([id, preset]) => `${JSON.stringify(id)}: ${JSON.stringify(preset)}`)
        .join(",\n");
    const text = `{"gpus": {\n${lines(built.gpus)}\n}, "runtimes": {\n${lines(built.runtimes)}\n}}\n`;
    await expect(text).toMatchFileSnapshot("../presets/index.json");
    expect(listGpus()).toEqual(all);
    expect(findRuntime()).toEqual(built.runtimes["paddle-2.6"]);
  });

  it.each(["4070", "rtx-4070", "RTX 4070", "rtx4070", "GeForce RTX 4070", "NVIDIA GeForce RTX 4070", " Rtx_4070 "])(
    "%j is the RTX 4070",
    (name) => {
      const gpu = findGpu(name);
      expect(gpu.id).toBe("rtx4070");
      expect(gpu.smiTotalBytes).toBe(12_282 * MiB);
      expect(gpu.cudaTotalBytes).toEqual({ linux: 11_994 * MiB, windows: 12_282 * MiB });
      expect([gpu.computeCapability, gpu.multiprocessorCount, gpu.hasTensorCores]).toEqual([8.9, 46, true]);
    },
  );

  it.each([
    ["4070 Ti SUPER", "rtx4070tis"],
    ["RTX 4070 Laptop", "rtx4070-laptop"],
    ["V100", "v100-16gb"],
    ["Tesla V100 32GB", "v100-32gb"],
    ["a100", "a100-40gb"],
    ["NVIDIA A10", "a10"],
    ["5090", "rtx5090"],
    ["Tesla-T4", "t4"],
  ])("%s is %s", (name, id) => {
    expect(findGpu(name).id).toBe(id);
  });

  it("that are not known get suggestions", () => {
    const failure = (name: string): unknown => {
      try {
        return findGpu(name);
      } catch (error) {
        return error;
      }
    };
    const typo = failure("rtx4071");
    expect(typo).toBeInstanceOf(UserError);
    expect(typo).toMatchObject({ code: "gpu-not-known", data: { name: "rtx4071" } });
    expect((typo as UserError<"gpu-not-known">).data.near).toContain("rtx4070");
    for (const name of ["", "constructor", "../runtimes/paddle-2.6", "nvidia"])
      expect(failure(name)).toMatchObject({ code: "gpu-not-known" });
  });

  it("derive CUDA's total where no log gives it", () => {
    expect(readGpu("rtx4070s").isCudaTotalDerived).toBe(true);
    expect(readGpu("rtx4070s").cudaTotalBytes.linux).toBe(Math.floor((12_282 * 14_913) / 15_360) * MiB);
    expect(readGpu("gtx1070").smiTotalBytes).toBe(8 * GiB);
    expect(readGpu("gtx1070").cudaTotalBytes.linux).toBe(7808 * MiB);
  });
});

describe("--gpu", () => {
  it("takes a size, all of it usable", () => {
    expect(resolveGpu("12GiB")).toEqual({ budget: { name: "12.0 GiB", totalBytes: 12 * GiB, usableBytes: 12 * GiB } });
    expect(resolveGpu("12 GB")).toMatchObject({ budget: { totalBytes: 12_000_000_000 } });
  });

  it("takes a bare number for a card, never for bytes", () => {
    expect(resolveGpu("4070")).toMatchObject({ gpu: { id: "rtx4070" } });
    expect(() => resolveGpu("12")).toThrow(UserError);
    expect(() => resolveGpu("0GiB")).toThrow(UserError);
  });
});

describe("budget of a card", () => {
  const gpu = readGpu("rtx4070");

  it("is CUDA's total on a Linux server", () => {
    expect(cardBudget(gpu)).toEqual({ name: "GeForce RTX 4070", totalBytes: 12_282 * MiB, usableBytes: 11_994 * MiB });
  });

  it("is less with a desktop, and less on Windows", () => {
    expect(cardBudget(gpu, { display: true }).usableBytes).toBe(11_294 * MiB);
    const windows = cardBudget(gpu, { system: "windows", display: true }).usableBytes;
    // 12,282 MiB less 5 % less 700 MiB.
    expect(Math.abs(windows - (12_282 * 0.95 - 700) * MiB)).toBeLessThan(MiB);
  });
});

describe("runtimes", () => {
  it("paddle-2.6 is the default of the memory model", () => {
    expect(findRuntime()).toMatchObject(defaultMemoryRuntime);
    expect(findRuntime("2.6")).toEqual(findRuntime("paddle-2.6"));
  });

  it("has the lists of auto_cast", () => {
    const { amp } = findRuntime();
    expect([amp.white.O1.length, amp.white.O2.length, amp.black.O1.length, amp.black.O2.length]).toEqual([
      11, 11, 52, 8,
    ]);
    expect(amp.white.O1).toContain("conv2d");
    expect(amp.black.O1).toEqual(expect.arrayContaining(["softmax", "bilinear_interp_v2", "mean"]));
    expect(amp.black.O2).not.toContain("softmax");
    expect(amp.customWhite).toEqual(["batch_norm", "elementwise_add", "sync_batch_norm"]);
  });

  it("that are not known are refused", () => {
    expect(() => findRuntime("paddle-9.9")).toThrow("paddle-9.9");
  });
});
