/**
 * @file Lean training of whole runs, reserved and allocated peaks as measured: PaddleSeg's train() with presets/launcher/lean_losses.py on Paddle
 * 2.6.2's own allocator (../shared/oracle/gpu), no batch ahead, no evaluation, every event of the run the same as ours.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { estimateMemory } from "../../src/memory/estimate.ts";
import { findRuntime } from "../../src/presets.ts";
import { stepRuntime } from "../../src/step/runtime.ts";
import { defaultSettings, type LeanMeans, leanMeans } from "../../src/step/settings.ts";
import { simulate } from "../../src/step/simulate.ts";

const configs = join(import.meta.dirname, "../../../shared/reference/PaddleSeg/configs");
const [lite, stdc, deeplab] = [
  "pp_liteseg/pp_liteseg_stdc2_cityscapes_1024x512_scale1.0_160k.yml",
  "stdcseg/stdc2_seg_cityscapes_1024x512_80k.yml",
  "deeplabv3p/deeplabv3p_resnet50_os8_cityscapes_1024x512_80k.yml",
] as const;

type Case = readonly [
  file: string,
  batch: number,
  amp: "fp32" | "O1" | "O2",
  lean: readonly LeanMeans[],
  a: number,
  r: number,
];

const cases: readonly Case[] = [
  [lite, 16, "fp32", [], 12_314_338_048, 12_784_355_840],
  [lite, 16, "fp32", ["losses"], 9_697_090_560, 10_301_327_872],
  [lite, 16, "fp32", ["losses", "logits"], 8_396_857_856, 8_892_041_728],
  [lite, 16, "fp32", leanMeans, 8_347_384_832, 8_892_041_728],
  [lite, 16, "O1", leanMeans, 6_289_145_344, 6_811_666_944],
  [lite, 16, "O2", leanMeans, 5_819_400_448, 6_302_059_008],
  [stdc, 12, "fp32", [], 9_892_529_920, 10_243_656_192],
  [stdc, 12, "fp32", leanMeans, 6_903_995_136, 7_324_420_608],
  [stdc, 12, "O1", leanMeans, 5_032_017_408, 5_431_478_784],
  [deeplab, 2, "fp32", [], 6_475_366_656, 6_785_560_576],
  [deeplab, 2, "fp32", leanMeans, 6_272_004_864, 6_626_177_024],
  [deeplab, 2, "O1", leanMeans, 3_907_147_520, 4_271_078_144],
];

const reason = existsSync(configs) ? "" : " (skipped: no PaddleSeg in ../shared/reference)";

describe.skipIf(!existsSync(configs))(`lean training as measured${reason}`, { timeout: 60_000 }, () => {
  it.each(cases)("%s, batch %i, %s, %j", (file, batchSize, amp, lean, allocated, reserved) => {
    const config = loadConfig(join(configs, file), { readText: (path) => readFileSync(path, "utf8") });
    const { log } = simulate(
      config,
      {
        ...defaultSettings,
        batchSize,
        lean,
        precision: amp === "fp32" ? "fp32" : "fp16",
        ampLevel: amp === "O2" ? "O2" : "O1",
        cropSize: { width: 1024, height: 512 },
        prefetch: 0,
      },
      stepRuntime(findRuntime()),
    );
    const { training } = estimateMemory(log);
    expect([training.allocated.lowBytes, training.reserved.lowBytes]).toEqual([allocated, reserved]);
  });
});
