/** @file What a process takes on the card beside Paddle's own memory: the CUDA context, loaded kernels, cuBLAS and cuDNN. */
import type { Range } from "../report/report.ts";
import { MiB } from "../units.ts";
import type { Gpu, MemoryRuntime } from "./card.ts";

/** A range with the words that say where it is from. */
export interface Context extends Range {
  readonly source: string;
}

/**
 * Context and kernels by loading mode, in MiB. No source gives them for a card and a Paddle version together; the ranges span
 * public reports: lazy 287 MB (pytorch#86509) to 700; eager 667 MB (same), 840 MB (Paddle#27795), 1.48 GB on an RTX 3090
 * (pytorch#49877).
 */
const contexts = {
  lazy: { low: 300, expected: 450, high: 700 },
  eager: { low: 600, expected: 900, high: 1500 },
} as const;

/** State of cuBLAS and cuDNN during training, in MiB (inferred; the workspace cuBLAS recommends is 4 MiB a handle). */
const libraries = { low: 20, expected: 100, high: 250 } as const;

/** cuBLAS recommends 32 MiB a handle on Hopper in place of 4 (pytorch PR #120925), and Hopper is compute capability 9. */
const hopperExtra = 32;
const hopper = 9;

/** Context and libraries of one process, as a range; without a card, of one that is not Hopper. */
export function contextBytes(
  runtime: Pick<MemoryRuntime, "lazyLoading">,
  gpu?: Pick<Gpu, "computeCapability">,
): Context {
  const mode = runtime.lazyLoading ? "lazy" : "eager";
  const extra = gpu !== undefined && Math.floor(gpu.computeCapability) === hopper ? hopperExtra : 0;
  const bytes = (end: "low" | "expected" | "high"): number => (contexts[mode][end] + libraries[end] + extra) * MiB;
  return {
    lowBytes: bytes("low"),
    expectedBytes: bytes("expected"),
    highBytes: bytes("high"),
    source: `CUDA context with ${mode} loading of kernels, cuBLAS and cuDNN: range of public reports, not measured on this card`,
  };
}
