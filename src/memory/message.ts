/** @file Sizes as Paddle prints them in its messages. */

const step = 1024;
const units = ["B", "kB", "MB", "GB", "TB"] as const;

/** Six decimals and the largest unit below which the number is not 1024 or more: Paddle's `HumanReadableSize`. */
export function humanReadableSize(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= step && unit + 1 < units.length) {
    value /= step;
    unit++;
  }
  return `${value.toFixed(6)}${units[unit]}`;
}
