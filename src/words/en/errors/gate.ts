/** @file Errors of the gate: budgets, baselines, git, in English. */
import type { ErrorTable } from "../../error-data.ts";
import type { GateErrors } from "../../errors/gate.ts";
import { didYouMean } from "../near.ts";

export const gateErrors: ErrorTable<GateErrors> = {
  "check-card-missing": {
    message: (d) => `No card is given to check ${d.config} against.`,
    hint: () =>
      "Add --gpu, such as --gpu rtx4070 or --gpu 12GiB, or gpu: to vram-plan.yaml (vram-plan init writes one).",
  },
  "check-nothing": {
    message: (d) =>
      `No training config was found in ${d.paths.join(", ")}${d.skipped === 0 ? "" : `; ${d.skipped} YAML files are none`}.`,
    hint: () => "Give configs, folders that hold some, or globs in quotes, such as 'configs/**/*.yml'.",
  },
  "check-name-not-known": {
    message: (d) => `--fail-on ${d.name}: that is neither a level nor a check.`,
    hint: (d) => didYouMean(d.near, `Give warn, error, or names of checks: ${d.known.join(", ")}.`),
  },
  "budget-invalid": {
    message: (d, say) => `The budget file ${d.file} is not valid: ${d.key}: ${say(d.reason)}.`,
    hint: () => "vram-plan schema prints what it may hold; vram-plan init writes a first one.",
  },
  "baseline-missing": {
    message: () => "--update-baseline needs the file that it is to write.",
    hint: () => "Give it as --baseline vram-baseline.json.",
  },
  "baseline-invalid": {
    message: (d, say) => `The baseline ${d.file} is not valid: ${say(d.reason)}.`,
    hint: () => "Write it with --update-baseline.",
  },
  "base-no-git": {
    message: (d, say) => `--base ${d.ref} needs git, and git says: ${say(d.reason)}.`,
    hint: () => "Run in a working tree of git, or leave --base out.",
  },
  "base-shallow": {
    message: (d) => `This clone is shallow: the commit that ${d.ref} and HEAD share is not in it.`,
    hint: () => "In GitHub Actions give actions/checkout `fetch-depth: 0`; elsewhere run git fetch --unshallow.",
  },
  "base-not-known": {
    message: (d) => `git knows no commit ${d.ref}.`,
    hint: (d) => didYouMean(d.near, "Fetch it first, such as git fetch origin main, and name it origin/main."),
  },
  "base-unrelated": {
    message: (d) => `${d.ref} and HEAD share no commit.`,
    hint: () => "Give the branch that the change is to be merged into.",
  },
};
