/** @file Answers of curve, explain, gpus, max and list, in English. */
import { count } from "./count.ts";

export const answers = {
  // curve
  none: "none",
  layers: (n: number) => count(n, "layer"),
  curveColumns: ["time", "process", "recompute"],
  noSetFits: "No set of layers makes it fit.",
  fitsWithout: "It fits without recompute.",
  firstThatFits: (flag: string) => `The first that fits: ${flag}`,
  curveBasis: (sets: number, runs: number, card: string, limit: string) =>
    `${count(sets, "set")} of layers, ${count(runs, "run")} simulated; │ is what ${card} has to give (${limit}). time: of a step relative to none recomputed, the middle of its range (--json has both ends).`,
  // explain
  others: (n: number) => `${n} others`,
  all: "all",
  explainColumns: ["op", "phase", "tensors", "made", "saved", "at peak", "in"],
  explainTitle: (layer: string, config: string) => `${layer} in ${config}`,
  parenthesis: (text: string) => ` (${text})`,
  totals: (atPeak: string, whole: string, share: string, saved: string) =>
    `${atPeak} of the ${whole} at the peak (${share}), ${saved} saved for backward`,
  withParameters: (short: string, size: string) => `; ${short} parameters, ${size}`,
  explainKey:
    "made: by one forward; saved: still alive when backward begins; at peak: alive when allocated bytes are highest",
  // gpus
  smallestAsItIs: (card: string) => `Smallest card as it is: ${card}`,
  smallestWithPlan: (card: string) => `Smallest card with a plan of class 1 or 2 (only time changes): ${card}`,
  noCardWithPlan: "Smallest card with a plan of class 1 or 2: no card that vram-plan knows",
  noCard: "no card that vram-plan knows",
  cardWithSpare: (name: string, id: string, spare: string) => `${name} (--gpu ${id}), ${spare} spare`,
  withChanges: (card: string, changes: string, factor: string) => `${card}; ${changes}, about ${factor} times the time`,
  withoutChanges: (card: string) => `${card}; nothing to change`,
  asItIs: "as it is",
  withPlan: "with a plan",
  gpuColumns: ["--gpu", "card", "usable", "fits"],
  simulated: (n: number) => `${count(n, "run")} simulated`,
  // max
  noBatch: "not even batch 1 fits",
  largestBatch: (n: number) => `largest batch ${n}`,
  noCrop: "no crop fits",
  largestCrop: (size: string) => `largest crop ${size}`,
  atCrop: (size: string) => `at crop ${size}`,
  atBatch: (n: number) => `at batch ${n}`,
  maxColumn: "largest batch",
  maxBasis: (runs: number) =>
    `${count(runs, "run")} simulated: each batch and crop named fits, and the next larger one was run and does not.`,
  // list
  cardColumns: ["--gpu", "card", "architecture", "total", "usable"],
};
