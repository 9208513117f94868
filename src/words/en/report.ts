/** @file The report of one run, in English. Sizes come in as text. */
import { count } from "./count.ts";

export const report = {
  verdicts: { fits: "fits", tight: "tight", "does-not-fit": "does not fit" },
  parts: { training: "training", evaluation: "evaluation" },
  kinds: {
    parameter: "parameter",
    buffer: "buffer",
    gradient: "gradient",
    "optimizer-state": "optimizer state",
    activation: "activation",
    temporary: "temporary",
    workspace: "workspace",
    input: "input",
  },
  /** Phases and stages. */
  moments: {
    build: "build",
    data: "data",
    forward: "forward",
    loss: "loss",
    backward: "backward",
    optimizer: "optimizer",
    metrics: "metrics",
    save: "save",
    other: "other",
  },
  on: (config: string, card: string) => `${config} on ${card}`,
  span: (low: string, high: string) => `${low} to ${high}`,
  // The run.
  cards: (n: number) => `${n} cards`,
  batch: (n: number) => `batch ${n}`,
  batchOfCard: (n: number) => `batch ${n} a card`,
  crop: (size: string) => `crop ${size}`,
  accumulation: (n: number) => `accumulation ${n}`,
  recomputeOf: (n: number) => `recompute of ${count(n, "layer")}`,
  lean: "lean training",
  workspaceLimit: (size: string) => `workspace limit ${size}`,
  runSeparator: ", ",
  trainingLoop: "(training loop)",
  start: "start",
  peakAt: (moment: string, op: string) => `in ${moment}, at ${op}`,
  peakOf: (moment: string, op: string, layer: string) => `in ${moment}, at ${op} of ${layer}`,
  // The verdict.
  range: (span: string, expected: string) => `range ${span}, expected ${expected}`,
  needs: (size: string) => `needs ${size} of GPU memory`,
  parenthesis: (text: string) => `(${text})`,
  spare: (size: string, share: string) => `${size} spare (${share})`,
  short: (size: string, share: string) => `${size} short (${share})`,
  ofUsable: (size: string, usable: string) => `${size} of ${usable} usable`,
  cardTotal: (total: string, usable: string) => `; card ${total}, usable ${usable}`,
  tightBecause: "; as expected it fits, but not if cuDNN takes its largest workspaces and CUDA its largest context",
  // Where it ends.
  whileBuilt: "while the model is built",
  inIteration: (n: number) => `in iteration ${n}`,
  atImage: (n: number) => `at evaluation image ${n}`,
  ends: (moment: string, place: string, thing: string) => `it ends ${moment}, ${place}${thing}:`,
  endsAtHighEnd: (moment: string, place: string, thing: string) =>
    `at the high end it ends ${moment}, ${place}${thing}:`,
  things: { tensor: "", workspace: ", cuDNN's workspace", library: ", scratch past Paddle's allocator" },
  // Levels.
  levelColumns: ["peak", "allocated", "reserved", "process", "process, range"],
  trainingPeak: (place: string) => `training peak ${place}`,
  evaluationPeak: (place: string) => `evaluation peak ${place}`,
  ncclTakes: (span: string) => `of the process, NCCL takes ${span} on each card`,
  // What is alive.
  aliveAtPeak: "alive at training peak",
  other: "other",
  madeBy: "made by      ",
  makers: (network: string, losses: string, rest: string) =>
    `network ${network}, losses ${losses}, the rest ${rest} GiB`,
  peakByPhase: "peak by phase",
  phase: (name: string, size: string) => `${name} ${size}`,
  phaseSeparator: ", ",
  holderColumns: ["largest", "", "made by", "in", "phase"],
  times: (n: number) => `${n} x`,
  // Layers.
  layerColumns: ["layer", "alive at peak", "parameters", "peak inside"],
  depth: (depth: number, deepest: number) => `(depth ${depth} of ${deepest}; --depth ${deepest} shows all)`,
  parameters: (short: string, count: number) => `${short} parameters (${count})`,
  assumed: "assumed",
};
