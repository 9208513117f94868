/** @file The script of the HTML report: what is alive under the pointer, layers on click, zoom. Plain JavaScript, as a browser runs it. */

export const script = `(() => {
"use strict";
const data = (id) => JSON.parse(document.getElementById(id).textContent);
const report = data("report"), words = data("words"), timeline = report.timeline;
const find = (selector, from = document) => from.querySelector(selector);
const all = (selector, from = document) => [...from.querySelectorAll(selector)];
const made = (tag, className, text) => {
  const one = document.createElement(tag);
  if (className) one.className = className;
  if (text !== undefined) one.textContent = text;
  return one;
};
const format = (bytes) => {
  if (bytes < 1024) return bytes + " B";
  const names = ["KiB", "MiB", "GiB", "TiB"];
  let size = bytes / 1024, i = 0;
  while (Math.round(size) >= 1024 && i < 3) { size /= 1024; i++; }
  const digits = Number(size.toFixed(2)) < 10 ? 2 : Number(size.toFixed(1)) < 100 ? 1 : 0;
  return size.toFixed(digits) + " " + names[i];
};
const layerName = (layer) => layer.replace(/^loss:/, "");
const siteName = ({ layer, op }) => [op, layerName(layer)].filter((text) => text !== "").join(", ");
const joined = (parts, sign) => parts.filter((text) => text !== "").join(sign);

const chart = find("#chart"), alive = find("#alive");
if (chart && timeline) {
  const canvas = find(".canvas", chart), cursor = find(".cursor", chart), parts = all(".part", chart);
  find(".tools").hidden = false;
  for (const one of all(".needs-script")) one.hidden = false;
  let shown = [0, 0], zoom = 1;
  const show = (index, point) => {
    const part = timeline.parts[index], event = part.at[point];
    shown = [index, point];
    const kinds = Object.entries(part.bytes).map(([kind, row]) => [kind, row[point]]);
    const total = kinds.reduce((sum, [, bytes]) => sum + bytes, 0);
    const site = timeline.sites[part.site[point]];
    const rows = new Map();
    let named = 0;
    for (const block of part.blocks) {
      if (block.from > event || block.to <= event) continue;
      const maker = timeline.sites[block.site], key = block.kind + siteName(maker) + maker.phase;
      const row = rows.get(key) ?? { kind: block.kind, maker, bytes: 0 };
      row.bytes += block.bytes;
      rows.set(key, row);
    }
    const list = made("ul");
    for (const { kind, maker, bytes } of [...rows.values()].sort((a, b) => b.bytes - a.bytes).slice(0, 8)) {
      const item = made("li");
      named += bytes;
      item.append(made("i", "k-" + kind), made("b", "", format(bytes)), joined([words.kinds[kind], siteName(maker)], ": "));
      list.append(item);
    }
    list.append(made("li", "faint", words.more.replace("@", format(total - named))));
    const head = made("strong", "", format(total));
    head.dataset.total = total;
    const phase = words.phases[site.phase === "other" ? site.stage : site.phase];
    alive.replaceChildren(words.at + " ", head, " · " + joined([phase, siteName(site)], " · "), list);
    alive.hidden = false;
    const box = parts[index].getBoundingClientRect(), left = canvas.getBoundingClientRect().left;
    cursor.style.left = box.left - left + (box.width * event) / part.eventCount + "px";
    cursor.hidden = false;
  };
  const at = (clientX) => {
    let index = parts.findIndex((one) => clientX <= one.getBoundingClientRect().right);
    if (index < 0) index = parts.length - 1;
    const box = parts[index].getBoundingClientRect(), part = timeline.parts[index];
    const event = ((clientX - box.left) / box.width) * part.eventCount;
    let point = part.at.findIndex((one) => one > event) - 1;
    if (point < -1) point = part.at.length - 1;
    show(index, Math.max(0, point));
  };
  chart.addEventListener("pointermove", (event) => at(event.clientX));
  chart.addEventListener("click", (event) => at(event.clientX));
  const scale = (next, x) => {
    const before = canvas.getBoundingClientRect(), room = chart.clientWidth;
    const middle = x === undefined ? room / 2 : x - chart.getBoundingClientRect().left;
    const share = (chart.scrollLeft + middle) / before.width;
    zoom = Math.min(32, Math.max(1, next));
    canvas.style.width = zoom * 100 + "%";
    chart.scrollLeft = share * canvas.getBoundingClientRect().width - middle;
    if (!cursor.hidden) show(...shown);
  };
  for (const button of all("[data-zoom]"))
    button.addEventListener("click", () => scale({ in: zoom * 2, out: zoom / 2, all: 1 }[button.dataset.zoom]));
  chart.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    scale(zoom * (event.deltaY < 0 ? 1.25 : 0.8), event.clientX);
  }, { passive: false });
  chart.addEventListener("keydown", (event) => {
    let [index, point] = shown;
    const move = { ArrowLeft: -1, ArrowRight: 1, PageUp: -25, PageDown: 25 }[event.key];
    if (event.key === "Home") [index, point] = [0, 0];
    else if (event.key === "End") { index = parts.length - 1; point = timeline.parts[index].at.length - 1; }
    else if (event.key === "+") return scale(zoom * 2);
    else if (event.key === "-") return scale(zoom / 2);
    else if (move !== undefined) {
      point += move;
      if (point < 0 && index > 0) point = timeline.parts[--index].at.length - 1;
      if (point >= timeline.parts[index].at.length && index + 1 < parts.length) { index++; point = 0; }
      point = Math.min(timeline.parts[index].at.length - 1, Math.max(0, point));
    } else return;
    event.preventDefault();
    show(index, point);
  });
}

const isIn = (layer, outer) => layer === outer || layer.startsWith(outer + ".") || (outer === "model" && layer !== "" && !layer.startsWith("loss:"));
const mark = (layer) => {
  for (const [index, one] of all(".part", chart ?? undefined).entries()) {
    const part = timeline.parts[index], marks = find(".marks", one);
    marks.replaceChildren();
    if (layer === undefined) continue;
    for (let i = 0; i < part.at.length; ) {
      let end = i;
      while (end < part.at.length && isIn(timeline.sites[part.site[end]].layer, layer)) end++;
      if (end > i) {
        const to = end < part.at.length ? part.at[end] : part.eventCount, bar = made("i");
        bar.style.left = (100 * part.at[i]) / part.eventCount + "%";
        bar.style.width = "max(1px," + (100 * (to - part.at[i])) / part.eventCount + "%)";
        marks.append(bar);
      }
      i = end + 1;
    }
  }
};
const icicle = find("#icicle"), panel = find("#layer");
if (icicle) {
  const cells = all(".cell", icicle);
  icicle.addEventListener("click", (event) => {
    const cell = event.target.closest(".cell");
    if (!cell) return;
    const from = Number(cell.dataset.from), width = Number(cell.dataset.width), layer = cell.dataset.layer;
    for (const one of cells) {
      const left = (Number(one.dataset.from) - from) / width, right = left + Number(one.dataset.width) / width;
      const [start, end] = [Math.max(0, left), Math.min(1, right)];
      one.style.left = 100 * start + "%";
      one.style.width = 100 * Math.max(0, end - start) + "%";
      one.hidden = end - start < 0.0005;
      if (one === cell) one.setAttribute("aria-pressed", "true");
      else one.removeAttribute("aria-pressed");
    }
    const row = report.layers.find((one) => one.layer === layer);
    panel.hidden = layer === undefined;
    if (row) panel.replaceChildren(made("strong", "", layerName(row.layer) + " " + row.type), " · " + words.alive + " " + format(row.savedBytes) + " · " + words.parameters + " " + row.parameterCount.toLocaleString() + " · " + words.peakInside + " " + format(row.peakBytes));
    else panel.replaceChildren(made("strong", "", cell.getAttribute("aria-label")));
    if (timeline) mark(layer);
  });
}
})();`;
