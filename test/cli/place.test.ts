/** @file Where a run takes place: desktop, Windows, what is free, and what nvidia-smi shows. */
import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { filesIn, type Host } from "../../src/cli/host.ts";
import { addPlaceOptions, parseSmi, placeOf } from "../../src/cli/place.ts";
import { createContext } from "../../src/index.ts";
import { GiB, MiB } from "../../src/units.ts";

const nowhere = { write: () => undefined, isTTY: false, columns: undefined };

function hostWith(nvidiaSmi: Host["nvidiaSmi"]): Host {
  return { args: [], env: {}, language: "en", stdout: nowhere, stderr: nowhere, ...filesIn("."), nvidiaSmi };
}

describe("the card's surroundings", () => {
  it("give Linux's total without a desktop, and less with one", () => {
    const plain = createContext("rtx4070").budget;
    expect(plain).toMatchObject({ totalBytes: 12_282 * MiB, usableBytes: 11_994 * MiB });
    const shown = createContext("rtx4070", { display: true }).budget;
    expect(shown).toMatchObject({ usableBytes: 11_294 * MiB, othersBytes: 700 * MiB });
    expect(shown?.assumptions?.[0]?.code).toBe("desktop-keeps");
  });

  it("give Windows's total less what it withholds", () => {
    const { usableBytes } = createContext("rtx4070", { system: "windows" }).budget ?? { usableBytes: 0 };
    expect(usableBytes).toBe(12_282 * MiB - Math.ceil(12_282 * MiB * 0.05));
  });

  it("give what is free, with a card or without, and no more than the card has", () => {
    expect(createContext("rtx4070", { gpuFree: 8 * GiB, display: true }).budget?.usableBytes).toBe(8 * GiB);
    expect(createContext("rtx4070", { gpuFree: 80 * GiB }).budget?.usableBytes).toBe(11_994 * MiB);
    expect(createContext(undefined, { gpuFree: 8 * GiB }).budget).toMatchObject({ usableBytes: 8 * GiB });
  });

  it("refuse a runtime that is not known", () => {
    expect(() => createContext("12GiB", { runtime: "1.8" })).toThrow("1.8");
    expect(createContext("12GiB", { runtime: "2.6" }).memory.name).toBe("paddle-2.6");
  });
});

describe("nvidia-smi", () => {
  const answer = "NVIDIA GeForce RTX 4070, 12282, 900, 11200\nTesla T4, 15360, 3, 15098\n";

  it("is read line by line", () => {
    expect(parseSmi(answer)).toHaveLength(2);
    expect(parseSmi("No devices were found\n")).toEqual([]);
  });

  it("gives the first card and what others leave of it", () => {
    const host = hostWith(() => answer);
    const [gpu, around] = placeOf(host, { gpu: "auto" });
    expect(createContext(gpu, around).budget).toMatchObject({ name: "GeForce RTX 4070", usableBytes: 11_200 * MiB });
  });

  it("gives the size of a card without a preset", () => {
    const host = hostWith(() => "Some New Card, 20000, 0, 19000\n");
    expect(createContext(...placeOf(host, { gpu: "auto" })).budget).toMatchObject({
      name: "Some New Card",
      usableBytes: 19_000 * MiB,
    });
  });

  it("is said to be missing where it is", () => {
    expect(() => placeOf(hostWith(undefined), { gpu: "auto" })).toThrow("nvidia-smi");
    expect(() =>
      placeOf(
        hostWith(() => ""),
        { gpu: "auto" },
      ),
    ).toThrow("no card");
  });

  it("is not asked where a card is named", () => {
    const command = addPlaceOptions(new Command());
    const given = command.parse(["--gpu-free", "11.2GiB", "--system", "windows"], { from: "user" }).opts();
    const [gpu, around] = placeOf(hostWith(undefined), { ...given, gpu: "t4" });
    expect(gpu).toBe("t4");
    expect(around).toMatchObject({ gpuFree: Math.round(11.2 * GiB), system: "windows", display: undefined });
  });
});
