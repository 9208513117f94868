/** @file How a request is rounded up before a block is looked for. */

/** Requests are rounded up to this: `GpuMinChunkSize` of Paddle's auto_growth_best_fit_allocator.cc. */
export const allocatorAlignment = 256;

/** Bytes in units of the alignment, rounded up: what blocks are counted in. */
export function toUnits(bytes: number): number {
  return Math.ceil(bytes / allocatorAlignment);
}

/** Rounds a request up as the allocator does. */
export function roundRequest(bytes: number): number {
  return toUnits(bytes) * allocatorAlignment;
}
