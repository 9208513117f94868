/** @file What calibrate finds in a log, in English. */
import { count } from "./count.ts";

export const calibrate = {
  differences: {
    none: () => "exact: no workspace at the peak",
    workspaces: (bytes: string) => `${bytes} above the exact low end: cuDNN workspaces`,
    holes: (bytes: string) => `${bytes} in holes that workspaces leave between the allocator's blocks`,
    "not-modelled": (bytes: string) => `${bytes} above the high end: not modelled`,
    "worst-case": (bytes: string) => `${bytes} below the low end, which takes the worst case of what depends on values`,
    "other-run": (bytes: string) => `${bytes} below the exact low end: the log is of a smaller run`,
  },
  missing: {
    growing: "no receipt is stored: what a growing run takes is no measure of its config",
    "out-of-memory": "no receipt is stored: the run ended before its peak",
    "several-cards": "no receipt is stored: exchanging gradients between cards takes memory that is not told apart",
    "worst-case": "no receipt is stored: what the run took depends on values, so its workspaces cannot be told apart",
    "other-run": "no receipt is stored: the run measured is not the one described",
    "no-measure": "no receipt is stored: the log has no line of a part that is predicted",
    "versions-missing":
      "no receipt is stored: the log does not say which Paddle and cuDNN it is of (its header is missing)",
    "size-only": "no receipt is stored: a receipt is of a card, and --gpu gives a size",
  },
  columns: ["peak, MiB", "measured", "predicted", "error", "with receipts", "error"],
  levels: { allocated: "allocated", reserved: "reserved" },
  row: (part: string, level: string) => `${part}, ${level}`,
  place: (row: string, difference: string) => `- ${row}: ${difference}`,
  legend: "error: what was expected against what was measured",
  iterations: (from: number, to: number | undefined) => ` from iteration ${from} to ${to}`,
  rate: (bytes: string) => `, ${bytes} an iteration`,
  leak: (when: string, from: string, to: string, rate: string, rises: number, lines: number) =>
    `a leak: allocated grows${when}, ${from} to ${to}${rate} (${rises} rises in ${lines} lines). A training of one size stays where it is; something keeps tensors of earlier iterations, such as a loss that is summed up without float().`,
  whileBuilt: "while the model is built",
  inIteration: (index: number) => `in iteration ${index}`,
  inImage: (index: number) => `in evaluation image ${index}`,
  byRule: ", cuDNN's workspace by rule",
  times: (n: number) => `, ${count(n, "time")} in all`,
  match: (moment: string, place: string, kind: string, bytes: string, times: string) =>
    `- ${moment}, ${place}${kind} (${bytes}${times})`,
  failed: (line: number, log: string, isInEvaluation: boolean, asked: string) =>
    `out of memory at line ${line} of ${log}, ${isInEvaluation ? "in evaluation" : "in training"}: ${asked} was refused`,
  and: " and ",
  noMatch: (nearest: string) =>
    `no request of this run has that size (next to it: ${nearest}): the log is of another run`,
  matchesReplayed:
    "requests of exactly that size; at the first, our run ends on a card with the bytes that the message names:",
  matches: "requests of exactly that size:",
  more: (n: number) => `${count(n, "other place")}; --json has all`,
  title: (log: string, config: string) => `${log}: ${config}`,
  ownConfig: "the config that it holds",
  separator: ", ",
  runOn: (run: string, place: string) => `${run}; ${place}`,
  stored: (file: string) => `receipt stored in ${file}: commit it`,
};
