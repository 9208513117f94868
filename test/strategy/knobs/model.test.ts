/** @file The table of lighter networks: each replacement can be built, is lighter, and is what the edited file gives. */
import { describe, expect, test } from "vitest";
import { editConfig } from "../../../src/config/edit.ts";
import { loadConfig } from "../../../src/config/load.ts";
import type { ConfigMap, TrainConfig } from "../../../src/config/types.ts";
import { Engine, withEngine } from "../../../src/engine/engine.ts";
import { buildNetwork } from "../../../src/models/index.ts";
import { parameters } from "../../../src/nn/layer.ts";
import { numel } from "../../../src/ops/types.ts";
import { argsOf } from "../../../src/step/simulate.ts";
import { modelEdits, replacements, withModel } from "../../../src/strategy/knobs/model.ts";
import { lighterOptimizer, optimizer, withOptimizer } from "../../../src/strategy/knobs/optimizer.ts";

const names: Readonly<Record<string, ConfigMap>> = {
  STDC2: { type: "PPLiteSeg", backbone: { type: "STDC2", pretrained: null } },
  ResNet101_vd: { type: "DeepLabV3P", backbone: { type: "ResNet101_vd", output_stride: 8 }, backbone_indices: [0, 3] },
  HRNet_W48: { type: "OCRNet", backbone: { type: "HRNet_W48" }, backbone_indices: [0] },
  ...Object.fromEntries(
    [1, 2, 3, 4, 5].map((n) => [
      `MixVisionTransformer_B${n}`,
      { type: "SegFormer", backbone: { type: `MixVisionTransformer_B${n}` }, embedding_dim: 256 },
    ]),
  ),
};

function textOf(model: ConfigMap, terms: number, kind = "SGD"): string {
  return JSON.stringify(
    {
      batch_size: 2,
      iters: 10,
      train_dataset: {
        type: "Dataset",
        num_classes: 5,
        transforms: [{ type: "RandomPaddingCrop", crop_size: [64, 64] }],
      },
      optimizer: { type: kind, weight_decay: 0.01 },
      lr_scheduler: { type: "PolynomialDecay", learning_rate: 0.01 },
      loss: { types: [{ type: "CrossEntropyLoss" }], coef: new Array(terms).fill(1) },
      model,
    },
    undefined,
    2,
  );
}

const load = (text: string): TrainConfig => loadConfig("test.yml", { readText: () => text });

function countOf(config: TrainConfig): number {
  return withEngine(new Engine(), () =>
    parameters(buildNetwork(argsOf(config.model))).reduce((sum, p) => sum + numel(p.shape), 0),
  );
}

describe("model", () => {
  test.each(Object.entries(names))("%s: each replacement is built and has fewer parameters", (_, network) => {
    const text = textOf(network, network.type === "PPLiteSeg" ? 3 : network.type === "OCRNet" ? 2 : 1);
    const config = load(text);
    const lighter = replacements(config);
    expect(lighter.length).toBeGreaterThan(0);
    let before = countOf(config);
    for (const id of lighter) {
      const replaced = withModel(config, id);
      const now = countOf(replaced);
      expect(now, id).toBeLessThan(before);
      before = now;
      const edited = load(editConfig({ file: "test.yml" }, text, modelEdits(config, id), { readText: () => text }));
      expect(countOf(edited), `${id} from the edited file`).toBe(now);
      expect(edited.losses.length).toBe(replaced.losses.length);
    }
  });

  test("a network without a lighter one has none", () => {
    expect(replacements(load(textOf({ type: "UNet" }, 1)))).toEqual([]);
  });
});

describe("optimizer", () => {
  test("SGD with momentum takes the place of AdamW, and decay stays", () => {
    const config = load(textOf({ type: "UNet" }, 1, "AdamW"));
    expect(lighterOptimizer(config)).toBe("SGD");
    expect(withOptimizer(config, "SGD").optimizer).toMatchObject({
      type: "SGD",
      args: { momentum: 0.9, weight_decay: 0.01 },
    });
    expect(optimizer.harm).toBe(6);
    expect(lighterOptimizer(load(textOf({ type: "UNet" }, 1)))).toBeUndefined();
  });
});
