/** @file What lies beside a written config: a script that runs the plan, and the launcher where the plan needs it. */
import { basename, dirname, join } from "node:path";
import { type LaunchCommand, launcherFile, launcherText, shellWord, UserError } from "../index.ts";
import type { Host } from "./host.ts";

/** The second line of a script, by which vram-plan knows its own. */
const mark = "# Written by vram-plan:";

/** Files of the launcher, beside one another. */
const launcherFiles = ["vram_train.py"];

/** The file that the launcher reads for `--lean`. */
const leanFile = "lean_losses.py";

/** A file to write. */
export interface OutFile {
  readonly path: string;
  readonly text: string;
}

/** `fitted.launch.sh` for `fitted.yml`. */
function scriptName(config: string): string {
  return `${basename(config).replace(/\.ya?ml$/, "")}.launch.sh`;
}

/** A flag and its values on one line. */
function lines(words: readonly string[]): string[] {
  const found: string[] = [];
  for (const word of words) {
    if (word.startsWith("--") || found.length === 0) found.push(shellWord(word));
    else found.push(`${found.pop()} ${shellWord(word)}`);
  }
  return found;
}

/** The script: environment and one command. `config` and `launcher` are words of a shell. */
function script(command: LaunchCommand, card: string, config: string, launcher: string): string {
  const program = command.script === "vram_train.py" ? launcher : command.script;
  const variables = Object.entries(command.environment).map(([name, value]) => `export ${name}=${shellWord(value)}`);
  const starter =
    command.distributed === undefined ? "" : ` -m paddle.distributed.launch ${command.distributed.join(" ")}`;
  const words = [
    `exec "\${PYTHON:-python}"${starter} ${program}`,
    `--config ${config}`,
    ...lines(command.flags),
    '"$@"',
  ];
  return [
    "#!/bin/sh",
    `${mark} trains with ${basename(command.config)}, fitted to ${card}. Run it in PaddleSeg's folder.`,
    "# Further options of tools/train.py, such as --save_dir or --resume_model, go behind it.",
    "set -eu",
    ...variables,
    `${words.join(" \\\n  ")}`,
    "",
  ].join("\n");
}

/** The script for `--print-launch`: the config as it was named, the launcher where vram-plan has it. */
export function printedScript(command: LaunchCommand, card: string): string {
  return script(command, card, shellWord(command.config), shellWord(launcherFile("vram_train.py")));
}

/**
 * The files that lie beside the config `out`, found by the script wherever they are moved together. Throws `out-exists` or
 * `out-differs` where one would cost the user a file.
 */
export function launchFiles(host: Host, out: string, command: LaunchCommand, card: string): readonly OutFile[] {
  const beside = (name: string): string => join(dirname(out), name);
  const here = '"$(dirname -- "$0")"';
  const text = script(command, card, `${here}/${shellWord(basename(out))}`, `${here}/vram_train.py`);
  const own = { path: beside(scriptName(out)), text };
  if (host.exists(own.path) && !host.readText(own.path).includes(`\n${mark}`)) {
    throw new UserError("out-exists", { out: own.path });
  }
  if (command.script !== "vram_train.py") return [own];
  const needed = command.flags.includes("--lean") ? [...launcherFiles, leanFile] : launcherFiles;
  const copies = needed.map((name) => ({ path: beside(name), text: launcherText(name) }));
  const wanted = copies.filter(({ path }) => !host.exists(path));
  for (const copy of copies) {
    if (!wanted.includes(copy) && host.readText(copy.path) !== copy.text) {
      throw new UserError("out-differs", { out: copy.path });
    }
  }
  return [own, ...wanted];
}
