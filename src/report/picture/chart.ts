/** @file The mountain in a terminal: blocks of eighths, or plain ASCII. */
import { formatBytes } from "../../units.ts";
import type { View } from "../paint.ts";
import type { Report } from "../report.ts";
import { wrap } from "../table.ts";
import type { TimelinePart, TimelineSite, TimelineSpan } from "../timeline.ts";
import { peakLabel } from "./label.ts";
import type { PictureWords } from "./words.ts";

export interface ChartOptions extends View {
  /** False: no sign outside ASCII. */
  readonly unicode: boolean;
}

const nowhere: TimelineSite = { phase: "other", stage: "build", layer: "", op: "" };

/** Lines of the mountain: a third of a small terminal. */
const rows = 10;
/** `1023 MiB` and its gap. */
const axisWidth = 10;
const eighths = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
/** Heights that ASCII can tell apart: nothing, low, half, high, full. */
const ascii = [" ", ".", ":", "|", "#"];

/** A chart for each part; nothing where the report has no timeline. */
export function chartLines(report: Report, options: ChartOptions, words: PictureWords): string[] {
  const { timeline, gpu } = report;
  const top = Math.max(0, ...(timeline?.parts ?? []).map((part) => part.peakBytes));
  return (timeline?.parts ?? []).flatMap((part, i) => {
    const title = part.part === "training" ? words.training(part.index) : words.evaluation(part.index);
    const site = timeline?.sites[part.site[part.peakPoint] ?? 0] ?? nowhere;
    const card = gpu === undefined ? "" : `; ${words.limit(gpu.name, formatBytes(gpu.usableBytes))}`;
    const head = wrap(`${title}, ${peakLabel(part.peakBytes, site, words)}${card}`, options.width, "  ");
    return [...(i === 0 ? [] : [""]), ...head.map(options.paint.faint), ...plotLines(part, top, options, words)];
  });
}

function plotLines(part: TimelinePart, top: number, options: ChartOptions, words: PictureWords): string[] {
  const { unicode, paint } = options;
  const columns = Math.max(20, options.width - axisWidth - 2);
  const heights = columnBytes(part, columns);
  const signs = unicode ? eighths : ascii;
  const steps = signs.length - 1;
  const body = Array.from({ length: rows }, (_, i) => {
    const row = rows - 1 - i;
    const cells = heights.map((bytes) => {
      const level = Math.ceil((bytes / top) * rows * steps) - row * steps;
      return signs[Math.min(steps, Math.max(0, level))] ?? "";
    });
    const isLabelled = row % 3 === 0;
    const label = isLabelled ? formatBytes(Math.round((top * (row + 1)) / rows)) : "";
    const edge = unicode ? (isLabelled ? "┤" : "│") : "|";
    return `${label.padStart(axisWidth)} ${edge}${cells.join("").trimEnd()}`;
  });
  return [...body, paint.faint(spanLine(part, columns, unicode, words))];
}

/** The most bytes in each column. */
function columnBytes(part: TimelinePart, columns: number): readonly number[] {
  const most = Array.from({ length: columns }, () => 0);
  const kinds = Object.values(part.bytes);
  let last = 0;
  let column = 0;
  for (const [point, event] of part.at.entries()) {
    const at = Math.min(columns - 1, Math.floor((event / part.eventCount) * columns));
    // A column without a point of its own goes on as the one before it.
    for (; column < at; column++) most[column] = Math.max(most[column] ?? 0, last);
    last = kinds.reduce((sum, bytes) => sum + (bytes[point] ?? 0), 0);
    most[at] = Math.max(most[at] ?? 0, last);
  }
  for (; column < columns; column++) most[column] = Math.max(most[column] ?? 0, last);
  return most;
}

/** What the program does, under the columns in which it does most of it. */
function spanLine(part: TimelinePart, columns: number, unicode: boolean, words: PictureWords): string {
  const column = (event: number): number => Math.round((event / part.eventCount) * columns);
  const edge = unicode ? "└" : "+";
  let line = `${" ".repeat(axisWidth + 1)}${edge}`;
  const start = line.length;
  const named: TimelineSpan[] = part.spans.filter((span) => column(span.to) - column(span.from) > 2);
  for (const [i, span] of named.entries()) {
    const from = start + column(span.from);
    const name = words.spans[span.name];
    if (from < line.length || (i > 0 && named[i - 1]?.name === span.name)) continue;
    if (from + name.length > start + columns) continue;
    line = `${line.padEnd(from, unicode ? "─" : "-")}${name}`;
  }
  return line.padEnd(start + columns, unicode ? "─" : "-");
}
