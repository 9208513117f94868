/** @file What the engine tells the memory model: every device allocation and release, in order, with who asked for it. */

/** What a storage holds, in the words of PyTorch's mem_tracker. */
export const storageKinds = [
  "parameter",
  "buffer",
  "gradient",
  "optimizer-state",
  "activation",
  "temporary",
  "workspace",
  "input",
] as const;
export type StorageKind = (typeof storageKinds)[number];

/** The phases that the measured traces name; what is none of the others is `other`. */
export type Phase = "forward" | "loss" | "backward" | "optimizer" | "other";

/** A finer word for people: what the training program was doing. */
export type Stage = "build" | "data" | "forward" | "loss" | "backward" | "optimizer" | "metrics" | "save";

/** Where an event came from. `layer` is Paddle's own name, `model` for the root, `loss:Class` for a loss, else "". */
export interface Site {
  readonly phase: Phase;
  readonly stage: Stage;
  readonly layer: string;
  readonly op: string;
}

/** A named point in the event list: the events before `at` had happened. */
export interface Mark {
  readonly name:
    | "built"
    | "iteration"
    | "step"
    | "evaluation"
    | "image"
    | "image-end"
    | "save"
    | "save-end"
    | "resumed"
    | "end";
  /** Iteration or image number, from 1; 0 where there is only one. */
  readonly index: number;
  readonly at: number;
}

/** One convolution as a cuDNN kernel sees it: what its workspace depends on. Shapes are in the layout's own order. */
export interface Convolution {
  /** The kernel runs when the events before `at` had happened, its results already allocated. */
  readonly at: number;
  readonly direction: "forward" | "backward-data" | "backward-filter";
  readonly input: readonly number[];
  readonly filter: readonly number[];
  readonly output: readonly number[];
  /** Name of the element type the kernel computes in, as Paddle names it: `float32`, `float16`. */
  readonly dtype: string;
  readonly groups: number;
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  /** Undefined: NCHW. */
  readonly layout?: "NCHW" | "NHWC" | undefined;
}

/** Memory that a library (thrust) asks of the driver itself and gives back at once: in no statistic of Paddle's. */
export interface LibraryScratch {
  /** Taken when the events before `at` had happened. */
  readonly at: number;
  readonly bytes: number;
  /** Index of its site. */
  readonly site: number;
}

/**
 * The events as parallel arrays. Event `i` concerns storage `storage[i]`; `sign[i]` is 1 for an allocation, -1 for a release.
 * `bytes[s]` are the bytes that storage `s` asked for, exact and unrounded; `kind[s]` indexes `storageKinds`;
 * `kernel[s]` is 1 where a kernel takes and frees it inside itself (the traces leave those out, the peaks count them).
 */
export class EventLog {
  readonly storage: number[] = [];
  readonly sign: number[] = [];
  readonly site: number[] = [];
  readonly bytes: number[] = [];
  readonly kind: number[] = [];
  readonly kernel: number[] = [];
  /** Innermost layer that holds every op whose tape entry keeps storage `s`; undefined: none keeps it. */
  readonly keeper: (string | undefined)[] = [];
  /** Storages that another stream uses when they are let go: the card returns them later than the program does. */
  readonly lent = new Set<number>();
  /** Storages of the communicating stream, which has a pool of its own. */
  readonly aside = new Set<number>();
  readonly sites: Site[] = [];
  readonly marks: Mark[] = [];
  /** In the order of `at`. */
  readonly convolutions: Convolution[] = [];
  /** In the order of `at`. */
  readonly scratch: LibraryScratch[] = [];

  /** Number of events. */
  get length(): number {
    return this.storage.length;
  }

  mark(name: Mark["name"], index = 0): void {
    this.marks.push({ name, index, at: this.length });
  }

  /** Position of a mark, or -1. */
  at(name: Mark["name"], index = 0): number {
    return this.marks.find((m) => m.name === name && m.index === index)?.at ?? -1;
  }
}
