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

const withoutHeads = ["losses", "logits", "gradients"] as const;

const cases: readonly Case[] = [
  [lite, 16, "fp32", [], 12_314_338_048, 12_784_355_840],
  [lite, 16, "fp32", ["losses"], 9_697_090_560, 10_301_327_872],
  [lite, 16, "fp32", ["losses", "logits"], 8_396_857_856, 8_892_041_728],
  [lite, 16, "fp32", withoutHeads, 8_347_384_832, 8_892_041_728],
  [lite, 16, "O1", withoutHeads, 6_289_145_344, 6_811_666_944],
  [lite, 16, "O2", withoutHeads, 5_819_400_448, 6_302_059_008],
  [stdc, 12, "fp32", [], 9_892_529_920, 10_243_656_192],
  [stdc, 12, "fp32", withoutHeads, 6_903_995_136, 7_324_420_608],
  [stdc, 12, "O1", withoutHeads, 5_032_017_408, 5_431_478_784],
  [deeplab, 2, "fp32", [], 6_475_366_656, 6_785_560_576],
  [deeplab, 2, "fp32", withoutHeads, 6_272_004_864, 6_626_177_024],
  [deeplab, 2, "O1", withoutHeads, 3_907_147_520, 4_271_078_144],
  [lite, 16, "fp32", leanMeans, 7_479_653_376, 8_120_289_792],
  [lite, 16, "O1", leanMeans, 5_415_499_264, 6_039_915_008],
  [stdc, 12, "fp32", leanMeans, 6_284_972_800, 6_745_606_656],
  [stdc, 12, "O1", leanMeans, 4_392_203_520, 4_852_664_832],
  [deeplab, 2, "fp32", leanMeans, 6_276_985_600, 6_626_177_024],
  [deeplab, 2, "O1", leanMeans, 3_909_637_888, 4_271_078_144],
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

it.skipIf(!existsSync(configs))(
  `DeepLabV3P, whose peak is not in the loss, with recompute beside it, as measured${reason}`,
  () => {
    const config = loadConfig(join(configs, deeplab), { readText: (path) => readFileSync(path, "utf8") });
    const recompute = ["head.aspp", "backbone.bb_0_0", "backbone.bb_3_0", "backbone.bb_3_1", "backbone.bb_3_2"];
    const cropSize = { width: 1024, height: 512 };
    const settings = { ...defaultSettings, batchSize: 2, lean: leanMeans, recompute, cropSize, prefetch: 0 };
    const { training } = estimateMemory(simulate(config, settings, stepRuntime(findRuntime())).log);
    expect([training.allocated.lowBytes, training.reserved.lowBytes]).toEqual([4_428_345_344, 5_233_668_096]);
  },
);

const small = `${configs}/pp_liteseg/pp_liteseg_stdc1_cityscapes_1024x512_scale0.5_160k.yml`;
const stdc1 = `${configs}/stdcseg/stdc1_seg_cityscapes_1024x512_80k.yml`;

/** The small PP-LiteSeg, each of its three logits with this loss. */
function withLoss(loss: string, classes: number): string {
  const data = `{type: Dataset, num_classes: ${classes}}`;
  return [
    `_base_: ${small}`,
    `loss: {types: [${loss}, ${loss}, ${loss}], coef: [1, 1, 1]}`,
    ...(classes === 19 ? [] : [`model: {num_classes: ${classes}}`, `train_dataset: ${data}`, `val_dataset: ${data}`]),
  ].join("\n");
}

const bceDynamic = "{type: BCELoss, weight: dynamic, pos_weight: dynamic}";
const mixedWithDice = "{type: MixedLoss, losses: [{type: CrossEntropyLoss}, {type: DiceLoss}], coef: [1, 1]}";
const mixture =
  "{type: MixedLoss, losses: [{type: CrossEntropyLoss}, {type: LovaszSoftmaxLoss, classes: all}], coef: [0.8, 0.2]}";

describe.skipIf(!existsSync(configs))(`each lean loss as measured${reason}`, { timeout: 60_000 }, () => {
  it.each<[name: string, text: string, amp: "fp32" | "O1", a: number, r: number]>([
    ["Dice", withLoss("{type: DiceLoss}", 19), "fp32", 158_738_944, 173_089_280],
    ["Dice with weights", withLoss("{type: DiceLoss, weight: [1, 2]}", 2), "O1", 138_215_168, 151_884_288],
    ["BCE", withLoss("{type: BCELoss}", 19), "fp32", 159_450_368, 173_089_280],
    ["BCE with dynamic weights", withLoss(bceDynamic, 2), "fp32", 134_252_032, 147_333_632],
    [
      "Lovász softmax, 2 classes",
      withLoss("{type: LovaszSoftmaxLoss, classes: all}", 2),
      "fp32",
      134_054_656,
      148_316_672,
    ],
    ["Lovász softmax", withLoss("{type: LovaszSoftmaxLoss, classes: all}", 19), "O1", 171_545_600, 181_793_280],
    ["Lovász hinge", withLoss("{type: LovaszHingeLoss}", 2), "fp32", 138_183_168, 152_248_832],
    ["cross entropy and Dice mixed", withLoss(mixedWithDice, 2), "fp32", 135_108_352, 148_840_960],
    ["cross entropy and Lovász mixed", withLoss(mixture, 19), "O1", 186_492_160, 191_754_752],
    ["detail aggregation", `_base_: ${stdc1}`, "fp32", 174_959_872, 182_346_240],
    ["detail aggregation", `_base_: ${stdc1}`, "O1", 178_193_664, 190_235_136],
  ])("%s, %#", (_, text, amp, allocated, reserved) => {
    const config = loadConfig("lean.yml", {
      readText: (path) => (path === "lean.yml" ? text : readFileSync(path, "utf8")),
    });
    const { training } = estimateMemory(
      simulate(
        config,
        {
          ...defaultSettings,
          batchSize: 2,
          lean: ["losses"],
          precision: amp === "fp32" ? "fp32" : "fp16",
          cropSize: { width: 256, height: 128 },
          prefetch: 0,
        },
        stepRuntime(findRuntime()),
      ).log,
    );
    expect([training.allocated.lowBytes, training.reserved.lowBytes]).toEqual([allocated, reserved]);
  });
});
