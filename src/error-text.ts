/** @file How an error is shown: place, message, a frame of the file, and the next step. */
import type { ErrorLocation, UserError } from "./errors.ts";
import { errorWords } from "./words/error-words.ts";
import type { ByLanguage, Language } from "./words/language.ts";

/** What stands before a message and before the next step. */
const errorLabels: ByLanguage<{ readonly error: string; readonly hint: string }> = {
  en: { error: "error: ", hint: "hint: " },
  "zh-CN": { error: "错误：", hint: "提示：" },
};

/** Text that a terminal takes as text: tabs become one blank (columns stay), other control characters a mark. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
  return text.replace(/\t/g, " ").replace(/[\u0000-\u001f\u007f-\u009f]/g, "\u00b7");
}

/** Columns of source that a frame shows; a longer line is cut around the caret. */
const frameWidth = 100;

/** Two lines around the place, the line itself marked, and a caret under the column. */
export function codeFrame(text: string, location: ErrorLocation): string {
  const lines = text.split(/\r\n|\r|\n/);
  if (location.line < 1 || location.line > lines.length) return "";
  const first = Math.max(1, location.line - 2);
  const last = Math.min(lines.length, location.line + 2);
  const cut = Math.max(0, location.column - Math.ceil(frameWidth / 2));
  const digits = String(last).length;
  const out: string[] = [];
  for (let line = first; line <= last; line++) {
    const source = printable((lines[line - 1] ?? "").slice(cut, cut + frameWidth));
    out.push(`${line === location.line ? ">" : " "} ${String(line).padStart(digits)} | ${source}`.trimEnd());
    if (line === location.line) out.push(`  ${" ".repeat(digits)} | ${" ".repeat(location.column - 1 - cut)}^`);
  }
  return out.join("\n");
}

/** `file:line:column`, the message, a code frame where the file can be read again, and the next step. Ends without a newline. */
export function renderUserError(
  error: UserError,
  readText?: (file: string) => string,
  language: Language = "en",
): string {
  const place = error.location;
  const where = place === undefined ? "" : `${printable(place.file)}:${place.line}:${place.column}: `;
  const { message, hint } = errorWords(error, language);
  const labels = errorLabels[language];
  const parts = [`${labels.error}${where}${printable(message)}`];
  if (place !== undefined && readText !== undefined) {
    let text: string | undefined;
    try {
      text = readText(place.file);
    } catch {
      // The frame is a courtesy: a file that is gone by now costs only the frame.
    }
    const frame = text === undefined ? "" : codeFrame(text, place);
    if (frame !== "") parts.push(frame);
  }
  parts.push(`${labels.hint}${printable(hint)}`);
  return parts.join("\n\n");
}
