/** @file `--out`: writes the config with a plan's edits beside the original, never over a file that it did not write itself. */
import { resolve } from "node:path";
import { UserError } from "../errors.ts";
import { givenEdits, planText } from "../index.ts";
import type { Plan, Report } from "../report/report.ts";
import { asIs, type Phrase, phrase } from "../words/phrase.ts";
import type { Host } from "./host.ts";
import { launchFiles } from "./launch-files.ts";
import type { LoadedRun } from "./load.ts";
import { header, recordLines, withoutRecord } from "./recorded.ts";

/** Refuses a name that would cost the user a file. Runs before the search, so that nothing is awaited in vain. */
export function checkOut(host: Host, out: string, loaded: LoadedRun): void {
  if (!/ya?ml$/.test(out)) throw new UserError("file-not-yaml-name", { file: out });
  if ([...loaded.files].some((file) => resolve(file) === resolve(out))) throw new UserError("out-is-input", { out });
  if (!host.exists(out)) return;
  let text: string;
  try {
    text = host.readText(out);
  } catch (error) {
    throw new UserError("out-impossible", { out, reason: reasonOf(error) });
  }
  if (!text.includes(`\n${header}`)) throw new UserError("out-exists", { out });
}

/** Why a file cannot be written. */
export function reasonOf(error: unknown): Phrase {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const words: Readonly<Record<string, Phrase>> = {
    ENOENT: phrase("no-folder", {}),
    ENOTDIR: phrase("folder-is-file", {}),
    EISDIR: phrase("it-is-a-folder", {}),
    EACCES: phrase("no-permission", {}),
    EPERM: phrase("no-permission", {}),
    EROFS: phrase("read-only", {}),
    ENOSPC: phrase("disk-full", {}),
  };
  return words[code] ?? asIs(String(error));
}

/** Writes the file whole, its text known to be good before, and what runs it beside it. Gives the names of what was written. */
export function writeOut(
  host: Host,
  out: string,
  loaded: LoadedRun,
  report: Report,
  plan: Plan,
): readonly [string, ...string[]] {
  const { file } = loaded.run.config;
  const files = {
    ...host,
    readText: (path: string) => (path === file ? withoutRecord(host.readText(path)) : host.readText(path)),
  };
  const text = planText(
    { file, outFile: out, files, edits: givenEdits(loaded.run.config, loaded.options, plan) },
    plan,
  );
  const ended = text.endsWith("\n") ? text : `${text}\n`;
  const card = report.gpu?.name ?? "";
  const beside = launchFiles(host, out, plan.command, card);
  write(host, out, ended + recordLines(file, card, plan, loaded.options));
  for (const one of beside) write(host, one.path, one.text);
  return [out, ...beside.map((one) => one.path)];
}

function write(host: Host, path: string, text: string): void {
  try {
    host.writeText(path, text);
  } catch (error) {
    throw new UserError("out-impossible", { out: path, reason: reasonOf(error) });
  }
}
