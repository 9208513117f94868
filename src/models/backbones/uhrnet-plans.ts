/** @file The widths of UHRNet: nine stages, down to the coarsest and up again. */
import type { StagePlan } from "./hrnet-stage.ts";

/** Nine stages. */
export type UHRNetPlan = readonly StagePlan[];

/** The first branch of stages 2 to 9 has `width` times this many channels, the second twice that. */
const factors = [1, 2, 4, 8, 4, 2, 1, 1] as const;

/**
 * `first` is the number of bottlenecks in stage 1, `blocks` that of basic blocks in a branch, `third` the number of modules in
 * stage 3 (stages 4 and 5 have two, the others one).
 */
export function uhrnetPlan(width: number, blocks: number, third: number): UHRNetPlan {
  const modules = [1, third, 2, 2, 1, 1, 1, 1];
  const stages = factors.map((factor, i): StagePlan => {
    const one = i === factors.length - 1;
    const channels = one ? [width] : [width * factor, width * factor * 2];
    return { modules: modules[i]!, blocks: channels.map(() => blocks), channels };
  });
  return [{ modules: 1, blocks: [blocks], channels: [64] }, ...stages];
}
