/** @file The iterations of a training: from the third on the second is repeated, where nothing but shapes could tell them apart. */
import { current } from "../engine/engine.ts";
import { type Chain, type Round, repeat } from "../engine/repeat.ts";

/** The first makes the optimizer's state, the second meets what the first left; a later one meets what the second left. */
const firstAlike = 3;

interface Done extends Round {
  readonly iteration: number;
  readonly flops: number;
  readonly recomputedFlops: number;
  readonly chains: readonly Chain[];
}

/** Iterations one after the other. */
export class Rounds {
  private readonly run: (iteration: number) => readonly Chain[];
  private readonly alike: boolean;
  private last: Done | undefined = undefined;

  /**
   * `run` says which storages live for longer than the round it ran; `alike`: whether every iteration gets its batches in the same way,
   * also the last one.
   */
  constructor(run: (iteration: number) => readonly Chain[], alike: boolean) {
    this.run = run;
    this.alike = alike;
  }

  /** Runs or repeats an iteration, counted from 1. */
  next(iteration: number): void {
    const e = current();
    const { log } = e;
    const [from, flops, recomputedFlops] = [log.length, e.flops, e.recomputedFlops];
    const { last } = this;
    let chains = this.alike && iteration >= firstAlike && last ? repeat(log, last, last.chains) : undefined;
    if (chains && last) {
      const shift = from - last.from;
      const marks = log.marks.filter(({ name, index }) => isOfIteration(name) && index === last.iteration);
      for (const { name, at } of marks) log.marks.push({ name, index: iteration, at: at + shift });
      e.flops += last.flops;
      e.recomputedFlops += last.recomputedFlops;
    } else {
      chains = [...this.run(iteration)];
    }
    this.last = {
      iteration,
      from,
      to: log.length,
      flops: e.flops - flops,
      recomputedFlops: e.recomputedFlops - recomputedFlops,
      chains,
    };
  }
}

function isOfIteration(name: string): boolean {
  return name === "iteration" || name === "step";
}
