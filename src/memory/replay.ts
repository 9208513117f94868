/** @file The whole log through the allocator: what it holds from the driver, or which request fails on a card of a given size. */
import type { EventLog, Site } from "../engine/events.ts";
import { Allocator, type OutOfMemory } from "./allocator.ts";
import { trainingEnd } from "./tally.ts";
import type { Workspace } from "./workspace.ts";

export interface ReplayOptions {
  readonly chunkFloorBytes?: number | undefined;
  /** What the card gives this process; undefined: the replay never fails. */
  readonly limitBytes?: number | undefined;
  /** What the CUDA context and the libraries take of it before the first tensor. */
  readonly contextBytes?: number | undefined;
  /** Replayed as a block that is taken and given back at once; none for `low`. */
  readonly workspaces?: readonly Workspace[] | undefined;
  readonly workspaceBytes?: "expectedBytes" | "highBytes" | undefined;
}

/** Peaks of what the allocator holds; `pages` is the same in whole pages of the driver. */
export interface Held {
  readonly reservedBytes: number;
  readonly pagesBytes: number;
}

export interface Replay {
  readonly training: Held;
  /** After training and evaluation: the allocator keeps what training made it take. Undefined without an evaluation. */
  readonly evaluation: Held | undefined;
  /** The request that failed; the replay ends there. */
  readonly outOfMemory: (OutOfMemory & { readonly event: number; readonly site: Site | undefined }) | undefined;
}

/** Replays up to the end of the evaluation (mark `end`); what comes after it, such as saving, is not part of either peak. */
export function replay(log: EventLog, options: ReplayOptions = {}): Replay {
  const { limitBytes, chunkFloorBytes, workspaces = [], workspaceBytes = "expectedBytes" } = options;
  const limit = limitBytes === undefined ? undefined : limitBytes - (options.contextBytes ?? 0);
  const allocator = new Allocator({ chunkFloorBytes, limitBytes: limit }, log.bytes.length + 1);
  const { storage, sign, bytes } = log;
  const trainEnd = trainingEnd(log);
  const hasEvaluation = log.at("evaluation") >= 0;
  const markedEnd = log.at("end");
  const end = markedEnd >= 0 ? markedEnd : log.length;
  const workspaceId = log.bytes.length;
  let next = 0;
  let nextAt = workspaces[0]?.at ?? Number.POSITIVE_INFINITY;
  let training: Held | undefined;
  let failed: OutOfMemory | undefined;
  let event = 0;
  for (; event < end; event++) {
    if (event === trainEnd) training = heldBy(allocator);
    const id = storage[event]!;
    if (sign[event]! < 0) allocator.free(id);
    else failed = allocator.allocate(id, bytes[id]!);
    while (nextAt <= event + 1 && failed === undefined) {
      failed = allocator.allocate(workspaceId, workspaces[next]![workspaceBytes]);
      allocator.free(workspaceId);
      nextAt = workspaces[++next]?.at ?? Number.POSITIVE_INFINITY;
    }
    if (failed !== undefined) break;
  }
  return {
    training: training ?? heldBy(allocator),
    evaluation: hasEvaluation ? heldBy(allocator) : undefined,
    outOfMemory: failed && { ...failed, event, site: log.sites[log.site[event]!] },
  };
}

function heldBy(allocator: Allocator): Held {
  return { reservedBytes: allocator.reservedPeak, pagesBytes: allocator.pagesPeak };
}
