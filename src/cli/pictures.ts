/** @file The flags that say how one report is shown, and the writing of it: to stdout or to files, several at once. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { suggest, UserError } from "../errors.ts";
import { renderJson } from "../report/json.ts";
import type { View } from "../report/paint.ts";
import { isPictureName, type PictureName, pictureNames } from "../report/picture/names.ts";
import { wordsOf } from "../report/picture/words.ts";
import type { Report } from "../report/report.ts";
import { renderText, type TextOptions } from "../report/text.ts";
import { asIs, phrase } from "../words/phrase.ts";
import type { Host } from "./host.ts";
import { locale } from "./language.ts";
import { tellNotes } from "./load.ts";
import type { CommandOptions } from "./options.ts";
import { createView } from "./view.ts";

/** What commander hands to an action that shows one report. */
export interface PictureOptions extends CommandOptions {
  readonly format?: readonly string[] | undefined;
  readonly chart?: boolean | undefined;
}

/** A format and where it goes; undefined: stdout. */
export interface PictureOutput {
  readonly name: PictureName;
  readonly file: string | undefined;
}

const oneMore = (text: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), text];

/** Adds the flags of one report's outputs. */
export function addPictureOptions(command: Command): Command {
  return command
    .option("--format <name[=file]>", `${pictureNames.join(", ")}; to stdout or a file; repeat it for several`, oneMore)
    .option("--chart", "draw live bytes over an iteration and an image in the terminal");
}

/** Formats asked for; the terminal's where none is. `inputs` are never written over. Throws `format-not-known` or `out-is-input`. */
export function readPictures({ format, json }: PictureOptions, inputs: ReadonlySet<string>): readonly PictureOutput[] {
  const outputs = (format ?? []).map((text): PictureOutput => {
    const [name = "", ...rest] = text.split("=");
    if (!isPictureName(name)) {
      throw new UserError("format-not-known", { name, known: pictureNames, near: suggest(name, pictureNames) });
    }
    const file = rest.join("=");
    if (file === "") return { name, file: undefined };
    if ([...inputs].some((input) => resolve(input) === resolve(file)))
      throw new UserError("out-is-input", { out: file });
    return { name, file };
  });
  if (json === true) outputs.push({ name: "json", file: undefined });
  return outputs.length > 0 ? outputs : [{ name: "terminal", file: undefined }];
}

/** Whether a report needs its timeline for these outputs. */
export function wantsTimeline(outputs: readonly PictureOutput[], { chart }: PictureOptions): boolean {
  return chart === true || outputs.some(({ name }) => name !== "terminal" && name !== "json");
}

/** Writes each output; files are named on stderr. */
export async function writePictures(
  host: Host,
  report: Report,
  outputs: readonly PictureOutput[],
  options: PictureOptions,
  shown: Omit<TextOptions, keyof View>,
): Promise<void> {
  for (const output of outputs) {
    const text = await render(host, report, output, options, shown);
    if (output.file === undefined) host.stdout.write(text);
    else writeFile(host, output.file, text);
  }
}

function writeFile(host: Host, file: string, text: string): void {
  try {
    host.writeText(file, text);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new UserError("out-impossible", { out: file, reason: asIs(code) });
  }
  tellNotes(host, [phrase("written", { file })]);
}

async function render(
  host: Host,
  report: Report,
  { name, file }: PictureOutput,
  options: PictureOptions,
  shown: Omit<TextOptions, keyof View>,
): Promise<string> {
  if (name === "json") return renderJson(withoutTimeline(report));
  if (name !== "terminal") {
    const { pictures } = await import("../report/picture/index.ts");
    return pictures[name](report, host.language);
  }
  const view = await createView(host, file === undefined ? options.color : false);
  const text = renderText(report, { ...view, ...shown });
  if (options.chart !== true) return text;
  const { chartLines } = await import("../report/picture/chart.ts");
  const lines = chartLines(report, { ...view, unicode: hasUnicode(host.env) }, wordsOf(host.language));
  return `${text}\n${lines.join("\n")}\n`;
}

/** JSON is the same whatever else is written beside it. */
function withoutTimeline({ timeline, ...report }: Report): Report {
  return report;
}

/** Where no locale is set nothing speaks against it; TERM=dumb does. */
function hasUnicode(env: Host["env"]): boolean {
  const name = locale(env, "LC_CTYPE");
  return env.TERM !== "dumb" && (name === "" || /utf-?8/i.test(name));
}
