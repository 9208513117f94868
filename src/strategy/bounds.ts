/** @file What is ruled out without a run: bounds of whole families of points, from few short runs. */
import type { Size } from "../config/types.ts";
import { lowerBound, provedBound } from "./blocks.ts";
import type { KnobValues } from "./limits.ts";
import { type Point, sizeText } from "./point.ts";
import { unlessRefused } from "./refused.ts";
import type { Outline, Runs } from "./space.ts";

/** A bound scaled to another crop is off by padding and rounding only; sizes are whole, and features at 1/32 small. */
const scaledMargin = 1.05;

export interface BoundsOptions {
  /** What reserved bytes may come to. */
  readonly room: number;
  readonly isExhaustive: boolean;
  /** Told where something is passed over that no proved bound rules out. */
  unproved(): void;
}

/** Images and pixels of a point relative to another's. */
export function shareOf(point: Point, of: Point): number {
  const pixels = ({ microBatch, crop }: Point) => microBatch * crop.width * crop.height;
  return pixels(point) / pixels(of);
}

/**
 * Rules out combinations whose allocated bytes cannot fit whatever is recomputed.
 *
 * Two bounds. From a run at the largest micro-batch, scaled down (proved in blocks.ts), for the smaller ones at the same crop. And from
 * a run at the smallest micro-batch for everything larger: each storage's size is a sum of products of batch, height and width with
 * non-negative coefficients, rounded up (convolutions, pooling, padding and resizing all grow with their input), so with a larger batch
 * or with both sides larger no tensor is smaller while the same ops run. A test holds this on networks of every family.
 * Both are taken of runs with as few passes to a step as any point has: a further pass repeats the same ops while gradients are alive
 * that a step of one pass may not have yet (lean training frees them), so it has all that the other has.
 */
export class Bounds {
  private readonly runs: Runs;
  private readonly values: KnobValues;
  private readonly accumulation: number;
  private readonly crop: Size;
  private readonly room: number;
  private readonly isExhaustive: boolean;
  private readonly unproved: () => void;
  /** For each network and precision: index of the largest crop that its smallest micro-batch does not rule out. */
  private readonly firstCrop = new Map<string, number>();

  constructor(runs: Runs, start: Point, values: KnobValues, options: BoundsOptions) {
    this.runs = runs;
    this.values = values;
    this.accumulation = Math.min(...values.batches.map(values.accumulation), start.accumulation);
    this.room = options.room;
    this.isExhaustive = options.isExhaustive;
    this.unproved = options.unproved;
    this.crop = start.crop;
  }

  /** Whether this combination does not fit whatever is recomputed: proved, or as good as certain where no proof is asked for. */
  excludes(point: Point): boolean {
    return this.isExhaustive ? this.rulesOut(point) : this.isHopeless(point);
  }

  /**
   * The outline that a combination's sets of blocks are bounded by: its own where a proof is asked for, else that of the largest
   * micro-batch at the config's own crop, scaled by images and pixels. One run then serves all crops of a precision.
   */
  outline(point: Point): Outline {
    if (this.isExhaustive) return this.runs.outline(point);
    const [largest = point.microBatch] = this.values.batches;
    return unlessRefused(() => this.runs.outline(this.sized(point, largest, this.crop))) ?? this.runs.outline(point);
  }

  private isHopeless(point: Point): boolean {
    const outline = this.outline(point);
    const chosen = outline.blocks.map(() => this.values.recompute);
    const share = shareOf(point, outline.point);
    const isOwnCrop = sizeText(point.crop) === sizeText(outline.point.crop);
    if (lowerBound(outline.moments, chosen, share) <= (isOwnCrop ? this.room : this.room * scaledMargin)) return false;
    if (!isOwnCrop || provedBound(outline.moments, chosen, share) <= this.room) this.unproved();
    return true;
  }

  private rulesOut(point: Point): boolean {
    const { crops, batches } = this.values;
    const index = crops.findIndex((crop) => crop.width === point.crop.width && crop.height === point.crop.height);
    if (index > 0 && index < this.firstPossible(point)) return true;
    return this.atLeast(this.sized(point, batches[0] ?? point.microBatch), point.microBatch) > this.room;
  }

  /** The least that any choice of blocks allocates with `microBatch` images, from a run of `point`; 0 where Paddle refuses it. */
  private atLeast(point: Point, microBatch: number): number {
    const outline = unlessRefused(() => this.runs.outline(point));
    if (outline === undefined) return 0;
    const chosen = outline.blocks.map(() => this.values.recompute);
    return provedBound(outline.moments, chosen, microBatch / point.microBatch);
  }

  private sized(point: Point, microBatch: number, crop: Size = point.crop): Point {
    return { ...point, recompute: [], crop, microBatch, accumulation: this.accumulation };
  }

  /** Bisects over the crops with the smallest micro-batch; the smallest crop first, so that a hopeless card costs one run. */
  private firstPossible(point: Point): number {
    const key = [point.model, point.optimizer, point.ema, point.format].join();
    const known = this.firstCrop.get(key);
    if (known !== undefined) return known;
    const { crops, batches } = this.values;
    const least = batches.at(-1) ?? point.microBatch;
    const hopeless = (index: number) => this.atLeast(this.sized(point, least, crops[index]), least) > this.room;
    let [excluded, possible] = [0, crops.length];
    if (!hopeless(crops.length - 1)) {
      possible = crops.length - 1;
      while (possible - excluded > 1) {
        const middle = Math.floor((excluded + possible) / 2);
        if (hopeless(middle)) excluded = middle;
        else possible = middle;
      }
    }
    this.firstCrop.set(key, possible);
    return possible;
  }
}
