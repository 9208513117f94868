/** @file A card and a runtime as the memory model sees them, and what the card has to give to a training process. */
import type { GpuBudget } from "../report/report.ts";
import { GiB, MiB } from "../units.ts";
import { type Phrase, phrase } from "../words/phrase.ts";
import type { Calibration } from "./narrow.ts";

export type OperatingSystem = "linux" | "windows";

/** One row of presets/gpus. */
export interface Gpu {
  readonly id: string;
  readonly name: string;
  readonly aliases: readonly string[];
  readonly form: string;
  readonly architecture: string;
  /** CUDA compute capability, such as 8.9. */
  readonly computeCapability: number;
  readonly multiprocessorCount: number;
  readonly hasTensorCores: boolean;
  /** Cards of this kind are mostly joined by NVLink: decides what NCCL takes. */
  readonly hasNvlink: boolean;
  readonly bandwidthGBPerSecond: number;
  /** What nvidia-smi calls memory.total; where no log was found, the nominal size. */
  readonly smiTotalBytes: number;
  /** What CUDA reports as the card's memory on each system. */
  readonly cudaTotalBytes: Readonly<Record<OperatingSystem, number>>;
  /** True where the Linux figure is derived from the other, not read in a log. */
  readonly isCudaTotalDerived: boolean;
  readonly sources: readonly string[];
}

/** What the memory model needs to know of a Paddle version; see presets/runtimes. */
export interface MemoryRuntime {
  readonly name: string;
  readonly chunkFloorBytes: number;
  readonly convWorkspaceLimitBytes: number;
  /** Whether CUDA loads kernels when they are first used: decides the size of the context. */
  readonly lazyLoading: boolean;
  /** What runs on this card and Paddle were measured to take: narrows expected and high. */
  readonly calibration?: Calibration | undefined;
}

/**
 * CUDA's total on Linux where no log gives it: nvidia-smi's total times the lowest ratio of the two in presets/gpus, for cards up to
 * 8 GiB (GTX 1650: 3904 of 4096 MiB, RTX 4060 Ti: 7806 of 8188 MiB) and for larger ones (T4: 14,913 of 15,360 MiB).
 */
export function deriveCudaTotal(smiTotalBytes: number): number {
  const [seen, of] = smiTotalBytes <= 8 * GiB ? [3904, 4096] : [14_913, 15_360];
  return Math.floor((smiTotalBytes * seen) / of / MiB) * MiB;
}

/**
 * What a desktop keeps on the card. 973 to 1651 MiB were reported for idle Windows desktops and 100 to 900 MiB are usual on Linux;
 * 700 MiB lies in the lower half of both (inferred).
 */
const desktopBytes = 700 * MiB;

/** Part of the total that Windows (WDDM) withholds from a process: 7.60 of 8 GB are granted on Windows 11, so 5 % (one report). */
const windowsShare = 0.05;

/** What of the card is not this process's. */
export interface Surroundings {
  readonly system?: OperatingSystem | undefined;
  /** A desktop is shown by this card. */
  readonly display?: boolean | undefined;
  /** What is free on the card now, as nvidia-smi says: desktop and other processes are already off. */
  readonly freeBytes?: number | undefined;
}

/** The budget of a process on a card, less what a desktop, Windows and others keep. Default: Linux, no desktop, nobody else. */
export function cardBudget(gpu: Gpu, surroundings: Surroundings = {}): GpuBudget {
  const { system = "linux" } = surroundings;
  const total = gpu.cudaTotalBytes[system];
  const budget = sizeBudget({ name: gpu.name, totalBytes: total }, surroundings);
  const isDerived = system === "linux" && gpu.isCudaTotalDerived;
  const derived = phrase("cuda-total-derived", { card: gpu.name });
  const assumptions = [...(isDerived ? [derived] : []), ...(budget.assumptions ?? [])];
  return { ...budget, totalBytes: gpu.smiTotalBytes, ...(assumptions.length > 0 ? { assumptions } : {}) };
}

/** The same for a plain number of bytes. */
export function sizeBudget(
  { name, totalBytes }: Pick<GpuBudget, "name" | "totalBytes">,
  { system = "linux", display = false, freeBytes }: Surroundings,
): GpuBudget {
  const withheld = system === "windows" ? Math.ceil(totalBytes * windowsShare) : 0;
  const desktop = display && freeBytes === undefined ? desktopBytes : 0;
  const usableBytes = Math.max(0, Math.min(totalBytes - withheld - desktop, freeBytes ?? totalBytes));
  const assumptions: Phrase[] = [];
  if (desktop > 0) assumptions.push(phrase("desktop-keeps", {}));
  if (system === "windows") assumptions.push(phrase("windows-withholds", {}));
  if (freeBytes !== undefined) assumptions.push(phrase("free-stays-free", {}));
  const othersBytes = totalBytes - usableBytes;
  return {
    name,
    totalBytes,
    usableBytes,
    ...(othersBytes > 0 ? { othersBytes } : {}),
    ...(assumptions.length > 0 ? { assumptions } : {}),
  };
}
