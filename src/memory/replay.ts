/** @file The whole log through the allocator: what it holds from the driver, or which request fails on a card of a given size. */
import type { EventLog, Site } from "../engine/events.ts";
import { Allocator, type OutOfMemory } from "./allocator.ts";
import { trainingEnd } from "./tally.ts";
import type { Workspace } from "./workspace.ts";

export interface ReplayOptions {
  readonly chunkFloorBytes?: number | undefined;
  /** FLAGS_gpu_memory_limit_mb in bytes: most that Paddle's chunks may sum up to; undefined: no such limit. */
  readonly limitBytes?: number | undefined;
  /** What the card gives this process, in whole pages; undefined: the driver never refuses. */
  readonly cardBytes?: number | undefined;
  /** What the CUDA context and the libraries take of the card before the first tensor. */
  readonly contextBytes?: number | undefined;
  /** Replayed as a block that is taken and given back at once; none for `low`. */
  readonly workspaces?: readonly Workspace[] | undefined;
  readonly workspaceBytes?: "expectedBytes" | "highBytes" | undefined;
  /**
   * Blocks that another stream used return at the end of the step, where the program waits for the card, or when a request would
   * fail; undefined: at once, as if the card had always caught up.
   */
  readonly lentReturnLate?: boolean | undefined;
}

/** Peaks of what the allocator holds; `pages` is the same in whole pages of the driver, with libraries' scratch. */
export interface Held {
  readonly reservedBytes: number;
  readonly pagesBytes: number;
}

/** The request at which a run ends. */
export interface Failure extends OutOfMemory {
  /** Event whose allocation failed, or after which a workspace or a library's scratch did. */
  readonly event: number;
  readonly site: Site | undefined;
  readonly asked: "tensor" | "workspace" | "library";
}

export interface Replay {
  readonly training: Held;
  /** After training and evaluation: the allocator keeps what training made it take. Undefined without an evaluation. */
  readonly evaluation: Held | undefined;
  /** With the saving after that, where the log has it. */
  readonly saving: Held | undefined;
  /** After the iterations that follow too: each round finds other holes in the chunks than the one before it left. */
  readonly whole: Held;
  /** The request that failed; the replay ends there. */
  readonly outOfMemory: Failure | undefined;
}

const never = Number.POSITIVE_INFINITY;

/** Replays up to the end of the evaluation (mark `end`); what comes after it is not part of either peak. */
export function replay(log: EventLog, options: ReplayOptions = {}): Replay {
  const { limitBytes, cardBytes, contextBytes = 0, chunkFloorBytes } = options;
  const { workspaces = [], workspaceBytes = "expectedBytes" } = options;
  const room = cardBytes === undefined ? undefined : cardBytes - contextBytes;
  const allocator = new Allocator({ chunkFloorBytes, limitBytes, cardBytes: room }, log.bytes.length + 1);
  const { storage, sign, bytes, scratch } = log;
  const lent = options.lentReturnLate && log.lent.size > 0 ? new Lent(log, allocator) : undefined;
  const take = (id: number, size: number, pool = allocator): OutOfMemory | undefined => {
    const failure = pool.allocate(id, size);
    return failure !== undefined && lent?.returnAll() ? pool.allocate(id, size) : failure;
  };
  const aside = log.aside.size > 0 ? allocator.sibling() : undefined;
  const trainEnd = trainingEnd(log);
  const [hasEvaluation, saveAt, resumed, markedEnd] = [
    log.at("evaluation") >= 0,
    log.at("save"),
    log.at("resumed"),
    log.at("end"),
  ];
  const end = markedEnd >= 0 ? markedEnd : log.length;
  // Each part ends where the next one begins.
  const saveEnd = resumed >= 0 ? resumed : end;
  const evaluationEnd = saveAt >= 0 ? saveAt : saveEnd;
  const workspaceId = log.bytes.length;
  let [workspace, library] = [0, 0];
  let workspaceAt = workspaces[0]?.at ?? never;
  let libraryAt = scratch[0]?.at ?? never;
  let training: Held | undefined;
  let evaluation: Held | undefined;
  let saving: Held | undefined;
  let failed: OutOfMemory | undefined;
  let asked: Failure["asked"] = "tensor";
  let event = 0;
  for (; event < end; event++) {
    if (event === trainEnd) training = heldBy(allocator);
    if (event === evaluationEnd) evaluation = heldBy(allocator);
    if (event === saveEnd) saving = heldBy(allocator);
    const id = storage[event]!;
    const pool = aside !== undefined && log.aside.has(id) ? aside : allocator;
    lent?.settle(event);
    if (sign[event]! > 0) failed = take(id, bytes[id]!, pool);
    else if (!lent?.keep(id)) pool.free(id);
    while (workspaceAt <= event + 1 && failed === undefined) {
      failed = take(workspaceId, workspaces[workspace]![workspaceBytes]);
      allocator.free(workspaceId);
      workspaceAt = workspaces[++workspace]?.at ?? never;
      if (failed !== undefined) asked = "workspace";
    }
    while (libraryAt <= event + 1 && failed === undefined) {
      failed = allocator.passScratch(id, scratch[library]!.bytes);
      libraryAt = scratch[++library]?.at ?? never;
      if (failed !== undefined) asked = "library";
    }
    if (failed !== undefined) break;
  }
  const whole = heldBy(allocator);
  return {
    training: training ?? whole,
    evaluation: hasEvaluation ? (evaluation ?? whole) : undefined,
    saving: saveAt >= 0 ? (saving ?? whole) : undefined,
    whole,
    outOfMemory: failed && { ...failed, event, site: log.sites[log.site[event]!], asked },
  };
}

function heldBy(allocator: Allocator): Held {
  return { reservedBytes: allocator.reservedPeak, pagesBytes: allocator.pagesPeak };
}

/** Blocks that were let go while another stream still used them, so that they are not free yet. */
class Lent {
  readonly #lent: ReadonlySet<number>;
  readonly #allocator: Allocator;
  /** Where steps end: the program reads a loss, so it waits for the card. */
  readonly #ends: readonly number[];
  #next = 0;
  #kept: number[] = [];

  constructor(log: EventLog, allocator: Allocator) {
    this.#lent = log.lent;
    this.#allocator = allocator;
    this.#ends = log.marks.filter(({ name }) => name === "step").map(({ at }) => at);
  }

  /** Whether a release of this storage has to wait. */
  keep(id: number): boolean {
    if (!this.#lent.has(id)) return false;
    this.#kept.push(id);
    return true;
  }

  /** To be called before each event. */
  settle(event: number): void {
    for (; this.#ends[this.#next] === event; this.#next++) this.returnAll();
  }

  /** The card has caught up. Returns whether there was anything to return. */
  returnAll(): boolean {
    const kept = this.#kept;
    this.#kept = [];
    for (const id of kept) this.#allocator.free(id);
    return kept.length > 0;
  }
}
