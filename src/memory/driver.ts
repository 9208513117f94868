/** @file The bytes taken from the driver: chunk by chunk, and in the pages that the driver hands out. */
import { MiB } from "../units.ts";

/**
 * cudaMalloc backs memory with pages of 2 MiB, requests below half a page sharing one. CUDA documents 2 MiB as the granularity
 * of cuMemCreate; that cudaMalloc does the same is inferred, so this figure is never part of `low`.
 */
const pageBytes = 2 * MiB;

/** Counts chunks. `reserved` is what Paddle's `max_memory_reserved` reports, `pages` what nvidia-smi would show of it. */
export class Driver {
  readonly limitBytes: number;
  #largePages = 0;
  #smallBytes = 0;
  #reserved = 0;
  #reservedPeak = 0;
  #pagesPeak = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  get reserved(): number {
    return this.#reserved;
  }
  get reservedPeak(): number {
    return this.#reservedPeak;
  }
  /** Highest sum of whole pages. */
  get pagesPeak(): number {
    return this.#pagesPeak;
  }

  hasRoom(chunk: number): boolean {
    return this.#reserved + chunk <= this.limitBytes;
  }

  take(chunk: number): void {
    this.#count(chunk, 1);
    if (this.#reserved > this.#reservedPeak) this.#reservedPeak = this.#reserved;
    const pages = this.#largePages * pageBytes + Math.ceil(this.#smallBytes / pageBytes) * pageBytes;
    if (pages > this.#pagesPeak) this.#pagesPeak = pages;
  }

  giveBack(chunk: number): void {
    this.#count(chunk, -1);
  }

  #count(chunk: number, sign: 1 | -1): void {
    this.#reserved += sign * chunk;
    if (chunk * 2 < pageBytes) this.#smallBytes += sign * chunk;
    else this.#largePages += sign * Math.ceil(chunk / pageBytes);
  }
}
