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
  const layers = chooseBlocks(run).flatMap((block) => block.layers);
  expect(layers).toContain("head.feat_convs.0");
  expect(layers).toEqual([...new Set(layers)]);
});
