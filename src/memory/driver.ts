/** @file The bytes taken from the driver: chunk by chunk, and in the pages that the driver hands out; what it refuses. */
import { MiB } from "../units.ts";

/**
 * cudaMalloc backs memory with pages of 2 MiB, requests below half a page sharing one. CUDA documents 2 MiB as the granularity
 * of cuMemCreate; that cudaMalloc does the same is inferred, so this figure is never part of `low`.
 */
const pageBytes = 2 * MiB;

/** Small requests lie at multiples of this inside their page: every address that cudaMalloc gives is one of 512. */
const smallAlignment = 512;

export interface DriverLimits {
  /** FLAGS_gpu_memory_limit_mb: most bytes that Paddle's chunks may sum up to; undefined: no such limit. */
  readonly limitBytes?: number | undefined;
  /** What the card has for this process's pages, its context already taken off; undefined: it never refuses. */
  readonly cardBytes?: number | undefined;
}

/** Counts chunks. `reserved` is what Paddle's `max_memory_reserved` reports, `pages` what nvidia-smi would show of it. */
export class Driver {
  readonly limitBytes: number;
  readonly cardBytes: number;
  /** What is left of the page that small requests are put into now. */
  #slabLeft = 0;
  /** Small chunks for which a page was opened; the page is counted as theirs. */
  readonly #openers = new Set<number>();
  #reserved = 0;
  #reservedPeak = 0;
  #pages = 0;
  #pagesPeak = 0;

  constructor({ limitBytes, cardBytes }: DriverLimits) {
    this.limitBytes = limitBytes ?? Number.POSITIVE_INFINITY;
    this.cardBytes = cardBytes ?? Number.POSITIVE_INFINITY;
  }

  get reserved(): number {
    return this.#reserved;
  }
  get reservedPeak(): number {
    return this.#reservedPeak;
  }
  /** Bytes in whole pages now, and their highest sum. */
  get pages(): number {
    return this.#pages;
  }
  get pagesPeak(): number {
    return this.#pagesPeak;
  }

  hasRoom(chunk: number): boolean {
    return this.#reserved + chunk <= this.limitBytes && this.#pages + this.#cost(chunk) <= this.cardBytes;
  }

  /** Takes a chunk of Paddle's allocator; `address` names it when it goes back. */
  take(address: number, chunk: number): void {
    this.#reserved += chunk;
    if (this.#reserved > this.#reservedPeak) this.#reservedPeak = this.#reserved;
    const cost = this.#cost(chunk);
    if (isSmall(chunk)) {
      const rounded = roundSmall(chunk);
      this.#slabLeft = (cost === 0 ? this.#slabLeft : pageBytes) - rounded;
      if (cost > 0) this.#openers.add(address);
    }
    this.#hold(cost);
  }

  giveBack(address: number, chunk: number): void {
    this.#reserved -= chunk;
    if (!isSmall(chunk)) this.#pages -= wholePages(chunk);
    else if (this.#openers.delete(address)) this.#pages -= pageBytes;
  }

  /** What a library takes past Paddle's allocator and gives back at once. False: the card has no room for it. */
  passes(scratch: number): boolean {
    const cost = this.#cost(scratch);
    if (this.#pages + cost > this.cardBytes) return false;
    this.#hold(cost);
    this.#pages -= cost;
    return true;
  }

  #hold(cost: number): void {
    this.#pages += cost;
    if (this.#pages > this.#pagesPeak) this.#pagesPeak = this.#pages;
  }

  /** New pages that a request of this size needs. */
  #cost(chunk: number): number {
    if (!isSmall(chunk)) return wholePages(chunk);
    return roundSmall(chunk) <= this.#slabLeft ? 0 : pageBytes;
  }
}

function isSmall(chunk: number): boolean {
  return chunk * 2 < pageBytes;
}

function roundSmall(chunk: number): number {
  return Math.ceil(chunk / smallAlignment) * smallAlignment;
}

function wholePages(chunk: number): number {
  return Math.ceil(chunk / pageBytes) * pageBytes;
}
