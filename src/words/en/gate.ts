/** @file The gate's results and differences between configs, in English. */
import { count } from "./count.ts";

export const gate = {
  marks: { fits: "ok", tight: "tight", "does-not-fit": "FAIL" },
  fail: "FAIL",
  known: "known",
  over: "over",
  new: "new",
  spare: (size: string) => `${size} spare`,
  short: (size: string) => `${size} short`,
  share: (text: string, percent: string) => `${text} (${percent})`,
  error: "error  ",
  warning: "warn   ",
  /** A finding in one line. */
  finding: (place: string, whose: string, message: string, card: string | undefined, hint: string) =>
    `${place}: ${whose}${message}${card === undefined ? "" : ` on ${card}`}. ${hint}`,
  sentence: (config: string, card: string | undefined, message: string, hint: string) =>
    `${config}${card === undefined ? "" : ` on ${card}`} ${message}. ${hint}`,
  failure: (place: string, message: string) => `${place}: ${message}`,
  theCard: "the card",
  cards: (n: number) => `${n} cards`,
  doNotFit: (over: number, configs: number, card: string) =>
    `${over} of ${count(configs, "config")} ${over === 1 ? "does" : "do"} not fit ${card}`,
  failOn: (failed: number, configs: number, card: string) =>
    `${failed} of ${count(configs, "changed config")} ${failed === 1 ? "fails" : "fail"} on ${card}`,
  failing: (n: number) => `${n} fail`,
  tight: (n: number) => `${n} tight`,
  notEstimated: (n: number) => `${n} not estimated`,
  warnings: (n: number) => count(n, "warning"),
  knownFrom: (n: number, ref: string) => `${count(n, "finding")} known from ${ref}`,
  theBase: "the base",
  hidden: (n: number) => `${n} hidden by the baseline`,
  unchanged: (n: number) => `${n} unchanged`,
  skipped: (n: number) => `${count(n, "YAML file")} skipped (no training config)`,
  separator: ", ",
  // GitHub
  notEstimatedTitle: "not estimated",
  more: (n: number) => `… and ${n} more`,
  annotationsLeft: (n: number, most: number) => `${n} more annotations are left out: a step may have ${most}`,
  // Markdown
  fails: "**fails**",
  warns: "warning",
  at: (place: string) => ` at ${place}`,
  on: (card: string) => ` on ${card}`,
  listed: (mark: string, config: string, card: string, place: string, title: string, words: string) =>
    `- ${mark}: ${config}${card}${place}: ${title}. It ${words}`,
  changeIn: (change: string, configs: string) => `- ${change} in ${configs}`,
  configs: (n: number) => count(n, "config"),
  findings: (n: number) => count(n, "finding"),
  changedSettings: (n: number) => count(n, "changed setting"),
  noChange: (configs: number, known: number) =>
    `**vram-plan:** no change in GPU memory (${count(configs, "config")}${known > 0 ? `; ${count(known, "finding")} known` : ""}).`,
  verdicts: { failed: "fails", passed: "passes", notRun: "could not run" },
  heading: (verdict: string) => `### vram-plan: ${verdict}`,
  stop: ".",
  columns: ["config", "card", "needs", "headroom"],
  columnsWithBase: ["config", "card", "needs", "change", "headroom"],
  notEstimatedItem: (config: string, message: string) => `- **not estimated**: ${config}: ${message}`,
  // diff
  settings: "settings",
  peaks: "peaks",
  kinds: "alive at the training peak",
  layers: "saved for backward, by layer",
  levels: {
    "training, allocated": "training, allocated",
    "training, reserved": "training, reserved",
    "evaluation, allocated": "evaluation, allocated",
    "evaluation, reserved": "evaluation, reserved",
    "process, expected": "process, expected",
    "process, high end": "process, high end",
    parameters: "parameters",
  },
  moreLayers: (n: number) => `and ${count(n, "layer")} more; --json has them all`,
  side: (name: string, run: string) => `${name} (${run})`,
  asBefore: (settings: number, layers: number, size: string) =>
    `Diff: ${count(settings, "setting")}, ${count(layers, "layer")} changed. ${size} as before.`,
  difference: (settings: number, layers: number, from: string, to: string, by: string, share: string) =>
    `Diff: ${count(settings, "setting")}, ${count(layers, "layer")} changed. ${from} → ${to}, ${by} (${share}).`,
};
