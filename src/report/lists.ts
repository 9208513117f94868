/** @file What `list` prints: tables of cards, names in columns. */
import { formatMiB } from "../units.ts";
import { type Phrase, say } from "../words/phrase.ts";
import { wordsIn } from "../words/words.ts";
import type { View } from "./paint.ts";
import { table, wrap } from "./table.ts";

/** One card of the list. */
export interface GpuItem {
  readonly id: string;
  readonly name: string;
  readonly architecture: string;
  readonly totalBytes: number;
  readonly usableBytes: number;
}

/** Something with a name and a sentence. */
export interface NamedItem {
  readonly name: string;
  readonly summary: Phrase;
}

/** Cards, smallest first. */
export function renderGpus(gpus: readonly GpuItem[], { language, paint, width }: View): string {
  const sorted = [...gpus].sort((a, b) => a.usableBytes - b.usableBytes || (a.id < b.id ? -1 : 1));
  const rows = sorted.map((gpu) => [
    gpu.id,
    gpu.name,
    gpu.architecture,
    formatMiB(gpu.totalBytes),
    formatMiB(gpu.usableBytes),
  ]);
  const columns = wordsIn(language).answers.cardColumns.map((title, i) =>
    i === 1 ? { title, flexible: true } : i > 2 ? { title, align: "right" as const } : { title },
  );
  const [head = "", ...body] = table(columns, rows, width, 0);
  return `${[paint.faint(head), ...body].join("\n")}\n`;
}

/** One name a line, so that it can be piped on. */
export function renderNames(names: readonly string[]): string {
  return `${names.join("\n")}\n`;
}

/** Names with their sentences. */
export function renderNamed(items: readonly NamedItem[], { language, width }: View): string {
  const widest = Math.max(...items.map((item) => item.name.length));
  return `${items.flatMap(({ name, summary }) => wrap(say(summary, language), width, `${name.padEnd(widest)}  `)).join("\n")}\n`;
}
