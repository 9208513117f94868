/** @file Saving under O2: copies of the whole network at each layer, logged only where they set the peak. */
import { describe, expect, it } from "vitest";
import { Engine, withEngine } from "../../src/engine/engine.ts";
import { estimateMemory } from "../../src/memory/estimate.ts";
import { buildNetwork } from "../../src/models/index.ts";
import { savingBound, savingPeak } from "../../src/step/save.ts";
import { argsOf } from "../../src/step/simulate.ts";
import { readPackedCases, readPackedConfigs } from "../tools/lib/packed.ts";
import { loadProgram, settingsOf } from "../tools/program.ts";

const program = loadProgram();
const found = readPackedCases().find(({ config, amp }) => config.includes("ddrnet23") && amp === "O2")!;
const resolved = readPackedConfigs().get(found.resolved)!;

function run(amp: "off" | "O1" | "O2", crop: readonly [number, number]) {
  const settings = settingsOf({ resolved, batch: 2, crop, amp, evalSize: undefined });
  return program.simulate(program.config(resolved), settings).log;
}

describe("saving", () => {
  it("sets the peak of a DDRNet-23 on small images under O2, as measured", () => {
    const log = run("O2", [128, 128]);
    const { training, saving } = estimateMemory(log);
    // The oracle: batch 2, 128 x 128, AMP O2.
    expect(training.allocated.lowBytes).toBe(271_397_632);
    expect(saving?.allocated.lowBytes).toBe(575_131_136);
    expect(saving?.reserved.lowBytes).toBe(589_771_008);
    expect(saving?.peak).toMatchObject({ stage: "save", op: "cast" });
    const casts = log.sign.slice(log.at("save"), log.at("save-end")).filter((sign) => sign > 0);
    expect(casts).toHaveLength(36_266);
  });

  it("is left out where the steps take more, and where nothing is cast", () => {
    expect(run("O2", [1024, 1024]).at("save")).toBe(-1);
    expect(run("O1", [128, 128]).at("save")).toBe(-1);
    expect(run("off", [128, 128]).at("save")).toBe(-1);
  });

  /** One config of each network with each backbone. */
  const networks = new Map(
    [...readPackedConfigs().values()].map((dict) => [JSON.stringify(dict.model).slice(0, 120), dict] as const),
  );

  it(`takes no more than its quick bound, on ${networks.size} networks`, () => {
    expect(networks.size).toBeGreaterThan(50);
    for (const dict of networks.values()) {
      withEngine(new Engine(), () => {
        const model = buildNetwork(argsOf(program.config(dict).model));
        const peak = savingPeak(model);
        expect(peak).toBeGreaterThan(0);
        expect(savingBound(model)).toBeGreaterThanOrEqual(peak);
      });
    }
  });
});
