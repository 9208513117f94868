/** @file Where a run takes place: the card with what others keep of it, and the Paddle version. */
import { calibrationOf, type Receipt } from "./calibrate/receipts.ts";
import { cardBudget, type Gpu, type OperatingSystem, sizeBudget } from "./memory/card.ts";
import { findRuntime, isGpuKnown, resolveGpu } from "./presets.ts";
import type { GpuBudget } from "./report/report.ts";
import { stepRuntime } from "./step/runtime.ts";
import type { EstimateContext } from "./strategy/estimate.ts";
import { formatBytes } from "./units.ts";

/** Where a run takes place: the card if one is given, and the Paddle version. */
export interface Context extends EstimateContext {
  readonly budget: GpuBudget | undefined;
}

/** What a person may say of the place, beside the card's name; undefined: Linux, nobody else on the card, Paddle 2.6. */
export interface Around {
  readonly runtime?: string | undefined;
  readonly system?: OperatingSystem | undefined;
  readonly display?: boolean | undefined;
  /** Bytes that are free on the card now. */
  readonly gpuFree?: number | undefined;
  /** The card's memory as nvidia-smi says, for a card whose name has no preset. */
  readonly gpuTotal?: number | undefined;
  /** What runs were measured to take; those of this card and Paddle narrow the estimate. */
  readonly receipts?: readonly Receipt[] | undefined;
}

/** A card by name or a size such as `12GiB`; undefined: no card, or only what is free of it. Throws `gpu-not-known`. */
export function createContext(gpuName: string | undefined, around: Around = {}): Context {
  const { system, display, gpuFree: freeBytes } = around;
  const memory = findRuntime(around.runtime);
  const base = { memory, step: stepRuntime(memory), gpu: undefined };
  const surroundings = { system, display, freeBytes };
  if (gpuName === undefined) {
    if (freeBytes === undefined) return { ...base, budget: undefined };
    const name = `a card with ${formatBytes(freeBytes)} free`;
    return { ...base, budget: sizeBudget({ name, totalBytes: freeBytes }, surroundings) };
  }
  if (around.gpuTotal !== undefined && !isGpuKnown(gpuName)) {
    return { ...base, budget: sizeBudget({ name: gpuName, totalBytes: around.gpuTotal }, surroundings) };
  }
  const found = resolveGpu(gpuName);
  if ("budget" in found) return { ...base, budget: sizeBudget(found.budget, surroundings) };
  const gpu: Gpu = found.gpu;
  const calibration = calibrationOf(around.receipts ?? [], gpu.id, memory.paddle);
  return { ...base, memory: { ...memory, calibration }, gpu, budget: cardBudget(gpu, surroundings) };
}
