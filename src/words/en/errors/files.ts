/** @file Errors of files: configs, their bases, presets, saved reports, what is written, in English. */
import type { ErrorTable } from "../../error-data.ts";
import type { FilesErrors } from "../../errors/files.ts";
import { didYouMean } from "../near.ts";

export const filesErrors: ErrorTable<FilesErrors> = {
  "file-not-found": {
    message: (d) => `There is no file ${d.file}.`,
    hint: (d) => didYouMean(d.near, "Check the path; it is taken relative to the current folder."),
  },
  "file-not-readable": {
    message: (d, say) => `${d.file} cannot be read: ${say(d.reason)}.`,
    hint: () => "Give the path of a text file that you may read.",
  },
  "file-not-yaml-name": {
    message: (d) => `${d.file} does not end in .yml or .yaml; PaddleSeg refuses such a config.`,
    hint: () => "Give a training config, such as configs/quick_start/pp_liteseg_optic_disc_512x512_1k.yml.",
  },
  "yaml-invalid": {
    message: (d, say) => `This is not YAML: ${say(d.reason)}.`,
    hint: () => "Correct the line shown; indentation is by spaces, and a key is followed by a colon and a space.",
  },
  "yaml-too-large": {
    message: (d, say) => `This YAML is ${say(d.what)}.`,
    hint: () => "No training config looks like that; check that the right file was given.",
  },
  "config-not-training": {
    message: (d, say) => `${d.file} is no training config: ${say(d.found)}.`,
    hint: () =>
      "A PaddleSeg training config is a YAML mapping with model, loss, optimizer, train_dataset, batch_size, iters.",
  },
  "config-key-missing": {
    message: (d) => `${d.inside} has no ${d.key}.`,
    hint: (d) => `Add ${d.key}, or name a _base_ that has it.`,
  },
  "base-not-found": {
    message: (d) => `The _base_ file ${d.base} does not exist.`,
    hint: (d) => didYouMean(d.near, "_base_ is taken relative to the folder of the file that names it."),
  },
  "base-loop": {
    message: (d) => `These files are each other's _base_: ${d.chain.join(" -> ")}.`,
    hint: () => "Take one _base_ line out of the loop.",
  },
  "base-wrong": {
    message: (d, say) => `_base_ has to be a path or a list of paths, but is ${say(d.found)}.`,
    hint: () => "Write _base_: '../_base_/cityscapes.yml', or a list of such paths.",
  },
  "merge-clash": {
    message: (d, say) =>
      `${d.key} is a mapping here, but ${say(d.found)} in the _base_ file; the two cannot be merged.`,
    hint: () => "Give it the same form as in the _base_ file.",
  },
  "preset-invalid": {
    message: (d, say) => `The preset ${d.file} is not valid: ${say(d.reason)}.`,
    hint: () => "Correct the file, or install vram-plan again.",
  },
  "report-invalid": {
    message: (d, say) => `${d.file} is no saved report: ${say(d.reason)}.`,
    hint: () => "Save one with vram-plan estimate CONFIG --json > report.json.",
  },
  "out-is-input": {
    message: (d) => `--out ${d.out} is a file that the config is made of; vram-plan never changes those.`,
    hint: () => "Give another name, beside the config.",
  },
  "out-exists": {
    message: (d) => `${d.out} exists, and vram-plan did not write it.`,
    hint: () => "Give another name, or remove the file.",
  },
  "out-differs": {
    message: (d) => `${d.out} exists, and is another than the one that this vram-plan has.`,
    hint: () => "Remove it to have it written anew, or give --out another folder.",
  },
  "out-impossible": {
    message: (d, say) => `${d.out} cannot be written: ${say(d.reason)}.`,
    hint: () => "Give a file name in a folder that exists and that you may write to.",
  },
};
