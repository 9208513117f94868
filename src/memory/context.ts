/** @file What a process takes on the card beside Paddle's own memory: the CUDA context, loaded kernels, cuBLAS, cuDNN and NCCL. */
import type { Range } from "../report/report.ts";
import { MiB } from "../units.ts";
import { type Phrase, phrase } from "../words/phrase.ts";
import type { Gpu, MemoryRuntime } from "./card.ts";

/** A range, and where it is from. */
export interface Context extends Range {
  readonly sources: readonly Phrase[];
  /** NCCL's part of the range, on several cards. */
  readonly nccl?: Range | undefined;
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
    sources: [phrase("cuda-context", { loading: mode })],
  };
}

/**
 * Buffers of NCCL for one group of processes, in MiB a card (inferred). They grow with channels and connections, 4 MB each for the
 * simple protocol (nccl#285, #391, #986). Seen: 1.6 GB with the context for one communicator and one all-reduce on data-centre cards
 * (nccl#864), an attempt to take 512 MiB (nccl#2363), 110 MB a peer on M40 (nccl#34). Which link a card has stands in its preset.
 */
const ncclBuffers = {
  pcie: { low: 100, expected: 200, high: 400 },
  nvlink: { low: 400, expected: 700, high: 1600 },
} as const;

/** NCCL's buffers on one of several cards; without a card, of one on PCIe. */
export function ncclBytes(gpu?: Pick<Gpu, "hasNvlink">): Range & { readonly source: Phrase } {
  const link = gpu?.hasNvlink ? "nvlink" : "pcie";
  const { low, expected, high } = ncclBuffers[link];
  return {
    lowBytes: low * MiB,
    expectedBytes: expected * MiB,
    highBytes: high * MiB,
    source: phrase("nccl-takes", { low, high, link }),
  };
}

/** Context, libraries and, on several cards, NCCL. */
export function processBytes(
  runtime: Pick<MemoryRuntime, "lazyLoading">,
  gpu?: Pick<Gpu, "computeCapability" | "hasNvlink">,
  gpus = 1,
): Context {
  const context = contextBytes(runtime, gpu);
  if (gpus === 1) return context;
  const { source, ...nccl } = ncclBytes(gpu);
  return {
    lowBytes: context.lowBytes + nccl.lowBytes,
    expectedBytes: context.expectedBytes + nccl.expectedBytes,
    highBytes: context.highBytes + nccl.highBytes,
    sources: [...context.sources, source],
    nccl,
  };
}
