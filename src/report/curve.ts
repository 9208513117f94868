/** @file Bytes against slowdown, one bar a point of the front, with the card's limit drawn across. */

import { formatBytes, formatGiB } from "../units.ts";
import type { CurveResult } from "./answers.ts";
import type { View } from "./paint.ts";
import { bar, wrap } from "./table.ts";
import { count, describeRun, verdictWords } from "./words.ts";

/** Columns of a row beside its bar: factor, bytes, layers, verdict. */
const besideBar = 46;

/** A bar with the limit in it: `█████▌  │`. */
function limited(bytes: number, limit: number, most: number, room: number): string {
  const at = Math.min(room - 1, Math.round((limit / most) * room));
  const drawn = bar(bytes, most, room).padEnd(room);
  return `${drawn.slice(0, at)}│${drawn.slice(at + 1)}`;
}

/** Every point a row: time, bytes, how many layers are recomputed, the bar. */
export function renderCurve(result: CurveResult, { paint, width }: View): string {
  const { config, gpu, run, points, search } = result;
  const limit = gpu.usableBytes;
  const most = Math.max(...points.map(({ processBytes }) => processBytes), limit * 1.02);
  const room = Math.max(10, width - besideBar);
  const lines = points.map(({ time, processBytes, recompute, verdict }) => {
    const layers = recompute.length === 0 ? "none" : count(recompute.length, "layer");
    const facts = `  ${time.expected.toFixed(3).padStart(5)}  ${formatGiB(processBytes).padStart(9)}  ${layers.padEnd(9)}  ${verdictWords[verdict].padEnd(12)}  `;
    const line = `${facts}${limited(processBytes, limit, most, room)}`.trimEnd();
    return verdict === "fits" ? paint.good(line) : line;
  });
  const head = `  ${"time".padStart(5)}  ${"process".padStart(9)}  ${"recompute".padEnd(9)}`;
  const first = points.find(({ verdict }) => verdict === "fits");
  const words =
    first === undefined
      ? "No set of layers makes it fit."
      : first.recompute.length === 0
        ? "It fits without recompute."
        : `The first that fits: --recompute ${first.recompute.join(",")}`;
  const basis = `${count(search.candidates, "set")} of layers, ${count(search.simulated, "run")} simulated; │ is what ${gpu.name} has to give (${formatBytes(limit)}). time: of a step relative to none recomputed, the middle of its range (--json has both ends).`;
  return `${[
    ...wrap(`${config} on ${gpu.name}`, width).map(paint.strong),
    paint.faint(describeRun(run)),
    "",
    paint.faint(head),
    ...lines,
    "",
    ...wrap(words, width, "  ").map(paint.strong),
    ...wrap(basis, width, "  ").map(paint.faint),
  ].join("\n")}\n`;
}
