/** @file The words of the pictures in one typed table for each language: a missing one does not compile. */
import type { StorageKind } from "../../engine/events.ts";
import { report } from "../../words/en/report.ts";
import type { Language } from "../../words/language.ts";
import type { PartName, Verdict } from "../report.ts";
import type { TimelineSpan } from "../timeline.ts";
import { chinese } from "./words-zh.ts";

/** Every word of the pictures. Sizes come in as text. */
export interface PictureWords {
  readonly language: Language;
  readonly verdicts: Readonly<Record<Verdict, string>>;
  readonly kinds: Readonly<Record<StorageKind, string>>;
  readonly spans: Readonly<Record<TimelineSpan["name"], string>>;
  readonly phases: Readonly<Record<"forward" | "loss" | "backward" | "optimizer" | "other", string>>;
  readonly training: (index: number) => string;
  readonly evaluation: (index: number) => string;
  readonly noTimeline: string;
  readonly limit: (card: string, size: string) => string;
  readonly limitAbove: (card: string, size: string) => string;
  readonly processBand: (low: string, high: string) => string;
  readonly peak: (size: string, op: string, layer: string) => string;
  readonly peakOutside: (size: string, op: string, stage: string) => string;
  readonly start: string;
  readonly on: (config: string, card: string) => string;
  readonly needs: (size: string) => string;
  readonly ofUsable: (size: string, usable: string) => string;
  readonly spare: (size: string) => string;
  readonly short: (size: string) => string;
  readonly batch: string;
  readonly crop: string;
  readonly accumulation: string;
  cards(count: number): string;
  nccl(low: string, high: string): string;
  readonly recompute: (count: number) => string;
  readonly workspaceLimit: string;
  readonly mountain: string;
  readonly mountainAxis: string;
  readonly mountainHelp: string;
  readonly zoomIn: string;
  readonly zoomOut: string;
  readonly wholeRun: string;
  readonly levels: string;
  readonly levelsHelp: string;
  readonly part: string;
  readonly partNames: Readonly<Record<PartName, string>>;
  readonly allocated: string;
  readonly reserved: string;
  readonly process: string;
  readonly range: string;
  readonly peakAt: string;
  readonly outOfMemory: string;
  readonly aliveAtPeak: string;
  readonly kind: string;
  readonly bytes: string;
  readonly share: string;
  readonly largest: string;
  readonly madeBy: string;
  readonly layer: string;
  readonly phase: string;
  readonly count: string;
  readonly layers: string;
  readonly layersHelp: string;
  readonly network: string;
  readonly rest: string;
  readonly alive: string;
  readonly parameters: string;
  readonly peakInside: string;
  readonly layerTree: string;
  readonly plan: string;
  readonly nothingToChange: string;
  readonly noPlan: string;
  readonly before: string;
  readonly after: string;
  readonly knob: string;
  readonly change: string;
  readonly where: string;
  readonly saves: string;
  readonly cost: string;
  readonly runWith: string;
  readonly assumptions: string;
  readonly more: (bytes: string) => string;
  readonly atThisPoint: string;
}

const english: PictureWords = {
  language: "en",
  verdicts: report.verdicts,
  kinds: report.kinds,
  spans: report.moments,
  phases: report.moments,
  training: (index) => `training, iteration ${index}`,
  evaluation: (index) => `evaluation, image ${index}`,
  noTimeline: "This report has no timeline.",
  limit: (card, size) => `${card}: ${size} usable`,
  limitAbove: (card, size) => `${card}: ${size} usable, above this picture ↑`,
  processBand: (low, high) => `process ${low} to ${high}`,
  peak: (size, op, layer) => `${size}: ${op} of ${layer}`,
  peakOutside: (size, op, stage) => `${size}: ${op}, in ${stage}`,
  start: "start",
  on: (config, card) => `${config} on ${card}`,
  needs: (size) => `needs ${size}`,
  ofUsable: (size, usable) => `${size} of ${usable} usable`,
  spare: (size) => `${size} spare`,
  short: (size) => `${size} short`,
  batch: "batch",
  crop: "crop",
  accumulation: "accumulation",
  cards: (count) => `${count} cards, each:`,
  nccl: (low, high) => `Of the process, NCCL takes ${low} to ${high} on each card (inferred).`,
  recompute: (count) => `recompute of ${count} ${count === 1 ? "layer" : "layers"}`,
  workspaceLimit: "workspace limit",
  mountain: "Live bytes",
  mountainAxis: "Allocated bytes after each allocation and release, in their order; this axis is not time.",
  mountainHelp: "Point at the picture, or focus it and use the arrow keys, to see what is alive.",
  zoomIn: "zoom in",
  zoomOut: "zoom out",
  wholeRun: "all",
  levels: "Three levels of bytes",
  levelsHelp:
    "Allocated and reserved are exact and without cuDNN's workspaces; the process adds them and the CUDA context.",
  part: "part",
  partNames: report.parts,
  allocated: "allocated",
  reserved: "reserved",
  process: "process",
  range: "process, range",
  peakAt: "peak at",
  outOfMemory: "The request that fails",
  aliveAtPeak: "Alive at the training peak",
  kind: "kind",
  bytes: "bytes",
  share: "share",
  largest: "The largest",
  madeBy: "made by",
  layer: "layer",
  phase: "phase",
  count: "count",
  layers: "Layers",
  layersHelp: "Width: what is alive of each layer at the training peak.",
  network: "network",
  rest: "parameters, gradients and the rest",
  alive: "alive at peak",
  parameters: "parameters",
  peakInside: "peak inside",
  layerTree: "All layers as a list",
  plan: "Plan",
  nothingToChange: "Nothing to change.",
  noPlan: "No change that vram-plan knows makes it fit. The nearest:",
  before: "before",
  after: "after",
  knob: "setting",
  change: "change",
  where: "where",
  saves: "saves",
  cost: "cost",
  runWith: "Run it with",
  assumptions: "Assumptions",
  more: (bytes) => `smaller ones: ${bytes}`,
  atThisPoint: "alive here",
};

const tables: Readonly<Record<Language, PictureWords>> = { en: english, "zh-CN": chinese };

/** The words of a language. */
export function wordsOf(language: Language): PictureWords {
  return tables[language];
}
