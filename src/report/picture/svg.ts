/** @file The mountain as a picture of its own: SVG with its words in it, light or dark as its reader likes. */
import { formatBytes } from "../../units.ts";
import type { Report } from "../report.ts";
import { colourStyle } from "./colours.ts";
import { escapeText } from "./escape.ts";
import { peakLabel, runLabel, titleLabel, verdictLabel } from "./label.ts";
import { box, type Mountain, mountainOf, stack } from "./mountain.ts";
import type { PictureWords } from "./words.ts";

/** The picture, and the box of the mountain in it, in pixels. */
const [width, height] = [960, 480];
const plot = { left: 76, top: 84, width: 864, height: 316 };
/** Below this many pixels a word of a phase does not go into its band. */
const pixelsPerLetter = 7.5;

const x = (value: number): number => Math.round((plot.left + (value / box) * plot.width) * 10) / 10;
const y = (value: number): number => Math.round((plot.top + (value / box) * plot.height) * 10) / 10;

/** The whole file. */
export function renderSvg(report: Report, words: PictureWords): string {
  const mountain = mountainOf(report);
  const title = titleLabel(report, words);
  const verdict = verdictLabel(report, words);
  const body = mountain === undefined ? text(plot.left, 120, words.noTimeline) : drawing(mountain, words);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title desc">
<title id="title">${escapeText(title)}</title>
<desc id="desc">${escapeText(`${verdict}. ${words.mountainAxis}`)}</desc>
<style>${colourStyle("svg")}
text{font:13px system-ui,sans-serif;fill:var(--ink)}.title{font-weight:600;font-size:15px}.faint{fill:var(--faint)}
.label{font-weight:600;paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}
.grid{stroke:var(--line)}.limit{stroke:var(--bad);stroke-width:2;stroke-dasharray:7 4}.halo{stroke:var(--paper);stroke-width:4;stroke-opacity:.6}.limit-text{fill:var(--bad)}
.band{fill:var(--raised);stroke:var(--line)}.process{fill:var(--ink);fill-opacity:.1}.peak{fill:var(--paper);stroke:var(--ink);stroke-width:2}</style>
<rect width="${width}" height="${height}" fill="var(--paper)"/>
${text(16, 26, title, "title")}
${text(16, 48, `${verdict} · ${runLabel(report.run, words)}`, "faint")}
${body}
</svg>
`;
}

function text(at: number, baseline: number, words: string, className = "", anchor = "start"): string {
  const place = anchor === "start" ? "" : ` text-anchor="${anchor}"`;
  return `<text x="${at}" y="${baseline}"${className === "" ? "" : ` class="${className}"`}${place}>${escapeText(words)}</text>`;
}

function drawing(mountain: Mountain, words: PictureWords): string {
  const right = plot.left + plot.width;
  const { ticks, areas, parts, limit, process } = mountain;
  const grid = ticks.flatMap((tick) => [
    `<line class="grid" x1="${plot.left}" x2="${right}" y1="${y(tick.y)}" y2="${y(tick.y)}"/>`,
    text(plot.left - 8, y(tick.y) + 4, formatBytes(tick.bytes), "faint", "end"),
  ]);
  const shapes = areas.map(({ kind, path }) => `<path class="k-${kind}" d="${path}"/>`).join("");
  const scale = `translate(${plot.left} ${plot.top}) scale(${plot.width / box} ${plot.height / box})`;
  const above = [
    `<rect class="process" x="${plot.left}" width="${plot.width}" y="${y(process.highY)}" height="${Math.max(1, y(process.lowY) - y(process.highY))}"/>`,
    text(
      plot.left + 4,
      y(process.highY) - 6,
      words.processBand(formatBytes(process.low), formatBytes(process.high)),
      "label",
    ),
  ];
  return [
    ...grid,
    `<g transform="${scale}">${shapes}</g>`,
    ...above,
    ...limitLines(limit, right, words),
    ...parts.flatMap((part) => partLines(part, words)),
    ...legend(mountain, words),
  ].join("\n");
}

function limitLines(limit: Mountain["limit"], right: number, words: PictureWords): readonly string[] {
  if (limit === undefined) return [];
  const size = formatBytes(limit.bytes);
  if (limit.y === undefined)
    return [text(right - 4, plot.top - 8, words.limitAbove(limit.name, size), "label limit-text", "end")];
  const at = y(limit.y);
  return [
    `<line class="halo" x1="${plot.left}" x2="${right}" y1="${at}" y2="${at}"/>`,
    `<line class="limit" x1="${plot.left}" x2="${right}" y1="${at}" y2="${at}"/>`,
    text(right - 4, at - 6, words.limit(limit.name, size), "label limit-text", "end"),
  ];
}

function partLines(part: Mountain["parts"][number], words: PictureWords): readonly string[] {
  const ground = plot.top + plot.height;
  const bands = part.bands.flatMap((band) => {
    const room = x(band.from + band.width) - x(band.from);
    const name = words.spans[band.name];
    const shape = `<rect class="band" x="${x(band.from)}" y="${ground}" width="${Math.round(room * 10) / 10}" height="20"/>`;
    const isRoomy = room > name.length * pixelsPerLetter;
    return isRoomy ? [shape, text(x(band.from) + room / 2, ground + 14, name, "", "middle")] : [shape];
  });
  const title = part.part === "training" ? words.training(part.index) : words.evaluation(part.index);
  const isRight = part.peak.x > box / 2;
  const [px, py] = [x(part.peak.x), y(part.peak.y)];
  return [
    ...bands,
    text(x(part.from), ground + 38, title, "faint"),
    `<circle class="peak" cx="${px}" cy="${py}" r="4"/>`,
    text(
      isRight ? px - 8 : Math.max(px + 8, plot.left),
      py - 8,
      peakLabel(part.peak.bytes, part.peak.site, words),
      "label",
      isRight ? "end" : "start",
    ),
  ];
}

/** Only kinds that are there, in the order of the stack. */
function legend({ areas }: Mountain, words: PictureWords): readonly string[] {
  const kinds = stack.filter((kind) => areas.some((area) => area.kind === kind));
  const step = (width - plot.left) / kinds.length;
  return kinds.flatMap((kind, i) => {
    const at = Math.round(plot.left + i * step);
    return [
      `<rect class="k-${kind}" x="${at}" y="${height - 30}" width="12" height="12" rx="2"/>`,
      text(at + 18, height - 20, words.kinds[kind]),
    ];
  });
}
