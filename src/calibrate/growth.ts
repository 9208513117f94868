/** @file Whether a run keeps growing: what a training of one size never does after its first iterations and its first evaluation. */
import type { Growth } from "../report/calibrate.ts";
import type { MemoryLine } from "./log.ts";

/** Lines at least before a rise is called growth: with fewer, a late first peak looks the same. */
const fewestLines = 6;

/**
 * Looks at the later half of the memory lines. Each holds the highest value so far, so a steady run repeats one number, and a late peak
 * (an evaluation, an image of another size) is one step. Growing: `allocated` rises from line to line more often than not, there.
 */
export function findGrowth(memory: readonly MemoryLine[]): Growth | undefined {
  if (memory.length < fewestLines) return undefined;
  const later = memory.slice(Math.floor(memory.length / 2));
  const [first, last] = [later[0], later.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  let rises = 0;
  for (const [index, line] of later.entries()) {
    const before = later[index - 1];
    if (before !== undefined && line.allocatedBytes > before.allocatedBytes) rises++;
  }
  if (rises * 2 <= later.length - 1) return undefined;
  const iterations = (last.iteration ?? 0) - (first.iteration ?? 0);
  const grownBytes = last.allocatedBytes - first.allocatedBytes;
  return {
    fromIteration: first.iteration,
    toIteration: last.iteration,
    fromBytes: first.allocatedBytes,
    toBytes: last.allocatedBytes,
    bytesPerIteration: iterations > 0 ? Math.round(grownBytes / iterations) : undefined,
    rises,
    lines: later.length,
  };
}
