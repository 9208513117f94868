/** @file The layer tree: what of each layer is alive at the training peak, its parameters, the peak while it ran. */
import { formatBytes } from "../units.ts";
import { wordsIn } from "../words/words.ts";
import type { View } from "./paint.ts";
import type { LayerRow } from "./report.ts";
import { table } from "./table.ts";

/** Depth of a layer below the network itself. */
function depthOf(layer: string): number {
  return layer === "model" ? 0 : layer.split(".").length;
}

/** `--` for nothing, as torchinfo has it. */
function orDashes(value: number, format: (value: number) => string): string {
  return value === 0 ? "--" : format(value);
}

/** `14.0 M`, `512 K`, `19`: counts of parameters, in powers of ten. */
export function formatCount(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(value >= 1e8 ? 0 : 1)} M`;
  return value >= 1e4 ? `${Math.round(value / 1e3)} K` : String(value);
}

/** A layer with those directly inside it. */
export interface LayerNode {
  readonly row: LayerRow;
  readonly children: LayerNode[];
}

/** The rows as a tree, by their dotted names; rows come parents first. */
export function grow(rows: readonly LayerRow[]): LayerNode | undefined {
  const nodes = new Map<string, LayerNode>();
  for (const row of rows) {
    const node: LayerNode = { row, children: [] };
    nodes.set(row.layer, node);
    if (row.layer === "model") continue;
    const dot = row.layer.lastIndexOf(".");
    nodes.get(dot < 0 ? "model" : row.layer.slice(0, dot))?.children.push(node);
  }
  return nodes.get("model");
}

function* lines(
  node: LayerNode,
  depth: number,
  prefix: string,
  childPrefix: string,
): Generator<readonly [string, LayerRow]> {
  const name = node.row.layer === "model" ? node.row.type : (node.row.layer.split(".").at(-1) ?? "");
  const type = node.row.layer === "model" ? "" : `  ${node.row.type}`;
  yield [`${prefix}${name}${type}`, node.row];
  if (depth === 0) return;
  for (const [i, child] of node.children.entries()) {
    const last = i === node.children.length - 1;
    yield* lines(child, depth - 1, `${childPrefix}${last ? "└─ " : "├─ "}`, `${childPrefix}${last ? "   " : "│  "}`);
  }
}

/** The tree down to `depth`. */
export function layerLines(rows: readonly LayerRow[], { language, paint, width }: View, depth: number): string[] {
  const words = wordsIn(language).report;
  const root = grow(rows);
  if (root === undefined) return [];
  const body = [...lines(root, depth, "", "")].map(([name, row]) => [
    name,
    orDashes(row.savedBytes, formatBytes),
    orDashes(row.parameterCount, formatCount),
    orDashes(row.peakBytes, formatBytes),
  ]);
  const right = { align: "right" } as const;
  const columns = words.layerColumns.map((title, i) => (i === 0 ? { title, flexible: true } : { title, ...right }));
  const [head = "", ...table_] = table(columns, body, width);
  const deepest = Math.max(...rows.map((row) => depthOf(row.layer)));
  const more = depth < deepest ? [paint.faint(`  ${words.depth(depth, deepest)}`)] : [];
  return [paint.faint(head), ...table_, ...more];
}
