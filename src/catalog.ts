/** @file What vram-plan knows, by name: cards, networks, losses, knobs. */
import { losses } from "./losses/index.ts";
import { cardBudget } from "./memory/card.ts";
import { networks } from "./models/index.ts";
import { listGpus } from "./presets.ts";
import type { GpuItem, NamedItem } from "./report/lists.ts";
import { knobs } from "./strategy/knobs/index.ts";

/** All cards, with what a process may take of each on Linux without a desktop. */
export function gpuItems(): readonly GpuItem[] {
  return listGpus().map((gpu) => {
    const { totalBytes, usableBytes } = cardBudget(gpu);
    return { id: gpu.id, name: gpu.name, architecture: gpu.architecture, totalBytes, usableBytes };
  });
}

/** Networks that are modelled, by PaddleSeg's names. */
export function networkNames(): readonly string[] {
  return Object.keys(networks).sort();
}

/** Losses that are modelled, by PaddleSeg's names. */
export function lossNames(): readonly string[] {
  return Object.keys(losses).sort();
}

/** Knobs of a plan, least harmful first. */
export function knobItems(): readonly NamedItem[] {
  return knobs.map(({ name, summary }) => ({ name, summary }));
}
