/** @file Size of validation images: the data set's own, from its preset, and what val_dataset.transforms make of it. */
import { basename } from "node:path";
import { UserError } from "../errors.ts";
import { type Phrase, phrase } from "../words/phrase.ts";
import { describe, get, locate, type Node, toValue } from "./node.ts";
import { readYaml } from "./read-yaml.ts";
import { isList, isMapping, readSize, sizeAfter, transformLists } from "./transforms.ts";
import type { Component, Size, TrainConfig } from "./types.ts";

/** What `presets/datasets/NAME.yaml` says of a public data set. */
export interface DatasetPreset {
  readonly name: string;
  readonly numClasses: number | undefined;
  /** Size of the validation images; of most of them where it varies; undefined where no size stands out. */
  readonly image: Size | undefined;
  /** The largest image, where sizes vary and a bound is known. */
  readonly largest: Size | undefined;
  readonly varies: boolean;
  readonly source: string;
}

/** Sizes in an evaluation. */
export interface EvaluationSize {
  /** What the network is given. */
  readonly network: Size;
  /** The image before its transforms, to which PaddleSeg's `reverse_transform` brings the logits back; undefined if not known. */
  readonly original: Size | undefined;
  /** The network's size differs from image to image; `network` is that of a usual one. */
  readonly varies: boolean;
  /** Where the sizes come from, for the list of assumptions. */
  readonly source: string;
}

/** A name without case and signs, so that the class OpticDiscSeg and the folder optic_disc_seg are one. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}

/** File name, without `.yaml`, of the preset that a data set would have: its class, or its folder for `type: Dataset`. */
export function datasetPresetName(dataset: Component | undefined): string | undefined {
  if (dataset === undefined) return undefined;
  if (dataset.type !== "Dataset") return plain(dataset.type);
  const root = dataset.args.dataset_root;
  return typeof root === "string" && basename(root) !== "" ? plain(basename(root)) : undefined;
}

/** Reads a preset. Throws UserError with the place where a value is wrong. */
export function parseDatasetPreset(text: string, file: string): DatasetPreset {
  const { root } = readYaml(file, text);
  const fail = (key: string, wanted: Phrase, node: Node | undefined): never => {
    throw new UserError(
      "value-wrong",
      { key, wanted, found: describe(node) },
      locate(root, [key], { file, line: 1, column: 1 }),
    );
  };
  const value = toValue(root);
  if (!isMapping(value)) return fail("preset", phrase("a-mapping", {}), root);
  const size = (key: string): Size | undefined => {
    const node = get(root, key);
    if (node === undefined) return undefined;
    return readSize(value[key]) ?? fail(key, phrase("pair-of-sizes", {}), node);
  };
  const text_ = (key: string): string => {
    const found = value[key];
    return typeof found === "string" && found !== "" ? found : fail(key, phrase("a-text", {}), get(root, key));
  };
  const classes = value.num_classes;
  if (classes !== undefined && !(typeof classes === "number" && Number.isInteger(classes) && classes > 0)) {
    fail("num_classes", phrase("whole-number", { least: 1 }), get(root, "num_classes"));
  }
  const varies = value.varies ?? false;
  return {
    name: text_("name"),
    numClasses: typeof classes === "number" ? classes : undefined,
    image: size("image"),
    largest: size("largest"),
    varies: typeof varies === "boolean" ? varies : fail("varies", phrase("a-truth-value", {}), get(root, "varies")),
    source: text_("source"),
  };
}

/** The size after all lists of transforms. */
function afterTransforms(dataset: Component, before: Size | undefined): Size | undefined {
  return transformLists(dataset).reduce<Size | undefined>(
    (size, list) => (isList(list) ? sizeAfter(list, size) : size),
    before,
  );
}

/**
 * Sizes in an evaluation of `config`, with the preset of its validation set where there is one. Undefined where neither the
 * transforms nor the preset fix a size: the caller then asks for `--eval-size`.
 */
export function evaluationSize(config: TrainConfig, preset: DatasetPreset | undefined): EvaluationSize | undefined {
  const dataset = config.valDataset;
  if (dataset === undefined) return undefined;
  const fixed = afterTransforms(dataset, undefined);
  const original = preset?.image;
  const network = fixed ?? (original && afterTransforms(dataset, original));
  if (network === undefined) return undefined;
  const place = config.locate([...dataset.path, "transforms"]);
  const where = place === undefined ? "val_dataset.transforms" : `val_dataset.transforms (${place.file}:${place.line})`;
  const source = preset?.image === undefined ? where : `${preset.name}: ${preset.source}`;
  return { network, original, varies: fixed === undefined && (preset?.varies ?? false), source };
}
