/** @file The knobs, least harmful first. To add one: one file, one line here. */
import { convWorkspace } from "./conv-workspace.ts";
import { crop } from "./crop.ts";
import { ema } from "./ema.ts";
import { evaluation } from "./evaluation.ts";
import type { Knob } from "./knob.ts";
import { lean } from "./lean.ts";
import { learningRate } from "./learning-rate.ts";
import { microBatch } from "./micro-batch.ts";
import { model } from "./model.ts";
import { optimizer } from "./optimizer.ts";
import { precision } from "./precision.ts";
import { recompute } from "./recompute.ts";

export const knobs: readonly Knob[] = [
  lean,
  convWorkspace,
  evaluation,
  recompute,
  precision,
  microBatch,
  learningRate,
  crop,
  ema,
  optimizer,
  model,
];
