/** @file Text tables and wrapped lines that keep to a width. */

/** One column: numbers stand to the right; of a text that is too long the middle goes, as both ends of a layer's name tell. */
export interface Column {
  readonly title: string;
  readonly align?: "left" | "right" | undefined;
  /** May be cut to make room; at most one column is. */
  readonly flexible?: boolean | undefined;
}

/** A flexible column is not cut below this many characters. */
const narrowest = 12;
const gap = "  ";

/** `backbone.features.2.conv` in 16 columns: `backbon…2.conv`. */
export function cutMiddle(text: string, width: number): string {
  if (text.length <= width) return text;
  const head = Math.ceil((width - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (width - 1 - head))}`;
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
  const widths = columns.map((_, i) => Math.max(0, ...all.map((row) => row[i]?.length ?? 0)));
  const taken = indent + widths.reduce((sum, w) => sum + w, 0) + gap.length * (columns.length - 1);
  const flexible = columns.findIndex((column) => column.flexible);
  if (flexible >= 0 && taken > width) {
    widths[flexible] = Math.max(narrowest, (widths[flexible] ?? 0) - (taken - width));
  }
  return all.map((row) => {
    const cells = columns.map(({ align }, i) => {
      const text = cutMiddle(row[i] ?? "", widths[i] ?? 0);
      return align === "right" ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0);
    });
    return `${" ".repeat(indent)}${cells.join(gap)}`.trimEnd();
  });
}

/** A number and its unit stay together. */
const betweenWords = / (?!%|[KMGT]?i?B\b)/;

/** A word in pieces of at most `room`, cut after a comma where there is one: lists of layers have no blanks. */
function pieces(word: string, room: number): readonly string[] {
  if (word.length <= room || room < narrowest) return [word];
  const comma = word.lastIndexOf(",", room - 1);
  const end = comma > 0 ? comma + 1 : room;
  return [word.slice(0, end), ...pieces(word.slice(end), room)];
}

/** Words in lines of at most `width`, the first after `first`, the others after as many blanks as `indent` says. */
export function wrap(text: string, width: number, first = "", indent = first.length): string[] {
  const room = width - Math.max(first.length, indent);
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of text.split(betweenWords).flatMap((one) => pieces(one, room))) {
    if (!empty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = " ".repeat(indent);
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line];
}

/** A bar of eighths of a block, `width` at its longest; something that is not nothing gets the thinnest. */
export function bar(part: number, whole: number, width: number): string {
  if (part <= 0 || whole <= 0) return "";
  const eighths = Math.max(1, Math.round((part / whole) * width * 8));
  return "█".repeat(Math.floor(eighths / 8)) + ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
}
