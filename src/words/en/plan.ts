/** @file A plan in English. */
import { count } from "./count.ts";

export const plan = {
  /** The order of harm in a line: what a plan of each class changes. */
  classes: "1 nothing else, 2 time, 3 numerics, 4 statistics, 5 data, 6 model",
  launcher: "(vram_train.py is in vram-plan's presets/launcher; --out FILE copies it beside FILE)",
  harms: {
    1: "nothing else changes",
    2: "time changes",
    3: "numerics change",
    4: "statistics change",
    5: "the data changes",
    6: "the model changes",
  },
  flag: (flag: string) => `train.py ${flag}`,
  leaveOut: (flag: string, then: string | undefined) =>
    `train.py leave out ${flag}${then === undefined ? "" : `; run ${then} afterwards`}`,
  environment: (variable: string) => `environment ${variable}`,
  launcherFlag: (flag: string) => `launcher ${flag}`,
  layers: (n: number) => count(n, "layer"),
  saves: (size: string) => `saves ${size}`,
  takes: (size: string) => `takes ${size}`,
  withHarm: (cost: string, harm: string) => `${cost} (${harm})`,
  costSeparator: "; ",
  /** Ways to reach a run; environment and launcher only where there are any. */
  counts: (edits: number, flags: number, variables: number, options: number) =>
    [
      count(edits, "edit"),
      count(flags, "flag"),
      ...(variables > 0 ? [count(variables, "variable")] : []),
      ...(options > 0 ? [count(options, "launcher option")] : []),
    ].join(", "),
  theCard: "the card",
  fits: (card: string, spare: string, share: string) => `fits ${card} with ${spare} spare (${share}).`,
  shortOf: (card: string, short: string) => `${short} short of ${card}.`,
  nothingWritten: "Nothing written.",
  nothingWrittenYet: "Nothing written; --out FILE writes the edited config.",
  written: (files: string) => `Written: ${files}.`,
  summary: (counts: string, now: string, then: string, fit: string, file: string) =>
    `${counts}. ${now} → ${then}, ${fit} ${file}`,
  title: "Plan: ",
  nothingToChange: "Plan: nothing to change.",
  fitsAsItIs: "Plan: nothing to change, fits as it is.",
  noPlan: (runs: number, candidates: number, short: string) =>
    `No plan: no change that vram-plan knows makes it fit; ${count(runs, "run")} simulated of ${count(candidates, "candidate")}. The nearest is ${short} short:`,
  runWith: "Run it with",
  timeExactly: (factor: string) => `${factor} times the time`,
  timeAbout: (factor: string, low: string, high: string) => `about ${factor} times the time (${low} to ${high})`,
  classLine: (harm: number, classes: string, time: string) =>
    `class ${harm} in the order of harm (${classes}); ${time}`,
  or: (harm: number, words: string) => `Or, class ${harm} (${words}): `,
  alternative: (title: string, changes: string, needs: string, spare: string, share: string, time: string) =>
    `${title}${changes}. ${needs}, ${spare} spare (${share}); ${time}.`,
};
