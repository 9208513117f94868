/** @file The last of a growing series of points that fits: few runs, as bytes are nearly linear in what grows. */

/** What is asked of the series: how many points, how large each is, and the headroom of a run of it (undefined: Paddle refuses it). */
export interface Series {
  readonly count: number;
  sizeOf(index: number): number;
  headroom(index: number): number | undefined;
}

/**
 * Index of the last point that fits, or -1. Allocated bytes never fall along the series (see bounds.ts), so what fits is what comes
 * before what does not, but for the allocator's holes; the point found and the next one have both been run. Where `headroom` is
 * undefined the point is taken as one that does not fit.
 */
export function lastThatFits(series: Series, guess: number): number {
  const { count } = series;
  const known = new Map<number, number>();
  let [fits, fails] = [-1, count];
  const run = (index: number): void => {
    const headroom = series.headroom(index);
    if (headroom !== undefined) known.set(index, headroom);
    if (headroom !== undefined && headroom >= 0) fits = index;
    else fails = index;
  };
  let next = Math.min(count - 1, Math.max(0, guess));
  while (fails - fits > 1) {
    run(next);
    next = Math.min(fails - 1, Math.max(fits + 1, estimate(series, known, fits, fails)));
  }
  return fits;
}

/** Where a line through the nearest known headrooms crosses zero; the middle, or double, where there is no line yet. */
function estimate({ sizeOf, count }: Series, known: ReadonlyMap<number, number>, fits: number, fails: number): number {
  const points = [...known].map(([index, headroom]) => ({ size: sizeOf(index), headroom }));
  points.sort((a, b) => Math.abs(a.headroom) - Math.abs(b.headroom));
  const [a, b] = points;
  if (a === undefined || b === undefined || a.size === b.size) {
    if (fails < count) return Math.floor((fits + fails) / 2);
    return fits * 2 + 1;
  }
  const slope = (b.headroom - a.headroom) / (b.size - a.size);
  const wanted = a.size - a.headroom / slope;
  if (!(slope < 0)) return Math.floor((fits + fails) / 2);
  // Series are short enough to be walked; the last one that is not larger than what the line allows.
  let index = Math.max(0, fits);
  while (index + 1 < Math.min(count, fails) && sizeOf(index + 1) <= wanted) index++;
  return index;
}
