/** @file Channel counts of the mobile networks: scaled, then rounded to a multiple. */

/** `_make_divisible`: the nearest multiple of `divisor`, at least one of it, and not more than a tenth below `value`. */
export function makeDivisible(value: number, divisor: number): number {
  const rounded = Math.max(divisor, Math.floor(Math.trunc(value + divisor / 2) / divisor) * divisor);
  return rounded < 0.9 * value ? rounded + divisor : rounded;
}
