/** @file Errors of values in a config, and of --opts, in English. */
import type { ErrorTable } from "../../error-data.ts";
import type { ValuesErrors } from "../../errors/values.ts";
import { shortly } from "../../shortly.ts";
import { didYouMean } from "../near.ts";

export const valuesErrors: ErrorTable<ValuesErrors> = {
  "value-wrong": {
    message: (d, say) => `${d.key} has to be ${say(d.wanted)}, but is ${say(d.found)}.`,
    hint: (d, say) => `Set ${d.key} to ${say(d.wanted)}.`,
  },
  "value-text-number": {
    message: (d) =>
      `${d.key} is the text "${d.text}" to PaddleSeg, not a number: PyYAML reads an exponent only after a point, with a sign.`,
    hint: (d) => `Write ${d.write}.`,
  },
  "values-differ": {
    message: (d, say) => `${d.what} is not the same everywhere: ${d.found.map((one) => shortly(say(one))).join(", ")}.`,
    hint: (d, say) => `Give ${d.what} one value in ${say(d.where)}.`,
  },
  "loss-count": {
    message: (d) => `loss has ${d.types} types but ${d.coefficients} coef.`,
    hint: () => "Give one type for all, or as many types as coef.",
  },
  "dataset-not-known": {
    message: (d) => `PaddleSeg has no data set ${shortly(d.type)}, so the number of classes is not known.`,
    hint: (d) => didYouMean(d.near, "Use type: Dataset with num_classes, or set num_classes in model."),
  },
  "opts-form": {
    message: (d) => `--opts takes key=value with one equals sign, but got "${d.item}".`,
    hint: () => "Write for example --opts batch_size=2 model.backbone.output_stride=16.",
  },
  "opts-path": {
    message: (d) => `--opts ${d.key}: the config has no ${d.missing}.`,
    hint: (d) => didYouMean(d.near, "Name a key that the config has; only the last part of a path may be new."),
  },
  "opts-json-word": {
    message: (d) => `--opts ${d.item}: PaddleSeg reads ${d.word} as text, which counts as true.`,
    hint: (d) => `Write ${d.write}.`,
  },
  "edit-impossible": {
    message: (d, say) => `${d.key} cannot be changed in this file: ${say(d.reason)}.`,
    hint: (d) => `Change ${d.key} by hand.`,
  },
  "crop-not-known": {
    message: (d) => `No transform of train_dataset in ${d.config} fixes the size of the training images.`,
    hint: () => "Give the size, such as --crop-size 1024x512.",
  },
  "eval-size-not-known": {
    message: (d) => `The size of the validation images of ${d.dataset} is not known.`,
    hint: () => "Give the size, such as --eval-size 2048x1024.",
  },
};
