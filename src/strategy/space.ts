/** @file Simulated points, each once: full runs for verdicts, short ones for bounds. */
import type { TrainConfig } from "../config/types.ts";
import { processBytes } from "../memory/context.ts";
import { estimateMemory, type Fit, type MemoryEstimate, verdict } from "../memory/estimate.ts";
import { replay } from "../memory/replay.ts";
import type { GpuBudget } from "../report/report.ts";
import type { Settings } from "../step/settings.ts";
import { type Simulation, simulate } from "../step/simulate.ts";
import { type Block, blockOf, boundingMoments, chooseBlocks, type Moment } from "./blocks.ts";
import { type Load, loadOf } from "./cost.ts";
import type { EstimateContext } from "./estimate.ts";
import { configOf } from "./knobs/variants.ts";
import { type Point, settingsOf } from "./point.ts";

/** What a search is given. */
export interface SearchContext extends EstimateContext {
  readonly config: TrainConfig;
  readonly settings: Settings;
  readonly budget: GpuBudget;
  /** Where the edited config will lie; undefined: it is not written. */
  readonly outFile?: string | undefined;
  /** `--opts` of the run, for the launch command. */
  readonly opts?: readonly string[] | undefined;
  /** Blocks that recompute may choose from; undefined: 12. */
  readonly mostBlocks?: number | undefined;
  /** Simulations shared between searches that differ in the card only: a card changes no event. */
  readonly memo?: Map<string, Simulation> | undefined;
  /** Told after each run how many there have been. */
  readonly onRun?: ((simulated: number) => void) | undefined;
}

/** A point that was run. */
export interface Candidate {
  readonly point: Point;
  readonly simulation: Simulation;
  readonly memory: MemoryEstimate;
  readonly fit: Fit;
}

/** What a short run of a point without recompute tells about all points that differ in blocks and batch only. */
export interface Outline {
  readonly point: Point;
  readonly simulation: Simulation;
  readonly blocks: readonly Block[];
  readonly moments: readonly Moment[];
  readonly load: Load;
}

/** Iterations of a short run: the second has all state, and allocates what the third does. */
const shortRun = 2;

function key(point: Point, withWorkspace: boolean): string {
  const { workspaceLimitBytes, ...rest } = point;
  return JSON.stringify(withWorkspace ? point : rest) + (withWorkspace ? String(workspaceLimitBytes) : "");
}

/** What a search asks of the runs. */
export interface Runs {
  readonly budget: GpuBudget;
  /** The high end of what the CUDA context and libraries take beside the allocator. */
  readonly contextHighBytes: number;
  run(point: Point): Candidate;
  outline(point: Point): Outline;
  /** Reserved bytes of two iterations, no more than the card has where they survive on it: what the whole run needs at least. */
  reservedAtLeast(point: Point): number;
}

/** Runs points on demand and remembers them. */
export class Space implements Runs {
  readonly context: SearchContext;
  simulated = 0;
  private readonly simulations = new Map<string, Simulation>();
  private readonly candidates = new Map<string, Candidate>();
  private readonly shorts = new Map<string, Simulation>();
  private readonly outlines = new Map<string, Outline>();
  /** Blocks of each network, chosen once: bounds of different crops and batches speak of the same sets. */
  private readonly blocks = new Map<string, readonly Block[]>();

  constructor(context: SearchContext) {
    this.context = context;
  }

  get budget(): GpuBudget {
    return this.context.budget;
  }

  get contextHighBytes(): number {
    const { memory, gpu, settings } = this.context;
    return processBytes(memory, gpu, settings.gpus).highBytes;
  }

  /** A whole run, its three levels of bytes and the verdict. */
  run(point: Point): Candidate {
    const id = key(point, true);
    let candidate = this.candidates.get(id);
    if (candidate === undefined) {
      const simulation = this.simulation(point);
      const { gpu, memory: runtime, budget } = this.context;
      const memory = estimateMemory(simulation.log, {
        gpu,
        runtime,
        convWorkspaceLimitBytes: point.workspaceLimitBytes,
        gpus: point.gpus ?? this.context.settings.gpus,
      });
      candidate = { point, simulation, memory, fit: verdict(memory, budget) };
      this.candidates.set(id, candidate);
    }
    return candidate;
  }

  /** The workspace limit changes no event: one simulation serves all limits. */
  private simulation(point: Point): Simulation {
    const id = key(point, false);
    let simulation = this.simulations.get(id);
    if (simulation === undefined) {
      simulation = this.simulate(point);
      this.simulations.set(id, simulation);
    }
    return simulation;
  }

  private simulate(point: Point, iterations?: number): Simulation {
    const { config, settings, step, onRun, memo } = this.context;
    const id = `${key(point, false)} ${iterations ?? ""}`;
    const known = memo?.get(id);
    if (known !== undefined) return known;
    this.simulated++;
    const run = simulate(configOf(config, point), settingsOf(point, settings), step, iterations);
    memo?.set(id, run);
    onRun?.(this.simulated);
    return run;
  }

  /** Two iterations without evaluation, or more where they have been run. */
  private short(point: Point): Simulation {
    const plain: Point = { ...point, evaluation: "off" };
    const id = key(plain, false);
    const known = this.simulations.get(key({ ...point, evaluation: "as-is" }, false)) ?? this.simulations.get(id);
    if (known) return known;
    let simulation = this.shorts.get(id);
    if (simulation === undefined) {
      simulation = this.simulate(plain, shortRun);
      this.shorts.set(id, simulation);
    }
    return simulation;
  }

  /** Blocks and bounds of a point; recompute and evaluation are left out of it. */
  outline(point: Point): Outline {
    const plain: Point = { ...point, recompute: [] };
    const id = key({ ...plain, evaluation: "off" }, false);
    let outline = this.outlines.get(id);
    if (outline === undefined) {
      const simulation = this.short(plain);
      const blocks = this.blocksOf(plain, simulation);
      const moments = boundingMoments(simulation, blocks);
      outline = { point: plain, simulation, blocks, moments, load: loadOf(simulation) };
      this.outlines.set(id, outline);
    }
    return outline;
  }

  private blocksOf({ model = "" }: Point, simulation: Simulation): readonly Block[] {
    const known = this.blocks.get(model);
    if (known === undefined) {
      const chosen = chooseBlocks(simulation, this.context.mostBlocks);
      this.blocks.set(model, chosen);
      return chosen;
    }
    return known.map(({ layers }) => blockOf(layers, simulation));
  }

  reservedAtLeast(point: Point): number {
    const { log } = this.short(point);
    const { chunkFloorBytes } = this.context.memory;
    const { reservedBytes } = replay(log, { chunkFloorBytes }).training;
    const { usableBytes } = this.budget;
    const room = usableBytes - this.contextHighBytes;
    if (reservedBytes <= room) return reservedBytes;
    const limits = { cardBytes: usableBytes, contextBytes: this.contextHighBytes };
    return replay(log, { chunkFloorBytes, ...limits }).outOfMemory === undefined ? room : reservedBytes;
  }
}
