/** @file What a plan changes: what each knob does, its values where they are words, what a change costs. */
import type { None } from "./none.ts";

/** Times relative to the run as it is asked for. */
interface Times {
  readonly low: number;
  readonly high: number;
}

export interface KnobPhrases {
  "knob-conv-workspace": None;
  "knob-crop": None;
  "knob-ema": None;
  "knob-evaluation": None;
  "knob-lean": None;
  "knob-learning-rate": None;
  "knob-micro-batch": None;
  "knob-model": None;
  "knob-optimizer": None;
  "knob-precision": None;
  "knob-recompute": None;
  // Values.
  "workspace-default": None;
  kept: None;
  "left-out": None;
  off: None;
  none: None;
  "inside-training": None;
  "own-process": None;
  "whole-image": None;
  "sliding-window": { readonly crop: string; readonly stride: string };
  accumulated: { readonly batch: number; readonly times: number };
  "with-momentum": { readonly optimizer: string };
  // Costs.
  "same-result": None;
  "same-result-and-time": None;
  "upsampling-twice": None;
  "slower-algorithms": None;
  "fewer-pixels": { readonly percent: number };
  "average-not-made": None;
  "checkpoint-afterwards": None;
  "evaluation-longer": None;
  "rate-follows": { readonly images: number; readonly before: number };
  "batch-kept": None;
  "fewer-images": { readonly images: number; readonly before: number };
  "batch-norm-sees": { readonly images: number; readonly before: number };
  "other-model": None;
  "other-training": None;
  "check-the-loss": None;
  times: Times;
  "times-without-tensor-cores": Times;
}
