/** @file A difference as text: `~ + -`, before → after, bytes and percent. */
import { formatBytes } from "../../units.ts";
import { type Words, wordsIn } from "../../words/words.ts";
import type { View } from "../paint.ts";
import { table, wrap } from "../table.ts";
import { describeRun, percent } from "../words.ts";
import type { ByteChange, Diff, LayerChange } from "./diff.ts";
import type { SettingChange } from "./result.ts";

/** Layers that are shown; the rest are counted. JSON has them all. */
const mostLayers = 20;

/** `+1.20 GiB`, `+15 %`. */
function delta(fromBytes: number, toBytes: number): readonly [string, string] {
  const by = toBytes - fromBytes;
  if (by === 0) return ["", ""];
  const sign = by > 0 ? "+" : "-";
  return [`${sign}${formatBytes(Math.abs(by))}`, fromBytes === 0 ? "" : `${sign}${percent(by, fromBytes)}`];
}

function settingLines(settings: readonly SettingChange[], { paint, width }: View): readonly string[] {
  return settings.flatMap(({ mark, key, from = "", to = "" }) => {
    const text = mark === "~" ? `${key}  ${from} → ${to}` : `${key}  ${mark === "+" ? to : from}`;
    const colour = mark === "~" ? paint.warning : mark === "+" ? paint.good : paint.bad;
    return wrap(text, width, `  ${mark} `, 6).map(colour);
  });
}

const right = { align: "right" } as const;
const columns = [{ title: "" }, { title: "" }, right, { title: "" }, right, right, right].map((one) => ({
  title: "",
  ...one,
}));

function byteLines(
  rows: readonly ByteChange[],
  { width }: View,
  names: Readonly<Record<string, string>>,
): readonly string[] {
  const cells = rows.map(({ name, fromBytes, toBytes }) => [
    fromBytes === toBytes ? " " : fromBytes === 0 ? "+" : toBytes === 0 ? "-" : "~",
    names[name] ?? name,
    formatBytes(fromBytes),
    "→",
    formatBytes(toBytes),
    ...delta(fromBytes, toBytes),
  ]);
  return table(columns, cells, width);
}

function layerLines(layers: readonly LayerChange[], { width }: View): readonly string[] {
  const cells = layers
    .slice(0, mostLayers)
    .map((row) => [
      row.mark,
      `${row.layer}${row.type === "" ? "" : ` (${row.type})`}`,
      row.mark === "+" ? "" : formatBytes(row.fromBytes),
      row.mark === "~" ? "→" : "",
      row.mark === "-" ? "" : formatBytes(row.toBytes),
      ...delta(row.fromBytes, row.toBytes),
    ]);
  const flexible = columns.map((column, i) => (i === 1 ? { ...column, flexible: true } : column));
  return table(flexible, cells, width);
}

/** Settings, levels, kinds, layers, and in the last line the whole. */
export function renderDiff(diff: Diff, view: View): string {
  const { language, paint, width } = view;
  const words = wordsIn(language).gate;
  const section = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length === 0 ? [] : ["", paint.faint(title), ...lines];
  const more = diff.layers.length - mostLayers;
  const head = [
    ...wrap(words.side(diff.before.name, describeRun(diff.before.runSettings, language)), width, "- "),
    ...wrap(words.side(diff.after.name, describeRun(diff.after.runSettings, language)), width, "+ "),
  ];
  const lines = [
    ...head.map(paint.strong),
    ...section(`  ${words.settings}`, settingLines(diff.settings, view)),
    ...section(`  ${words.peaks}`, byteLines(diff.levels, view, words.levels)),
    ...section(
      `  ${words.kinds}`,
      byteLines(diff.kinds, view, language === "en" ? {} : wordsIn(language).report.kinds),
    ),
    ...section(`  ${words.layers}`, layerLines(diff.layers, view)),
    ...(more > 0 ? [paint.faint(`  ${words.moreLayers(more)}`)] : []),
    "",
    paint.strong(summary(diff, words)),
  ];
  return `${lines.join("\n")}\n`;
}

function summary({ levels, settings, layers }: Diff, words: Words["gate"]): string {
  const process = levels.find(({ name }) => name === "process, high end");
  const { fromBytes = 0, toBytes = 0 } = process ?? {};
  const [by, share] = delta(fromBytes, toBytes);
  if (by === "") return words.asBefore(settings.length, layers.length, formatBytes(toBytes));
  return words.difference(settings.length, layers.length, formatBytes(fromBytes), formatBytes(toBytes), by, share);
}
