/** @file Sizes through transforms, and the presets of the public data sets. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { datasetClasses } from "../../src/config/dataset-classes.ts";
import { datasetPresetName, evaluationSize, parseDatasetPreset } from "../../src/config/image-size.ts";
import { loadConfig } from "../../src/config/load.ts";
import { sizeAfter } from "../../src/config/transforms.ts";
import type { ConfigMap } from "../../src/config/types.ts";
import { failure, filesOf, readText } from "./support.ts";

const presets = join(import.meta.dirname, "../../presets/datasets");
const preset = (name: string) => parseDatasetPreset(readText(join(presets, `${name}.yaml`)), `${name}.yaml`);

/** `WxH` of a size, or of none. */
function show(size: { width: number; height: number } | undefined): string {
  return size === undefined ? "varies" : `${size.width}x${size.height}`;
}

describe("sizeAfter", () => {
  // Sizes as numpy, cv2 and Python's round() give them for the transforms of PaddleSeg.
  const rows: readonly (readonly [ConfigMap, string | undefined, string])[] = [
    [{ type: "Resize" }, undefined, "512x512"],
    [{ type: "Resize", target_size: [398, 224] }, "1280x720", "398x224"],
    [{ type: "Resize", target_size: [2048, 512], keep_ratio: true }, undefined, "varies"],
    [{ type: "Resize", target_size: [2048, 512], keep_ratio: true }, "683x512", "683x512"],
    [{ type: "Resize", target_size: [2048, 512], keep_ratio: true, size_divisor: 32 }, "683x512", "704x512"],
    [{ type: "Resize", target_size: [1024, 512], keep_ratio: true, size_divisor: 32 }, "512x683", "512x704"],
    [{ type: "ResizeByLong", long_size: 100 }, "333x250", "100x75"],
    [{ type: "ResizeByLong", long_size: 5 }, "2x10", "1x5"],
    [{ type: "ResizeByLong", long_size: 5 }, "3x10", "2x5"],
    [{ type: "ResizeByShort", short_size: 512 }, "683x512", "683x512"],
    [{ type: "ResizeByShort", short_size: 512, max_size: 600 }, "1000x500", "600x300"],
    [{ type: "ResizeByShort", short_size: 512 }, undefined, "varies"],
    [{ type: "LimitLong", max_long: 1000 }, "2000x1000", "1000x500"],
    [{ type: "LimitLong", min_long: 1000 }, "200x500", "400x1000"],
    [{ type: "LimitLong", max_long: 1000 }, "800x500", "800x500"],
    [{ type: "ResizeRangeScaling" }, "800x500", "varies"],
    [{ type: "ResizeRangeScaling", min_value: 400, max_value: 400 }, "800x500", "400x250"],
    [{ type: "ResizeStepScaling" }, "800x500", "varies"],
    [{ type: "ResizeStepScaling", min_scale_factor: 0.5, max_scale_factor: 0.5 }, "801x501", "400x250"],
    [{ type: "Padding", target_size: [2049, 1025] }, "2048x1024", "2049x1025"],
    [{ type: "PaddingByAspectRatio", aspect_ratio: 2 }, "300x200", "400x200"],
    [{ type: "PaddingByAspectRatio" }, "300x200", "300x300"],
    [{ type: "PaddingByAspectRatio" }, "200x200", "200x200"],
    [{ type: "RandomPaddingCrop" }, "3000x2000", "512x512"],
    [{ type: "RandomPaddingCrop", crop_size: [960, 720] }, undefined, "960x720"],
    [{ type: "RandomCenterCrop" }, "200x200", "varies"],
    [{ type: "RandomCenterCrop", retain_ratio: [1, 1] }, "200x100", "200x100"],
    [{ type: "ScalePadding", target_size: [224, 224] }, undefined, "224x224"],
    [{ type: "RandomAffine" }, undefined, "224x224"],
    [{ type: "RandomRotation" }, "200x100", "varies"],
    [{ type: "RandomRotation", max_rotation: 0 }, "200x100", "200x100"],
    [{ type: "RandomScaleAspect" }, "200x100", "200x100"],
    [{ type: "MyTransform" }, "200x100", "varies"],
  ];

  it.each(rows)("%j on %s gives %s", (transform, before, after) => {
    const [width, height] = (before ?? "").split("x").map(Number);
    const size = before === undefined ? undefined : { width: width ?? 0, height: height ?? 0 };
    expect(show(sizeAfter([transform], size))).toBe(after);
  });

  it("knows every transform that PaddleSeg has, and a crop after a random scale", () => {
    expect(
      show(
        sizeAfter(
          [{ type: "ResizeStepScaling" }, { type: "RandomPaddingCrop", crop_size: [64, 32] }, { type: "Normalize" }],
          undefined,
        ),
      ),
    ).toBe("64x32");
    expect(show(sizeAfter([{ type: "RandomPaddingCrop" }, { type: "ResizeStepScaling" }], undefined))).toBe("varies");
  });
});

/** A config whose validation set is as given. */
function configOf(valDataset: string) {
  const rest =
    "batch_size: 1\niters: 1\noptimizer: {type: SGD}\nlr_scheduler: {type: X}\nloss: {types: [{type: L}], coef: [1]}\n";
  const text = `${rest}model: {type: M, num_classes: 2}\ntrain_dataset: {type: Mine}\nval_dataset: ${valDataset}\n`;
  return loadConfig("x.yml", filesOf({ "x.yml": text }));
}

describe("evaluationSize", () => {
  it("is the data set's own size", () => {
    const size = evaluationSize(configOf("{type: Cityscapes, transforms: [{type: Normalize}]}"), preset("cityscapes"));
    expect(size).toMatchObject({
      network: { width: 2048, height: 1024 },
      original: { width: 2048, height: 1024 },
      varies: false,
    });
    expect(size?.source).toContain("cityscapes-dataset.com");
  });

  it("goes through the transforms, and keeps the original for reverse_transform", () => {
    const text =
      "{type: ADE20K, transforms: [{type: Resize, target_size: [2048, 512], keep_ratio: true, size_divisor: 32}]}";
    expect(evaluationSize(configOf(text), preset("ade20k"))).toMatchObject({
      network: { width: 704, height: 512 },
      original: { width: 683, height: 512 },
      varies: true,
    });
  });

  it("is fixed by the transforms where the data set is not known", () => {
    const size = evaluationSize(
      configOf("{type: Dataset, num_classes: 2, transforms: [{type: Resize, target_size: [256, 128]}]}"),
      undefined,
    );
    expect(size).toMatchObject({ network: { width: 256, height: 128 }, original: undefined, varies: false });
    expect(size?.source).toContain("x.yml:8");
  });

  it("runs the common list of the portrait sets", () => {
    const text =
      "{type: EG1800, common_transforms: [{type: ScalePadding, target_size: [224, 224]}], transforms1: null}";
    expect(evaluationSize(configOf(text), preset("eg1800"))).toMatchObject({
      network: { width: 224, height: 224 },
      original: { width: 600, height: 800 },
    });
  });

  it("is not known without a preset or a fixed size", () => {
    expect(
      evaluationSize(configOf("{type: Dataset, num_classes: 2, transforms: [{type: Normalize}]}"), undefined),
    ).toBeUndefined();
    expect(evaluationSize(configOf("{type: OpticDiscSeg, transforms: []}"), preset("opticdiscseg"))).toBeUndefined();
    expect(evaluationSize(configOf("{}"), undefined)).toBeUndefined();
  });
});

describe("presets/datasets", () => {
  const names = readdirSync(presets).map((name) => name.replace(/\.yaml$/, ""));

  it.each(names)("%s is well formed", (name) => {
    const found = preset(name);
    expect(found.source.length).toBeGreaterThan(20);
    expect(found.image !== undefined || found.varies).toBe(true);
    if (found.largest !== undefined) expect(found.varies).toBe(true);
  });

  it.each([...datasetClasses.keys()])("the class %s has one, with its number of classes", (type) => {
    const name = datasetPresetName({ type, args: {}, path: [] });
    expect(names).toContain(name);
    expect(preset(name ?? "").numClasses).toBe(datasetClasses.get(type)?.numClasses);
  });

  it("are found by the folder of a plain Dataset", () => {
    const of = (root: string) => datasetPresetName({ type: "Dataset", args: { dataset_root: root }, path: [] });
    expect([of("data/camvid"), of("data/optic_disc_seg/"), of("data/PP-HumanSeg14K")]).toEqual([
      "camvid",
      "opticdiscseg",
      "pphumanseg14k",
    ]);
    expect(datasetPresetName({ type: "Dataset", args: {}, path: [] })).toBeUndefined();
  });

  it.each([
    ["name: x\nsource: y\nimage: [1]\n", "value-wrong"],
    ["name: x\n", "value-wrong"],
    ["- x\n", "value-wrong"],
    ["name: x\nsource: y\nnum_classes: 0\n", "value-wrong"],
    ["name: x\nsource: y\nvaries: 3\n", "value-wrong"],
  ])("%j is refused", (text, code) => {
    expect(failure(() => parseDatasetPreset(text, "p.yaml"))[0]).toBe(code);
  });
});
