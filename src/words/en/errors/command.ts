/** @file Errors of the command line: commands, cards, lists, formats, in English. */
import type { ErrorTable } from "../../error-data.ts";
import type { CommandErrors } from "../../errors/command.ts";
import { didYouMean } from "../near.ts";

export const commandErrors: ErrorTable<CommandErrors> = {
  "gpu-not-known": {
    message: (d) => `No card is called "${d.name}".`,
    hint: (d) => didYouMean(d.near, "See vram-plan list gpus, or give the memory itself, such as --gpu 12GiB."),
  },
  "gpu-auto-failed": {
    message: (d, say) => `--gpu auto found no card: ${say(d.reason)}.`,
    hint: () =>
      "Name the card, such as --gpu rtx4070, or its memory, such as --gpu 12GiB; --gpu-free says what of it is free.",
  },
  "runtime-not-known": {
    message: (d) => `No runtime is called "${d.name}".`,
    hint: (d) => `These are known: ${d.known.join(", ")}.`,
  },
  "command-not-known": {
    message: (d) => `"${d.name}" is neither a command nor a config.`,
    hint: (d) => didYouMean(d.near, "See vram-plan --help."),
  },
  "language-not-known": {
    message: (d) => `There is no language ${d.name}.`,
    hint: (d) => didYouMean(d.near, `There are ${d.known.join(", ")}.`),
  },
  "gpu-missing": {
    message: () => "A plan is made for a card, and none is given.",
    hint: (d) => `Add --gpu, such as --gpu rtx4070 or --gpu 12GiB; vram-plan estimate ${d.config} needs no card.`,
  },
  "list-not-known": {
    message: (d) => `There is no list of ${d.name}.`,
    hint: (d) => didYouMean(d.near, `There are lists of ${d.known.join(", ")}.`),
  },
  "format-not-known": {
    message: (d) => `There is no format ${d.name}.`,
    hint: (d) => didYouMean(d.near, `There are ${d.known.join(", ")}; each may be given a file: json=report.json.`),
  },
  "schema-not-known": {
    message: (d) => `There is no schema ${d.name}.`,
    hint: (d) => didYouMean(d.near, `There are ${d.known.join(", ")}.`),
  },
};
