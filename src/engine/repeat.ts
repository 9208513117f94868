/** @file A stretch of the event log once more: what a loop does when its state is as it was a round before. */
import type { EventLog } from "./events.ts";

/** A round of a loop: events `from` (included) to `to` (left out). */
export interface Round {
  readonly from: number;
  readonly to: number;
}

/**
 * Storages that take one another's place from round to round: the round frees the first, makes the last, and those between, which it
 * finds and leaves, move up by one.
 */
export type Chain = readonly number[];

/**
 * Appends a round again, as the loop would run it next. That is exact where the program reads nothing but shapes and what the round
 * before left: then what the round finds and frees, and what it leaves, are the same storages one by one, in the order in which they were
 * made, but for the `chains` of those that live for longer than a round. Returns the chains as they stand for the new round. Where
 * storages do not match, nothing is appended and the result is undefined.
 *
 * The engine's tensors keep the ids of their storages: whoever holds a storage in the end has the id that its place had before, and
 * what was in that place before gets another one.
 */
export function repeat(log: EventLog, { from, to }: Round, chains: readonly Chain[] = []): Chain[] | undefined {
  const [first, last] = madeIn(log, from, to);
  const found = match(log, { from, to }, [first, last], chains);
  if (found === undefined) return undefined;
  const fresh = log.bytes.length - first;
  for (let id = first; id < last; id++) copyStorage(log, id, id + fresh);
  /** What the new round frees where the old one freed the first of a chain; what the old one made where the new one makes the last. */
  const [heir, renamed] = [new Map<number, number>(), new Map<number, number>()];
  const next = found.map((chain): Chain => {
    const [gone = 0, ...others] = chain;
    const made = others.at(-1) ?? 0;
    const older = made + fresh;
    copyStorage(log, gone, older);
    heir.set(gone, older);
    for (const [i, id] of others.slice(0, -1).entries())
      log.storage[log.storage.lastIndexOf(id)] = i === 0 ? older : others[i - 1]!;
    renamed.set(made, others.length > 1 ? others.at(-2)! : older);
    return [older, ...others];
  });
  const shift = log.length - from;
  for (let i = from; i < to; i++) {
    const id = log.storage[i]!;
    if (id >= first && id < last) log.storage[i] = renamed.get(id) ?? id + fresh;
    log.storage.push(heir.get(id) ?? id);
    log.sign.push(log.sign[i]!);
    log.site.push(log.site[i]!);
  }
  const within = ({ at }: { readonly at: number }): boolean => at >= from && at < to;
  for (const one of log.convolutions.filter(within)) log.convolutions.push({ ...one, at: one.at + shift });
  for (const one of log.scratch.filter(within)) log.scratch.push({ ...one, at: one.at + shift });
  return next.filter((_, i) => i < chains.length);
}

function copyStorage(log: EventLog, id: number, to: number): void {
  log.bytes[to] = log.bytes[id]!;
  log.kind[to] = log.kind[id]!;
  log.kernel[to] = log.kernel[id]!;
  const keeper = log.keeper[id];
  if (keeper !== undefined) log.keeper[to] = keeper;
}

/** Ids of what a stretch makes, the lowest and one past the highest: ids are given one after the other. */
function madeIn({ storage, sign }: EventLog, from: number, to: number): readonly [number, number] {
  let [first, last] = [Number.POSITIVE_INFINITY, 0];
  for (let i = from; i < to; i++) {
    if (sign[i] !== 1) continue;
    first = Math.min(first, storage[i]!);
    last = Math.max(last, storage[i]! + 1);
  }
  return [first, last];
}

/** The given chains and, for each other storage that the round finds and frees, one with what it leaves in its place. */
function match(
  log: EventLog,
  { from, to }: Round,
  [first, last]: readonly [number, number],
  chains: readonly Chain[],
): readonly Chain[] | undefined {
  const given = new Set(chains.flat());
  const found: number[] = [];
  const isFreed = new Uint8Array(Math.max(0, last - first));
  for (let i = from; i < to; i++) {
    const id = log.storage[i]!;
    if (log.sign[i] === 1) continue;
    if (id >= first && id < last) isFreed[id - first] = 1;
    else if (!given.has(id)) found.push(id);
  }
  const left: number[] = [];
  for (let id = first; id < last; id++) if (isFreed[id - first] === 0 && !given.has(id)) left.push(id);
  // Something that ran after the round, such as an evaluation, may have let go of what the round left, and left its own instead.
  const kept = new Set([...left, ...chains.flatMap((chain) => chain.slice(1))]);
  for (let i = to; i < log.length; i++) if (kept.has(log.storage[i]!)) return undefined;
  if (found.length !== left.length) return undefined;
  found.sort((a, b) => a - b);
  const all = [...chains, ...found.map((id, i): Chain => [id, left[i]!])];
  // What is to be used in a later round has no keeper yet.
  const isSame = (a: number, b: number, i: number): boolean =>
    log.bytes[a] === log.bytes[b] &&
    log.kind[a] === log.kind[b] &&
    (i < chains.length || log.keeper[a] === log.keeper[b]);
  const holds = (chain: Chain, i: number): boolean => chain.length > 1 && chain.every((id) => isSame(id, chain[0]!, i));
  return all.every(holds) ? all : undefined;
}
