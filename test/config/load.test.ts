/** @file Loading as PaddleSeg loads: the _base_ chain, flags, filled-in values, places, and every kind of bad input. */
import { describe, expect, it } from "vitest";
import { type LoadOptions, loadConfig } from "../../src/config/load.ts";
import { failure, filesOf, userError } from "./support.ts";

const base = `batch_size: 4
iters: 1000

train_dataset:
  type: Dataset
  num_classes: 3
  transforms:
    - type: ResizeStepScaling
    - type: RandomPaddingCrop
      crop_size: [1024, 512]
    - type: Normalize

val_dataset:
  type: Dataset
  num_classes: 3
  transforms:
    - type: Normalize

optimizer:
  type: SGD
  momentum: 0.9

lr_scheduler:
  type: PolynomialDecay
  learning_rate: 0.01

loss:
  types:
    - type: OhemCrossEntropyLoss
      min_kept: 100
  coef: [1, 1, 0.4]

model:
  type: PPLiteSeg
  backbone:
    type: STDC1
`;

function load(texts: Readonly<Record<string, string>>, options: Partial<LoadOptions> = {}, file = "c/x.yml") {
  return loadConfig(file, { ...filesOf(texts), ...options });
}

function leaf(text: string, options: Partial<LoadOptions> = {}) {
  return load({ "c/x.yml": `_base_: base.yml\n${text}`, "c/base.yml": base }, options);
}

describe("a plain config", () => {
  const config = load({ "c/x.yml": base });

  it("has what the planner needs", () => {
    expect(config).toMatchObject({
      batchSize: 4,
      iters: 1000,
      numClasses: 3,
      ignoreIndex: 255,
      cropSize: { width: 1024, height: 512 },
    });
    expect(config.model).toMatchObject({
      type: "PPLiteSeg",
      path: ["model"],
      args: { backbone: { type: "STDC1" } },
    });
    expect(config.learningRate).toMatchObject({ type: "PolynomialDecay", args: { learning_rate: 0.01 } });
    expect(config.valDataset?.type).toBe("Dataset");
    expect(config.testConfig).toEqual({});
  });

  it("builds SGD with momentum as Momentum, and keeps what was written", () => {
    expect(config.optimizer.type).toBe("Momentum");
    expect(config.resolved.optimizer).toEqual({ type: "SGD", momentum: 0.9 });
    expect(load({ "c/x.yml": base.replace("  momentum: 0.9\n", "") }).optimizer.type).toBe("SGD");
    expect(load({ "c/x.yml": base.replace("type: SGD", "type: adam") }).optimizer.type).toBe("Adam");
  });

  it("repeats one loss type for every coef", () => {
    expect(config.losses.map((term) => term.coefficient)).toEqual([1, 1, 0.4]);
    expect(config.losses.map((term) => term.component.path.at(-1))).toEqual(["0", "1", "2"]);
    expect(config.losses[2]?.component).toMatchObject({ type: "OhemCrossEntropyLoss", args: { min_kept: 100 } });
  });

  it("knows where values stand", () => {
    expect(config.locate(["batch_size"])).toEqual({ file: "c/x.yml", line: 1, column: 13 });
    expect(config.locate(["train_dataset", "transforms", "1", "crop_size"])).toEqual({
      file: "c/x.yml",
      line: 10,
      column: 7,
    });
    expect(config.locate(["train_dataset", "transforms", "1", "crop_size", "0"])).toEqual({
      file: "c/x.yml",
      line: 10,
      column: 19,
    });
    expect(config.locate(["loss", "types", "2", "min_kept"])).toEqual({ file: "c/x.yml", line: 30, column: 17 });
  });

  it("gives what was filled in the place of its parent", () => {
    expect(config.resolved.model).toMatchObject({ num_classes: 3 });
    expect(config.locate(["model", "num_classes"])).toEqual({ file: "c/x.yml", line: 33, column: 1 });
    expect(config.locate(["nothing"])).toEqual({ file: "c/x.yml", line: 1, column: 1 });
  });
});

describe("_base_", () => {
  it("is merged key by key, and places follow the file", () => {
    const config = leaf("model:\n  backbone:\n    type: STDC2\nbatch_size: 2\n");
    expect(config.batchSize).toBe(2);
    expect(config.resolved.model).toMatchObject({ type: "PPLiteSeg", backbone: { type: "STDC2" } });
    expect(config.locate(["model", "backbone", "type"])).toEqual({ file: "c/x.yml", line: 4, column: 11 });
    expect(config.locate(["model", "type"])?.file).toBe("c/base.yml");
    expect(config.resolved).not.toHaveProperty("_base_");
  });

  it("takes lists of files, of which earlier ones win less than the leaf and less than none", () => {
    const texts = {
      "c/x.yml": "_base_: ['a.yml', '../d/b.yml']\niters: 7\n",
      "c/a.yml": "batch_size: 8\niters: 1\n",
      "d/b.yml": base,
    };
    expect(load(texts)).toMatchObject({ batchSize: 8, iters: 7 });
  });

  it("nests, relative to the file that names it", () => {
    const texts = {
      "c/x.yml": "_base_: ../d/a.yml\n",
      "d/a.yml": "_base_: e/b.yml\nbatch_size: 9\n",
      "d/e/b.yml": base,
    };
    const config = load(texts);
    expect(config.batchSize).toBe(9);
    expect(config.locate(["iters"])?.file).toBe("d/e/b.yml");
  });

  it("is cut off by _inherited_: false", () => {
    const config = leaf("model:\n  _inherited_: False\n  type: Other\n");
    expect(config.resolved.model).toEqual({ type: "Other", num_classes: 3 });
  });

  it("is merged with a list given whole", () => {
    expect(leaf("train_dataset:\n  transforms:\n    - type: Resize\n").cropSize).toEqual({ width: 512, height: 512 });
  });

  it("lets later duplicate keys win", () => {
    expect(leaf("batch_size: 1\nbatch_size: 3\n").batchSize).toBe(3);
  });
});

describe("flags", () => {
  it("override, and stand in no file", () => {
    const config = leaf("", { overrides: { batchSize: 1, iters: 5, learningRate: 0.5 } });
    expect(config).toMatchObject({ batchSize: 1, iters: 5, learningRate: { args: { learning_rate: 0.5 } } });
    expect(config.locate(["batch_size"])).toBeUndefined();
    expect(config.locate(["lr_scheduler", "learning_rate"])).toBeUndefined();
    expect(config.locate(["lr_scheduler", "type"])?.line).toBe(24);
  });

  it("--opts reads Python literals, paths and list items", () => {
    const opts = [
      "batch_size=2",
      "model.backbone.output_stride=16",
      "test_config={'is_slide': True}",
      "model.name=abc",
      "loss.coef.2=0.1",
    ];
    const config = leaf("", {
      opts: [...opts, "train_dataset.transforms.1.crop_size=[64,32]", "model.scales=0.75,1.0"],
    });
    expect(config.batchSize).toBe(2);
    expect(config.resolved.model).toMatchObject({ backbone: { output_stride: 16 }, name: "abc", scales: [0.75, 1] });
    expect(config.testConfig).toEqual({ is_slide: true });
    expect(config.cropSize).toEqual({ width: 64, height: 32 });
    expect(config.losses[2]?.coefficient).toBe(0.1);
    expect(config.locate(["model", "backbone", "output_stride"])).toBeUndefined();
  });

  it.each([
    ["batch_size", "opts-form"],
    ["=2", "opts-form"],
    ["a=b=c", "opts-form"],
    ["modle.type=X", "opts-path"],
    ["batch_size.x=1", "opts-path"],
    ["loss.coef.7=1", "opts-path"],
    ["model.align_corners=false", "opts-json-word"],
    ["batch_size=0", "value-wrong"],
    ["batch_size=1.0", "value-wrong"],
    ["batch_size=two", "value-wrong"],
  ])("--opts %s is refused", (item, code) => {
    expect(failure(() => leaf("", { opts: [item] }))[0]).toBe(code);
  });

  it("an alias changes with its anchor, as in Python", () => {
    const text = base
      .replace("  transforms:\n    - type: ResizeStepScaling", "  transforms: &t\n    - type: ResizeStepScaling")
      .replace("  transforms:\n    - type: Normalize\n\nopt", "  transforms: *t\n\nopt");
    const config = load({ "c/x.yml": text }, { opts: ["train_dataset.transforms.1.crop_size=[64,32]"] });
    expect(config.valDataset?.args.transforms).toEqual(config.trainDataset.args.transforms);
  });
});

describe("what PaddleSeg fills in", () => {
  it("gives losses the data set's ignore_index, parts of a MixedLoss too", () => {
    const loss =
      "loss:\n  types:\n    - type: MixedLoss\n      losses:\n        - type: CrossEntropyLoss\n        - type: DiceLoss\n      coef: [0.8, 0.2]\n";
    const config = leaf(`train_dataset:\n  ignore_index: 7\n${loss}`);
    expect(config.ignoreIndex).toBe(7);
    expect(config.losses[0]?.component.args.losses).toMatchObject([{ ignore_index: 7 }, { ignore_index: 7 }]);
  });

  it("knows the numbers of PaddleSeg's own data sets", () => {
    const config = leaf(
      "train_dataset:\n  _inherited_: false\n  type: Cityscapes\nval_dataset:\n  _inherited_: false\n  type: Cityscapes\n",
    );
    expect(config.numClasses).toBe(19);
    expect(config.resolved.model).toMatchObject({ num_classes: 19, backbone: { in_channels: 3 } });
    expect(config.losses[0]?.component.args.ignore_index).toBe(255);
    expect(config.cropSize).toBeUndefined();
  });

  it("takes in_channels from img_channels", () => {
    expect(leaf("train_dataset:\n  img_channels: 1\n").resolved.model).toMatchObject({ backbone: { in_channels: 1 } });
  });

  it("takes a data set of the user's own if the model says its classes", () => {
    const own = "train_dataset:\n  type: Mine\nval_dataset:\n  type: Mine\n";
    expect(leaf(`${own}model:\n  num_classes: 5\n`).numClasses).toBe(5);
    expect(failure(() => leaf(own))).toEqual(["dataset-not-known", "c/x.yml:3:9"]);
    expect(userError(() => leaf(own.replaceAll("Mine", "Cityscape"))).hint).toContain("Cityscapes");
  });

  it.each([
    ["model:\n  num_classes: 4\n", "values-differ"],
    ["val_dataset:\n  num_classes: 4\n", "values-differ"],
    ["val_dataset:\n  type: Cityscapes\n", "values-differ"],
    ["train_dataset:\n  ignore_index: 1\nval_dataset:\n  ignore_index: 2\n", "values-differ"],
    ["loss:\n  types: [{type: A, ignore_index: 0}]\ntrain_dataset:\n  ignore_index: 1\n", "values-differ"],
    ["loss:\n  types: [{type: A}, {type: B}]\n", "loss-count"],
    ["loss:\n  _inherited_: false\n  types: [{type: A}]\n", "config-key-missing"],
    ["train_dataset:\n  _inherited_: false\n  type: Dataset\n", "config-key-missing"],
    ["loss:\n  coef: [1, x, 1]\n", "value-wrong"],
  ])("%j is refused", (text, code) => {
    expect(failure(() => leaf(text))[0]).toBe(code);
  });
});

describe("bad input", () => {
  const one = (text: string, file = "x.yml") => failure(() => load({ [file]: text }, {}, file));

  it("no such file, with the nearest names", () => {
    const error = userError(() => load({ "c/pp_liteseg.yml": base }, {}, "c/pp_litseg.yml"));
    expect([error.code, error.message]).toEqual(["file-not-found", "There is no file c/pp_litseg.yml."]);
    expect(error.hint).toBe('Did you mean "c/pp_liteseg.yml"?');
  });

  it("a missing _base_, at its line", () => {
    const error = userError(() => load({ "c/x.yml": "batch_size: 1\n_base_: bse.yml\n", "c/base.yml": base }));
    expect(error.location).toEqual({ file: "c/x.yml", line: 2, column: 9 });
    expect([error.code, error.message, error.hint]).toEqual([
      "base-not-found",
      "The _base_ file c/bse.yml does not exist.",
      'Did you mean "c/base.yml"?',
    ]);
  });

  it("a _base_ loop, at the line that closes it", () => {
    const texts = { "c/x.yml": "_base_: a.yml\n", "c/a.yml": "\n_base_: ./b.yml\n", "c/b.yml": "_base_: ../c/a.yml\n" };
    const error = userError(() => load(texts));
    expect(error.location).toEqual({ file: "c/b.yml", line: 1, column: 9 });
    expect(error.message).toBe("These files are each other's _base_: c/a.yml -> c/b.yml -> c/a.yml.");
    expect(failure(() => load({ "c/x.yml": "_base_: x.yml\n" }))[0]).toBe("base-loop");
  });

  it("bases that double at every step", () => {
    const texts = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [
        i === 0 ? "c/x.yml" : `c/${i}.yml`,
        `_base_: [${i + 1}.yml, ${i + 1}.yml]\n`,
      ]),
    );
    expect(failure(() => load({ ...texts, "c/40.yml": base }))[0]).toBe("yaml-too-large");
  });

  it.each([
    ["not YAML", "model: [1,\n", "yaml-invalid"],
    ["not YAML, a colon too many", "a: b: c\n", "yaml-invalid"],
    ["prose", "# Title\n\nSome words, no config.\n", "config-not-training"],
    ["a list", "- 1\n", "config-not-training"],
    ["nothing", "", "config-not-training"],
    ["another YAML", "name: ci\non: push\njobs: {}\n", "config-not-training"],
    ["no loss", base.replace(/loss:[\s\S]*?\n\n/, ""), "config-key-missing"],
    ["a model that is no mapping", base.replace(/model:[\s\S]*$/, "model: PPLiteSeg\n"), "value-wrong"],
    ["a model without type", base.replace("  type: PPLiteSeg\n", ""), "config-key-missing"],
    ["a backbone that is no mapping", base.replace(/ {2}backbone:[\s\S]*$/, "  backbone: STDC1\n"), "value-wrong"],
    ["_base_: 1", "_base_: 1\n", "base-wrong"],
    ["_base_: {}", "_base_: {}\n", "base-wrong"],
  ])("%s", (_name, text, code) => {
    expect(one(text)[0]).toBe(code);
  });

  it("a name that PaddleSeg refuses, a folder, a file without permission", () => {
    expect(one("x", "notes.txt")[0]).toBe("file-not-yaml-name");
    const failing = (code: string) => ({
      readText: (): string => {
        throw Object.assign(new Error(code), { code });
      },
    });
    expect(failure(() => loadConfig("x.yml", failing("EISDIR")))[0]).toBe("file-not-readable");
    expect(failure(() => loadConfig("x.yml", failing("EACCES")))[0]).toBe("file-not-readable");
    expect(() => loadConfig("x.yml", failing("EIO"))).toThrow("EIO");
  });

  it("a mapping over something else", () => {
    expect(failure(() => leaf("batch_size:\n  a: 1\n"))).toEqual(["merge-clash", "c/x.yml:2:1"]);
    expect(failure(() => leaf("loss:\n  coef:\n    a: 1\n"))).toEqual(["merge-clash", "c/x.yml:3:3"]);
  });

  it.each([
    ["batch_size: 0", "batch_size has to be a whole number from 1 on, but is 0."],
    ["batch_size: -2", "batch_size has to be a whole number from 1 on, but is -2."],
    ["batch_size: 2.0", "batch_size has to be a whole number from 1 on, but is the float 2.0."],
    ["batch_size: yes", "batch_size has to be a whole number from 1 on, but is true."],
    ["batch_size: '4'", 'batch_size has to be a whole number from 1 on, but is the text "4".'],
    ["batch_size:", "batch_size has to be a whole number from 1 on, but is empty (null)."],
    ["batch_size: [4]", "batch_size has to be a whole number from 1 on, but is [4]."],
    ["iters: -1", "iters has to be a whole number from 0 on, but is -1."],
  ])("%s", (line, message) => {
    const error = userError(() => leaf(`${line}\n`));
    expect([error.code, error.message]).toEqual(["value-wrong", message]);
    expect(error.location).toMatchObject({ file: "c/x.yml", line: 2 });
  });

  it("batch_size: 1e3, which is text to PyYAML", () => {
    const error = userError(() => leaf("batch_size: 1e3\n"));
    expect(error.code).toBe("value-text-number");
    expect(error.message).toContain('batch_size is the text "1e3" to PaddleSeg');
    expect(error.hint).toBe("Write batch_size: 1000.");
    expect(userError(() => leaf("loss:\n  coef: [1, 1e-1, 1]\n")).hint).toBe("Write loss.coef.1: 1.0e-1.");
  });

  it.each([
    "[512]",
    "512",
    "[512, 0]",
    "[512, -1]",
    "[512.0, 512]",
    "['512', 512]",
    "[a, b]",
    "{}",
    "[1, 2, 3]",
    "null",
  ])("crop_size: %s", (crop) => {
    const text = base.replace("[1024, 512]", crop);
    const error = userError(() => load({ "c/x.yml": text }));
    expect(error.code).toBe("value-wrong");
    expect(error.message).toMatch(
      /^train_dataset\.transforms\.1\.crop_size has to be a pair of positive whole numbers/,
    );
    expect(error.location).toMatchObject({ file: "c/x.yml", line: 10 });
  });
});
