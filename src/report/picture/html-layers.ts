/** @file The layer tree in the HTML report: an icicle of what is alive at the training peak, and all layers as a list. */
import { formatBytes } from "../../units.ts";
import { formatCount, grow, type LayerNode } from "../layers.ts";
import type { Report } from "../report.ts";
import { layerName } from "../words.ts";
import { bar, section, size, t, table } from "./html-parts.ts";
import type { PictureWords } from "./words.ts";

/** Narrower cells cannot be seen or clicked. */
const leastShare = 0.002;
/** Rows of the icicle below the network. */
const mostDepth = 6;
/** Pixels of a row. */
const rowHeight = 26;

interface Cell {
  readonly depth: number;
  readonly from: number;
  readonly width: number;
  readonly name: string;
  /** Undefined: no layer, so nothing to click. */
  readonly layer: string | undefined;
  readonly kind: "whole" | "network" | "loss" | "rest";
  readonly bytes: number;
}

/** The section; nothing where the report has no layers. */
export function layersSection(report: Report, words: PictureWords): string {
  const root = grow(report.layers);
  if (root === undefined) return "";
  const cells = cellsOf(report, root, words);
  const depth = Math.max(...cells.map((cell) => cell.depth)) + 1;
  const body = `<p class="faint">${t(words.layersHelp)}</p>
<div class="icicle" id="icicle" style="height:${depth * rowHeight}px">${cells.map(cellHtml).join("")}</div>
<div id="layer" class="panel" role="status" aria-live="polite" hidden></div>
<details><summary>${t(words.layerTree)}</summary>
${list(report, words)}</details>`;
  return section("layers", words.layers, body);
}

function cellsOf({ training }: Report, root: LayerNode, words: PictureWords): readonly Cell[] {
  const whole = training.allocated.lowBytes;
  const losses = new Map<string, number>();
  for (const { layer, bytes } of training.holders) {
    if (layer.startsWith("loss:")) losses.set(layer, (losses.get(layer) ?? 0) + bytes);
  }
  const share = (bytes: number): number => bytes / whole;
  const cells: Cell[] = [
    { depth: 0, from: 0, width: 1, name: words.aliveAtPeak, layer: undefined, kind: "whole", bytes: whole },
  ];
  const walk = (node: LayerNode, depth: number, from: number): void => {
    const { layer, savedBytes, type } = node.row;
    const width = share(savedBytes);
    if (width < leastShare || depth > mostDepth) return;
    const name = layer === "model" ? type : (layer.split(".").at(-1) ?? layer);
    cells.push({ depth, from, width, name, layer, kind: "network", bytes: savedBytes });
    let at = from;
    for (const child of node.children) {
      walk(child, depth + 1, at);
      at += share(child.row.savedBytes);
    }
  };
  walk(root, 1, 0);
  let from = share(root.row.savedBytes);
  for (const [layer, bytes] of losses) {
    const width = share(bytes);
    if (width >= leastShare) cells.push({ depth: 1, from, width, name: layerName(layer), layer, kind: "loss", bytes });
    from += width;
  }
  const rest = Math.max(0, 1 - from);
  if (rest >= leastShare) {
    const bytes = Math.round(rest * whole);
    cells.push({ depth: 1, from, width: rest, name: words.rest, layer: undefined, kind: "rest", bytes });
  }
  return cells;
}

function cellHtml({ depth, from, width, name, layer, kind, bytes }: Cell): string {
  const percent = (share: number): string => `${Math.round(share * 1e5) / 1e3}%`;
  const full = `${layer === undefined || layer === "model" ? name : layerName(layer)}: ${formatBytes(bytes)}`;
  const place = `left:${percent(from)};width:${percent(width)};top:${depth * rowHeight}px`;
  const data = `class="cell c-${kind}${depth % 2 === 1 ? " odd" : ""}" style="${place}" data-from="${from.toFixed(6)}" data-width="${width.toFixed(6)}" title="${t(full)}"`;
  const text = `<span>${t(name)} ${t(formatBytes(bytes))}</span>`;
  const target = layer === undefined ? "" : ` data-layer="${t(layer)}"`;
  return `<button type="button" ${data}${target} aria-label="${t(full)}">${text}</button>`;
}

function list({ layers, training }: Report, words: PictureWords): string {
  const whole = training.allocated.lowBytes;
  const rows = layers.map((row, i) => {
    const depth = row.layer === "model" ? 0 : row.layer.split(".").length;
    const bytes = row.savedBytes === 0 ? "–" : size(row.savedBytes, `layers.${i}.savedBytes`);
    const peak = row.peakBytes === 0 ? "–" : size(row.peakBytes, `layers.${i}.peakBytes`);
    const name = row.layer === "model" ? words.network : (row.layer.split(".").at(-1) ?? "");
    return [
      `<span class="name" style="padding-left:${depth}em"><code>${t(name)}</code> <span class="faint">${t(row.type)}</span></span>`,
      bytes,
      row.savedBytes === 0 ? "" : bar(row.savedBytes, whole, "k-activation"),
      row.parameterCount === 0 ? "–" : t(formatCount(row.parameterCount)),
      peak,
    ];
  });
  const heads = [words.layer, words.alive, "", words.parameters, words.peakInside];
  return table(heads, rows, [1, 3, 4], words.layerTree);
}
