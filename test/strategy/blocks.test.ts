/** @file Blocks to recompute: each layer once, as the launcher takes them. */
import { expect, it } from "vitest";
import { findRuntime } from "../../src/presets.ts";
import { stepRuntime } from "../../src/step/runtime.ts";
import { simulate } from "../../src/step/simulate.ts";
import { chooseBlocks } from "../../src/strategy/blocks.ts";
import { readPackedCases, readPackedConfigs } from "../tools/lib/packed.ts";
import { configFromResolved, settingsOf } from "../tools/program.ts";

it("a layer that several attributes share is one choice (SETR's heads)", { timeout: 60_000 }, () => {
  const found = readPackedCases().find((one) => one.id.startsWith("setr__setr_mla"));
  const resolved = readPackedConfigs().get(found!.resolved)!;
  const settings = settingsOf({ batch: 1, crop: [256, 256], amp: "off", resolved, evalSize: undefined });
  const run = simulate(configFromResolved(resolved), settings, stepRuntime(findRuntime()));
  // It is listed for each of them, which is what makes the case.
  const listed = run.layers.map(({ name }) => name);
  expect(new Set(listed).size).toBeLessThan(listed.length);
  for (const most of [12, 1000]) {
    const layers = chooseBlocks(run, most).flatMap((block) => block.layers);
    expect(layers.length).toBeGreaterThan(0);
    expect(layers).toEqual([...new Set(layers)]);
  }
});
