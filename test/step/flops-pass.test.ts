/** @file The pass that counts FLOPs after training: a buffer left in float16 meets float32 features. */
import { expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { UserError } from "../../src/errors.ts";
import { findRuntime } from "../../src/presets.ts";
import { stepRuntime } from "../../src/step/runtime.ts";
import { defaultSettings, type Settings } from "../../src/step/settings.ts";
import { simulate } from "../../src/step/simulate.ts";

/** A network whose attention keeps its bases between iterations and multiplies them with `bmm`. */
const config = loadConfig("ema.yml", {
  readText: () => `
batch_size: 2
iters: 10
train_dataset: {type: Dataset, num_classes: 2, mode: train, transforms: [{type: RandomPaddingCrop, crop_size: [64, 64]}]}
model:
  type: EMANet
  num_classes: 2
  backbone: {type: ResNet50_vd, output_stride: 8}
  ema_channels: 16
  gc_channels: 16
  num_bases: 4
optimizer: {type: SGD}
lr_scheduler: {type: PolynomialDecay, learning_rate: 0.01}
loss: {types: [{type: CrossEntropyLoss}], coef: [1, 0.4]}
`,
});

const run = (settings: Partial<Settings>) =>
  simulate(config, { ...defaultSettings, ...settings }, stepRuntime(findRuntime()));

it("refuses AMP O1, with the layer, the op and both dtypes", () => {
  const attempt = () => run({ precision: "fp16", ampLevel: "O1" });
  expect(attempt).toThrow(UserError);
  expect(attempt).toThrow(
    /head\.emau when PaddleSeg counts FLOPs .*: bmm takes operands of one dtype, not float32 and float16/,
  );
});

it("lets float32 and O2 pass: nothing changes its dtype there, or nothing is counted", () => {
  expect(run({}).log.marks.some(({ name }) => name === "end")).toBe(true);
  expect(() => run({ precision: "fp16", ampLevel: "O2" })).not.toThrow();
});
