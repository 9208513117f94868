/** @file Every format of `check`: pure functions of the result. */
import { renderJson } from "../json.ts";
import type { View } from "../paint.ts";
import { renderCsv } from "./csv.ts";
import { renderGithub } from "./github.ts";
import { renderGitlab } from "./gitlab.ts";
import { renderMarkdown } from "./markdown.ts";
import type { FormatName } from "./names.ts";
import { renderRdjson } from "./rdjson.ts";
import type { CheckResult } from "./result.ts";
import { renderSarif } from "./sarif.ts";
import { renderTerminal } from "./terminal.ts";

/** What a format may take besides the result. */
export interface RenderOptions extends View {
  readonly version: string;
}

/** One entry for each name; leaving one out does not compile. */
export const formats: { readonly [F in FormatName]: (result: CheckResult, options: RenderOptions) => string } = {
  terminal: renderTerminal,
  json: renderJson,
  markdown: renderMarkdown,
  github: renderGithub,
  gitlab: renderGitlab,
  sarif: (result, { version }) => renderSarif(result, version),
  rdjson: renderRdjson,
  csv: renderCsv,
};
