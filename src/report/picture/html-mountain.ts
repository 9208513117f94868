/** @file The mountain in the HTML report: shapes in SVG that stretch, words in HTML that do not. */
import { formatBytes } from "../../units.ts";
import type { Report } from "../report.ts";
import { section, t } from "./html-parts.ts";
import { peakLabel } from "./label.ts";
import { box, type Mountain, type MountainPart, mountainOf, stack } from "./mountain.ts";
import type { PictureWords } from "./words.ts";

/** Units of the box to percent. */
const percent = (value: number): string => `${Math.round((value / box) * 1e4) / 100}%`;

/** The section; without script it is a picture with its labels. */
export function mountainSection(report: Report, words: PictureWords): string {
  const mountain = mountainOf(report);
  if (mountain === undefined) return section("mountain", words.mountain, `<p class="faint">${t(words.noTimeline)}</p>`);
  const { areas, parts, ticks } = mountain;
  const shapes = areas.map(({ kind, path }) => `<path class="k-${kind}" d="${path}"/>`).join("");
  const peaks = parts.map(({ peak }) => peakLabel(peak.bytes, peak.site, words)).join("; ");
  const body = `<div class="tools" hidden><button type="button" data-zoom="in">+ ${t(words.zoomIn)}</button><button type="button" data-zoom="out">− ${t(words.zoomOut)}</button><button type="button" data-zoom="all">${t(words.wholeRun)}</button></div>
<div class="chart"><div class="axis" aria-hidden="true">${ticks.map(({ bytes, y }) => `<span style="top:${percent(y)}">${t(formatBytes(bytes))}</span>`).join("")}</div>
<div class="plot"><div class="grid" aria-hidden="true">${ticks.map(({ y }) => `<i style="top:${percent(y)}"></i>`).join("")}</div>
<div class="scroller" id="chart" tabindex="0" role="group" aria-label="${t(`${words.mountain}: ${peaks}`)}" aria-describedby="chart-help"><div class="canvas">
<svg viewBox="0 0 ${box} ${box}" preserveAspectRatio="none" role="img" aria-label="${t(`${words.mountain}: ${peaks}`)}">${shapes}</svg>
${parts.map((part, i) => partHtml(part, i, words)).join("\n")}
<div class="peaks">${parts.map((part) => peakHtml(part, words)).join("")}</div>
<div class="cursor" hidden></div></div></div>
${overlay(mountain, words)}</div></div>
${legend(mountain, words)}
<p class="faint" id="chart-help">${t(words.mountainAxis)} <span class="needs-script" hidden>${t(words.mountainHelp)}</span></p>
<div id="alive" class="panel" role="status" aria-live="polite" hidden></div>`;
  return section("mountain", words.mountain, body);
}

function partHtml(part: MountainPart, index: number, words: PictureWords): string {
  const inPart = (value: number): string => `${Math.round(((value - part.from) / part.width) * 1e4) / 100}%`;
  const bands = part.bands.map(({ name, from, width }) => {
    const share = `${Math.round((width / part.width) * 1e4) / 100}%`;
    const word = t(words.spans[name]);
    return `<span title="${word}" style="left:${inPart(from)};width:${share}">${word}</span>`;
  });
  const title = part.part === "training" ? words.training(part.index) : words.evaluation(part.index);
  return `<div class="part" data-part="${index}" style="left:${percent(part.from)};width:${percent(part.width)}"><div class="marks"></div><div class="bands">${bands.join("")}</div><div class="part-title">${t(title)}</div></div>`;
}

/** The summit; its label keeps to the picture, so it goes away from the nearer edge. */
function peakHtml(part: MountainPart, words: PictureWords): string {
  const { x, y, bytes, site } = part.peak;
  const side =
    x > box / 2 ? `right:calc(${percent(box - x)} + 8px);text-align:right` : `left:calc(${percent(x)} + 8px)`;
  return `<i class="peak" style="left:${percent(x)};top:${percent(y)}"></i><span class="peak-label" style="bottom:calc(${percent(box - y)} + 4px);${side}"><data value="${bytes}" data-path="${part.part}.allocated.lowBytes">${t(peakLabel(bytes, site, words))}</data></span>`;
}

/** What does not move when the picture is zoomed: the card's limit and the process. */
function overlay({ limit, process }: Mountain, words: PictureWords): string {
  const height = Math.max(2, process.lowY - process.highY);
  const band = `<i class="process" style="top:${percent(process.highY)};height:${percent(height)}"></i>`;
  if (limit === undefined) return `<div class="overlay" aria-hidden="true">${band}</div>`;
  const size = formatBytes(limit.bytes);
  const line =
    limit.y === undefined
      ? `<span class="limit-text" style="top:0">${t(words.limitAbove(limit.name, size))}</span>`
      : `<i class="limit" style="top:${percent(limit.y)}"></i><span class="limit-text" style="bottom:${percent(box - limit.y)}">${t(words.limit(limit.name, size))}</span>`;
  return `<div class="overlay" aria-hidden="true">${band}${line}</div>`;
}

function legend({ areas, limit, process }: Mountain, words: PictureWords): string {
  const kinds = stack.filter((kind) => areas.some((area) => area.kind === kind));
  const items = kinds.map((kind) => `<li><i class="k-${kind}"></i>${t(words.kinds[kind])}</li>`);
  const range = words.processBand(formatBytes(process.low), formatBytes(process.high));
  items.push(`<li><i class="sample-process"></i>${t(range)}</li>`);
  if (limit !== undefined)
    items.push(`<li><i class="sample-limit"></i>${t(words.limit(limit.name, formatBytes(limit.bytes)))}</li>`);
  return `<ul class="legend">${items.join("")}</ul>`;
}
