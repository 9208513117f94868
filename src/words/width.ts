/** @file Columns that a text takes in a terminal: Chinese characters and full-width signs take two. */

/** Characters of two columns: East Asian Wide and Fullwidth of Unicode's EastAsianWidth.txt, and emoji. First and last of each range. */
const wide: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f900, 0x1f9ff],
  [0x20000, 0x3fffd],
];

/** Characters of no column: combining marks, joiners, variation selectors. */
const none: readonly (readonly [number, number])[] = [
  [0x0300, 0x036f],
  [0x200b, 0x200f],
  [0x20d0, 0x20ff],
  [0xfe00, 0xfe0f],
];

function isIn(ranges: readonly (readonly [number, number])[], code: number): boolean {
  return ranges.some(([from, to]) => code >= from && code <= to);
}

/** Below the first range of either table. */
const firstSpecial = 0x300;

/** Columns of one character, given by its code point. */
function columns(code: number): 0 | 1 | 2 {
  if (code < firstSpecial || isIn(none, code)) return code < firstSpecial ? 1 : 0;
  return isIn(wide, code) ? 2 : 1;
}

/** Whether a character, the first of a text, takes two columns. */
export function isWide(character: string): boolean {
  return columns(character.codePointAt(0) ?? 0) === 2;
}

/** Columns of a text without line ends and control characters. */
export function displayWidth(text: string): number {
  let sum = 0;
  for (const character of text) sum += columns(character.codePointAt(0) ?? 0);
  return sum;
}

/** With blanks behind it, so that it takes `width` columns. */
export function padEnd(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - displayWidth(text)));
}

/** With blanks before it. */
export function padStart(text: string, width: number): string {
  return " ".repeat(Math.max(0, width - displayWidth(text))) + text;
}

/** As many characters as fit into `width` columns. */
export function takeStart(text: string, width: number): string {
  let [used, taken] = [0, ""];
  for (const character of text) {
    used += displayWidth(character);
    if (used > width) break;
    taken += character;
  }
  return taken;
}

/** The same from the end. */
export function takeEnd(text: string, width: number): string {
  let [used, taken] = [0, ""];
  for (const character of [...text].reverse()) {
    used += displayWidth(character);
    if (used > width) break;
    taken = character + taken;
  }
  return taken;
}
