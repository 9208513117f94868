/** @file What cannot run is refused in Paddle's words; what depends on the labels is taken at its worst and said. */
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { UserError } from "../../src/errors.ts";
import { findRuntime } from "../../src/presets.ts";
import { stepRuntime } from "../../src/step/runtime.ts";
import { defaultSettings, type Settings } from "../../src/step/settings.ts";
import { simulate } from "../../src/step/simulate.ts";

const crop = 64;

function run(model: string, losses: string, settings: Partial<Settings> = {}) {
  const text = `batch_size: 1
iters: 10
train_dataset:
  type: ADE20K
  transforms:
    - type: RandomPaddingCrop
      crop_size: [${crop}, ${crop}]
    - type: GenerateInstanceTargets
      num_classes: 150
model: ${model}
optimizer: { type: AdamW, weight_decay: 0.01 }
lr_scheduler: { type: PolynomialDecay, learning_rate: 0.1 }
loss: ${losses}
`;
  const config = loadConfig("x.yml", { readText: () => text });
  return simulate(config, { ...defaultSettings, doEval: false, ...settings }, stepRuntime(findRuntime()));
}

function refusal(body: () => unknown): UserError {
  try {
    body();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

const twoLosses = "{ types: [{ type: CrossEntropyLoss }], coef: [1, 0.4] }";
const vitAdapter =
  "{ type: UPerNetViTAdapter, num_classes: 150, backbone: { type: ViTAdapter_Tiny }, backbone_indices: [0, 1, 2, 3] }";

describe("HRFormer", () => {
  it("is refused at its place with the reason that Paddle gives", () => {
    const model = "{ type: OCRNet, num_classes: 150, backbone: { type: HRFormer_small }, backbone_indices: [0] }";
    const error = refusal(() => run(model, twoLosses));
    expect(error.code).toBe("paddle-refuses");
    expect(error.message).toContain("ceil(): argument 'x' (position 0) must be Tensor, but got float");
    expect(error.location?.line).toBe(10);
  });
});

describe("ViTAdapter", () => {
  it("runs in float32", () => {
    expect(run(vitAdapter, twoLosses).parameters.count).toBeGreaterThan(0);
  });

  it.each(["O1", "O2"] as const)("is refused under AMP %s: its attention takes float32 only", (ampLevel) => {
    const error = refusal(() => run(vitAdapter, twoLosses, { precision: "fp16", ampLevel }));
    expect(error.code).toBe("single-precision-only");
  });
});

describe("MaskFormer", () => {
  const model =
    "{ type: MaskFormer, num_classes: 150, backbone: { type: SwinTransformer_tiny_patch4_window7_224_maskformer } }";

  it("says that every image is taken to show every class, and matches as many masks as there are queries", () => {
    const { assumptions, log } = run(model, "{ types: [{ type: MaskFormerLoss, num_classes: 150 }], coef: [1] }");
    expect(assumptions.map(({ code }) => code)).toContain("loss-maskformer");
    // 100 queries of one image, in the size of the labels, float32.
    const masks = 100 * crop * crop * 4;
    const inLoss = log.storage.filter(
      (s, i) => log.sign[i] === 1 && log.bytes[s] === masks && siteOf(log, i) === "loss",
    );
    expect(inLoss.length).toBeGreaterThan(0);
  });

  it("refuses another loss by naming its own", () => {
    const error = refusal(() => run(model, "{ types: [{ type: CrossEntropyLoss }], coef: [1] }"));
    expect(error.message).toContain("MaskFormer takes MaskFormerLoss");
  });
});

function siteOf(log: ReturnType<typeof run>["log"], event: number): string | undefined {
  return log.sites[log.site[event]!]?.phase;
}
