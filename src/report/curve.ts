/** @file Bytes against slowdown, one bar a point of the front, with the card's limit drawn across. */

import { formatBytes, formatGiB } from "../units.ts";
import { padEnd, padStart } from "../words/width.ts";
import { wordsIn } from "../words/words.ts";
import type { CurveResult } from "./answers.ts";
import type { View } from "./paint.ts";
import { bar, wrap } from "./table.ts";
import { describeRun } from "./words.ts";

/** Columns of a row beside its bar: factor, bytes, layers, verdict. */
const besideBar = 46;

/** A bar with the limit in it: `█████▌  │`. */
function limited(bytes: number, limit: number, most: number, room: number): string {
  const at = Math.min(room - 1, Math.round((limit / most) * room));
  const drawn = bar(bytes, most, room).padEnd(room);
  return `${drawn.slice(0, at)}│${drawn.slice(at + 1)}`;
}

/** Every point a row: time, bytes, how many layers are recomputed, the bar. */
export function renderCurve(result: CurveResult, { language, paint, width }: View): string {
  const words = wordsIn(language).answers;
  const { verdicts, on } = wordsIn(language).report;
  const { config, gpu, run, points, search } = result;
  const limit = gpu.usableBytes;
  const most = Math.max(...points.map(({ processBytes }) => processBytes), limit * 1.02);
  const room = Math.max(10, width - besideBar);
  const lines = points.map(({ time, processBytes, recompute, verdict }) => {
    const layers = recompute.length === 0 ? words.none : words.layers(recompute.length);
    const facts = `  ${time.expected.toFixed(3).padStart(5)}  ${formatGiB(processBytes).padStart(9)}  ${padEnd(layers, 9)}  ${padEnd(verdicts[verdict], 12)}  `;
    const line = `${facts}${limited(processBytes, limit, most, room)}`.trimEnd();
    return verdict === "fits" ? paint.good(line) : line;
  });
  const [time = "", process = "", recompute = ""] = words.curveColumns;
  const head = `  ${padStart(time, 5)}  ${padStart(process, 9)}  ${padEnd(recompute, 9)}`;
  const first = points.find(({ verdict }) => verdict === "fits");
  const answer =
    first === undefined
      ? words.noSetFits
      : first.recompute.length === 0
        ? words.fitsWithout
        : words.firstThatFits(`--recompute ${first.recompute.join(",")}`);
  const basis = words.curveBasis(search.candidates, search.simulated, gpu.name, formatBytes(limit));
  return `${[
    ...wrap(on(config, gpu.name), width).map(paint.strong),
    paint.faint(describeRun(run, language)),
    "",
    paint.faint(head),
    ...lines,
    "",
    ...wrap(answer, width, "  ").map(paint.strong),
    ...wrap(basis, width, "  ").map(paint.faint),
  ].join("\n")}\n`;
}
