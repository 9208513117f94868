/** @file Text tables and wrapped lines that keep to a width, in columns of a terminal: a Chinese character takes two. */
import { displayWidth, isWide, padEnd, padStart, takeEnd, takeStart } from "../words/width.ts";

/** One column: numbers stand to the right; of a text that is too long the middle goes, as both ends of a layer's name tell. */
export interface Column {
  readonly title: string;
  readonly align?: "left" | "right" | undefined;
  /** May be cut to make room; at most one column is. */
  readonly flexible?: boolean | undefined;
}

/** A flexible column is not cut below this width. */
const narrowest = 12;
const gap = "  ";

/** `backbone.features.2.conv` in 16 columns: `backbon…2.conv`. */
export function cutMiddle(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  const head = takeStart(text, Math.ceil((width - 1) / 2));
  return `${head}…${takeEnd(text, width - 1 - displayWidth(head))}`;
}

/** Rows under their titles, two blanks between columns, each line `indent` to the right and without blanks at its end. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
  indent = 2,
): string[] {
  const titled = columns.some((column) => column.title !== "");
  const all = titled ? [columns.map((column) => column.title), ...rows] : [...rows];
  const widths = columns.map((_, i) => Math.max(0, ...all.map((row) => displayWidth(row[i] ?? ""))));
  const taken = indent + widths.reduce((sum, w) => sum + w, 0) + gap.length * (columns.length - 1);
  const flexible = columns.findIndex((column) => column.flexible);
  if (flexible >= 0 && taken > width) {
    widths[flexible] = Math.max(narrowest, (widths[flexible] ?? 0) - (taken - width));
  }
  return all.map((row) => {
    const cells = columns.map(({ align }, i) => {
      const text = cutMiddle(row[i] ?? "", widths[i] ?? 0);
      return align === "right" ? padStart(text, widths[i] ?? 0) : padEnd(text, widths[i] ?? 0);
    });
    return `${" ".repeat(indent)}${cells.join(gap)}`.trimEnd();
  });
}

/** A number and its unit stay together. */
const betweenWords = / (?!%|[KMGT]?i?B\b)/;

/** A word in pieces of at most `room`, cut after a comma where there is one: lists of layers have no blanks. */
function pieces(word: string, room: number): readonly string[] {
  if (displayWidth(word) <= room || room < narrowest) return [word];
  const start = takeStart(word, room);
  const comma = start.lastIndexOf(",");
  const end = comma > 0 ? comma + 1 : start.length;
  return [word.slice(0, end), ...pieces(word.slice(end), room)];
}

/** Signs that no line begins with, and those that none ends with (the rules of GB/T 15834 for Chinese punctuation). */
const closing = "，。、；：？！）》」』”’…%";
const opening = "（《「『“‘";

/** From the first wide character on. */
const mayHoldWide = /[\u1100-\u{10ffff}]/u;

/** Between two wide characters, or one and a word, a line may break where no blank is; signs stay with their side. */
function atoms(word: string): readonly string[] {
  if (!mayHoldWide.test(word)) return [word];
  const found: string[] = [];
  let before = "";
  for (const character of word) {
    const mayBreak = (isWide(character) || isWide(before)) && !closing.includes(character) && !opening.includes(before);
    if (before === "" || mayBreak) found.push(character);
    else found.push(`${found.pop() ?? ""}${character}`);
    before = character;
  }
  return found;
}

/** Words in lines of at most `width`, the first after `first`, the others after as many blanks as `indent` says. */
export function wrap(text: string, width: number, first = "", indent = displayWidth(first)): string[] {
  const room = width - Math.max(displayWidth(first), indent);
  const lines: string[] = [];
  let line = first;
  let used = displayWidth(first);
  let empty = true;
  const add = (piece: string, blank: string): void => {
    const taken = displayWidth(piece);
    if (!empty && used + blank.length + taken > width) {
      lines.push(line);
      line = " ".repeat(indent);
      used = indent;
      empty = true;
    }
    line += empty ? piece : `${blank}${piece}`;
    used += empty ? taken : blank.length + taken;
    empty = false;
  };
  for (const word of text.split(betweenWords)) {
    let blank = " ";
    for (const atom of atoms(word)) {
      for (const piece of pieces(atom, room)) {
        add(piece, blank);
        blank = "";
      }
    }
  }
  return [...lines, line];
}

/** A bar of eighths of a block, `width` at its longest; something that is not nothing gets the thinnest. */
export function bar(part: number, whole: number, width: number): string {
  if (part <= 0 || whole <= 0) return "";
  const eighths = Math.max(1, Math.round((part / whole) * width * 8));
  return "█".repeat(Math.floor(eighths / 8)) + ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
}
