/** @file Colours as functions of text, so that renderers stay pure: a plain one here, chalk's in the command line. */
import type { Language } from "../words/language.ts";

/** What a piece of text is, not which colour it has. */
export interface Paint {
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly accent: (text: string) => string;
}

const same = (text: string): string => text;

/** No colours: files, pipes, NO_COLOR. */
export const plain: Paint = { strong: same, faint: same, good: same, bad: same, warning: same, accent: same };

/** How a renderer shows a report. */
export interface View {
  readonly language: Language;
  readonly paint: Paint;
  /** Columns of the terminal. */
  readonly width: number;
}
