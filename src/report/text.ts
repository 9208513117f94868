/** @file The report on a terminal: verdict first, then the numbers, then what to do. Pure: a report and a view in, text out. */

import { say } from "../words/phrase.ts";
import { wordsIn } from "../words/words.ts";
import { holderLines, kindLines, makerLine, phaseLine } from "./kinds.ts";
import { formatCount, layerLines } from "./layers.ts";
import { levelLines } from "./levels.ts";
import type { View } from "./paint.ts";
import { planLines } from "./plan.ts";
import type { Report } from "./report.ts";
import { wrap } from "./table.ts";
import { verdictLines } from "./verdict.ts";

export interface TextOptions extends View {
  /** Levels of the layer tree; undefined: no tree. */
  readonly depth?: number | undefined;
  /** How many of the largest holders. */
  readonly top?: number | undefined;
  /** Whether to end with the list of assumptions. */
  readonly assumptions?: boolean | undefined;
  /** The file that the plan was written to. */
  readonly written?: string | undefined;
}

/** Holders shown where nothing else is asked for: a report is not longer than a screen. */
const defaultTop = 5;

/** The whole report, its sections divided by an empty line. Ends with a newline. */
export function renderText(report: Report, options: TextOptions): string {
  const { parameters, training } = report;
  const { language, paint, depth } = options;
  const words = wordsIn(language).report;
  const sections = [
    verdictLines(report, options),
    levelLines(report, options),
    [...kindLines(training, options), makerLine(training, options), phaseLine(training, options)],
    holderLines(training, options, options.top ?? defaultTop),
    depth === undefined ? [] : layerLines(report.layers, options, depth),
    depth === undefined ? [] : [paint.faint(`  ${words.parameters(formatCount(parameters.count), parameters.count)}`)],
    options.assumptions ? assumptionLines(report, options) : [],
    planLines(report, options, options.written),
  ];
  const text = sections.filter((lines) => lines.length > 0).map((lines) => lines.join("\n"));
  return `${text.join("\n\n")}\n`;
}

function assumptionLines({ assumptions }: Report, { language, paint, width }: View): string[] {
  const lines = assumptions.flatMap((one) => wrap(say(one, language), width, "  - "));
  return [paint.faint(`  ${wordsIn(language).report.assumed}`), ...lines.map(paint.faint)];
}
