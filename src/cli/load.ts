/** @file What the commands share: flags to a prepared run, files remembered, notes on stderr. */
import { loadRun, type RunFlags } from "../index.ts";
import type { Prepared } from "../run-settings.ts";
import type { ByLanguage } from "../words/language.ts";
import { type Phrase, phrase, say } from "../words/phrase.ts";
import type { Host } from "./host.ts";
import type { CommandOptions } from "./options.ts";
import { parseRecorded, recordedFlags } from "./recorded.ts";

/** A run read from its config, with the files that it was made of. */
export interface LoadedRun {
  readonly run: Prepared;
  readonly files: ReadonlySet<string>;
  readonly options: CommandOptions;
}

/** Loads a config with the flags given, over those that the file itself records from an earlier plan. */
export function load(host: Host, file: string, options: CommandOptions): LoadedRun {
  const files = new Set<string>();
  let leaf = "";
  const readText = (path: string): string => {
    const text = host.readText(path);
    files.add(path);
    if (path === file) leaf = text;
    return text;
  };
  const read = (flags: CommandOptions): Prepared =>
    loadRun(file, runFlags(flags), {
      readText,
      exists: host.exists,
      list: host.list,
      opts: flags.opts,
      overrides: { batchSize: flags.batchSize },
    });
  const run = read(options);
  const words = recordedFlags(leaf);
  if (words === undefined || words === "") return { run, files, options };
  const recorded = parseRecorded(words, (text) => host.stderr.write(`${file}: ${text}`));
  const all = { ...recorded, ...options };
  tellNotes(host, [phrase("fitted-for", { file, flags: words })]);
  return { run: read(all), files, options: all };
}

function runFlags(options: CommandOptions): RunFlags {
  const { cropSize, evalSize, precision, ampLevel, recompute, lean, accumulation, convWorkspaceLimit } = options;
  const { doEval, useEma, dataFormat, prefetch, gpus } = options;
  const kept = { cropSize, evalSize, precision, ampLevel, recompute, lean, accumulation };
  return { ...kept, convWorkspaceLimitBytes: convWorkspaceLimit, doEval, useEma, dataFormat, prefetch, gpus };
}

const noteLabels: ByLanguage<string> = { en: "note: ", "zh-CN": "说明：" };

/** What a person should know at once; data goes to stdout, this to stderr. */
export function tellNotes(host: Pick<Host, "language" | "stderr">, notes: readonly Phrase[]): void {
  for (const note of notes) host.stderr.write(`${noteLabels[host.language]}${say(note, host.language)}\n`);
}
