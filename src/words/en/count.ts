/** @file Numbers of things in English. */

/** `1 edit`, `2,000 edits`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString("en-US")} ${number === 1 ? one : many}`;
}
