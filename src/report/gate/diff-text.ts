/** @file A difference as text: `~ + -`, before → after, bytes and percent. */
import { formatBytes } from "../../units.ts";
import type { View } from "../paint.ts";
import { table, wrap } from "../table.ts";
import { count, percent } from "../words.ts";
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

function byteLines(rows: readonly ByteChange[], { width }: View): readonly string[] {
  const cells = rows.map(({ name, fromBytes, toBytes }) => [
    fromBytes === toBytes ? " " : fromBytes === 0 ? "+" : toBytes === 0 ? "-" : "~",
    name,
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
  const { paint, width } = view;
  const section = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length === 0 ? [] : ["", paint.faint(title), ...lines];
  const more = diff.layers.length - mostLayers;
  const head = [
    ...wrap(`${diff.before.name} (${diff.before.run})`, width, "- "),
    ...wrap(`${diff.after.name} (${diff.after.run})`, width, "+ "),
  ];
  const lines = [
    ...head.map(paint.strong),
    ...section("  settings", settingLines(diff.settings, view)),
    ...section("  peaks", byteLines(diff.levels, view)),
    ...section("  alive at the training peak", byteLines(diff.kinds, view)),
    ...section("  saved for backward, by layer", layerLines(diff.layers, view)),
    ...(more > 0 ? [paint.faint(`  and ${count(more, "layer")} more; --json has them all`)] : []),
    "",
    paint.strong(summary(diff)),
  ];
  return `${lines.join("\n")}\n`;
}

function summary({ levels, settings, layers }: Diff): string {
  const process = levels.find(({ name }) => name === "process, high end");
  const { fromBytes = 0, toBytes = 0 } = process ?? {};
  const [by, share] = delta(fromBytes, toBytes);
  const what = `${count(settings.length, "setting")}, ${count(layers.length, "layer")} changed`;
  if (by === "") return `Diff: ${what}. ${formatBytes(toBytes)} as before.`;
  return `Diff: ${what}. ${formatBytes(fromBytes)} → ${formatBytes(toBytes)}, ${by} (${share}).`;
}
