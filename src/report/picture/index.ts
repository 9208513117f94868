/** @file The formats of one report that are drawn from its timeline: one line each. */

import type { Language } from "../../words/language.ts";
import type { Report } from "../report.ts";
import { renderHtml } from "./html.ts";
import type { PictureName } from "./names.ts";
import { renderSvg } from "./svg.ts";
import { renderTrace } from "./trace.ts";
import { wordsOf } from "./words.ts";

type Render = (report: Report, language: Language) => string;

/** Renderers by name; the terminal's and JSON need no timeline. */
export const pictures: Readonly<Record<Exclude<PictureName, "terminal" | "json">, Render>> = {
  html: renderHtml,
  svg: (report, language) => renderSvg(report, wordsOf(language)),
  trace: renderTrace,
};
