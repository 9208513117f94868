/** @file The report as one HTML file that needs no network, and no script to be read. */

import type { Language } from "../../words/language.ts";
import { say } from "../../words/phrase.ts";
import type { Report } from "../report.ts";
import { escapeJson } from "./escape.ts";
import { layersSection } from "./html-layers.ts";
import { mountainSection } from "./html-mountain.ts";
import { section, t } from "./html-parts.ts";
import { planSection } from "./html-plan.ts";
import { script } from "./html-script.ts";
import { style } from "./html-style.ts";
import { aliveSection, levelsSection, verdictHeader } from "./html-tables.ts";
import { titleLabel, verdictLabel } from "./label.ts";
import { wordsOf } from "./words.ts";

/** The whole file. The report lies in it as JSON, for its own script and for others. */
export function renderHtml(report: Report, language: Language): string {
  const words = wordsOf(language);
  const assumptions = report.assumptions.map((one) => `<li>${t(say(one, language))}</li>`).join("");
  const spoken = {
    kinds: words.kinds,
    phases: words.spans,
    at: words.atThisPoint,
    alive: words.alive,
    parameters: words.parameters,
    peakInside: words.peakInside,
  };
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="generator" content="vram-plan">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>${t(`${titleLabel(report, words)}: ${verdictLabel(report, words)}`)}</title>
<style>${style}</style>
</head>
<body>
<main>
${verdictHeader(report, words)}
${mountainSection(report, words)}
${planSection(report, words)}
${levelsSection(report, words)}
${aliveSection(report, words)}
${layersSection(report, words)}
${section("assumptions", words.assumptions, `<ul>${assumptions}</ul>`)}
</main>
<script type="application/json" id="report">${escapeJson(JSON.stringify(leaner(report)))}</script>
<script type="application/json" id="words">${escapeJson(JSON.stringify({ ...spoken, more: words.more("@") }))}</script>
<script>${script}</script>
</body>
</html>
`;
}

/** Runs of ops are for traces; nothing on the page needs them. */
function leaner(report: Report): Report {
  const { timeline } = report;
  if (timeline === undefined) return report;
  return { ...report, timeline: { ...timeline, parts: timeline.parts.map((part) => ({ ...part, ops: [] })) } };
}
