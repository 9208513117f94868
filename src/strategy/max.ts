/** @file The largest batch and the largest crop that fit a card, and the largest batch of each crop and precision. */
import type { Size } from "../config/types.ts";
import type { MaxResult } from "../report/answers.ts";
import { lastThatFits } from "./edge.ts";
import { cropsAround } from "./knobs/crop.ts";
import { planSettings, startOf } from "./plan.ts";
import type { NumberFormat, Point } from "./point.ts";
import { unlessRefused } from "./refused.ts";
import { type SearchContext, Space } from "./space.ts";

/** Batches beyond this are no question of memory. */
const mostImages = 4096;
const formats: readonly NumberFormat[] = ["fp32", "O1", "O2"];
/** Shares of the config's own sides that the table shows. */
const tableShares = [1, 0.75, 0.5];

/** Bisects with real runs; everything but batch and crop stays as the config has it. */
export function largest(context: SearchContext): Omit<MaxResult, "version" | "config"> {
  const runs = new Space(context);
  const start = startOf(context);
  const headroom = (point: Point) => unlessRefused(() => runs.run(point).fit.headroomBytes);
  const batchAt = (point: Point, guess: number): number =>
    lastThatFits(
      {
        count: mostImages,
        sizeOf: (index) => index + 1,
        headroom: (index) => headroom({ ...point, microBatch: index + 1 }),
      },
      guess - 1,
    ) + 1;
  const crops = cropsAround(start.crop);
  const pixels = ({ width, height }: Size) => width * height;
  const cropIndex = lastThatFits(
    {
      count: crops.length,
      sizeOf: (index) => pixels(crops[index] ?? start.crop),
      headroom: (index) => headroom({ ...start, crop: crops[index] ?? start.crop }),
    },
    crops.findIndex(({ width }) => width === start.crop.width),
  );
  const batch = batchAt(start, start.microBatch);
  const rows = tableCrops(start.crop, crops);
  let guess = Math.max(1, batch);
  const table = rows.map((crop) => {
    const batches = formats.map((format) => {
      const found = batchAt({ ...start, crop, format }, guess);
      guess = Math.max(1, found);
      return found;
    });
    guess = Math.max(1, Math.floor((batches[0] ?? 1) * tableGrowth(crop, rows)));
    return { crop: [crop.width, crop.height] as const, batches };
  });
  const crop = crops[cropIndex];
  return {
    run: planSettings(start),
    gpu: context.budget,
    largestBatch: batch,
    largestCrop: crop && [crop.width, crop.height],
    precisions: ["fp32", "AMP O1", "AMP O2"],
    table,
    simulated: runs.simulated,
  };
}

/** How many times the pixels of the next row's crop go into this one's. */
function tableGrowth(crop: Size, rows: readonly Size[]): number {
  const next = rows[rows.indexOf(crop) + 1];
  return next === undefined ? 1 : (crop.width * crop.height) / (next.width * next.height);
}

/** The config's crop and the nearest to the other shares of it. */
function tableCrops(own: Size, crops: readonly Size[]): readonly Size[] {
  const rows = tableShares.map((share) => {
    if (share === 1) return own;
    const off = ({ width }: Size) => Math.abs(width - own.width * share);
    return crops.reduce((best, crop) => (off(crop) < off(best) ? crop : best), own);
  });
  return rows.filter((crop, i) => rows.findIndex(({ width }) => width === crop.width) === i);
}
