/** @file A Host without a process: arguments, streams that collect, the project's recipes as the working folder, files in memory. */
import { join } from "node:path";
import { filesIn, type Host } from "../../src/cli/host.ts";
import { chooseLanguage } from "../../src/cli/language.ts";
import { run } from "../../src/cli/run.ts";

/** The folder of the config that the project ships. */
export const recipes = join(import.meta.dirname, "../../presets/recipes");
/** That config, as a user in the folder names it. */
export const recipe = "pp-liteseg-stdc2-cityscapes-b16.yml";

/** What a run of the command line left behind. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** Files that were written, by name. */
  readonly written: ReadonlyMap<string, string>;
}

export interface World {
  readonly env?: Readonly<Record<string, string>>;
  /** Columns of a terminal on stdout; undefined: a pipe. */
  readonly terminal?: number;
  readonly cwd?: string;
  /** Files that lie over those on disk. */
  readonly files?: Readonly<Record<string, string>>;
  /** What writing a file throws, as node:fs would. */
  readonly writeFails?: string;
  /** What reading any file throws. */
  readonly bug?: Error;
}

/** Runs `vram-plan ARGS` in process. */
export async function vramPlan(args: readonly string[], world: World = {}): Promise<Outcome> {
  const [out, err]: [string[], string[]] = [[], []];
  const written = new Map(Object.entries(world.files ?? {}));
  const changed = new Map<string, string>();
  const disk = filesIn(world.cwd ?? recipes);
  const { terminal } = world;
  const host: Host = {
    args,
    env: world.env ?? {},
    language: chooseLanguage(args, world.env ?? {}),
    stdout: { write: (text) => void out.push(text), isTTY: terminal !== undefined, columns: terminal },
    stderr: { write: (text) => void err.push(text), isTTY: terminal !== undefined, columns: terminal },
    ...disk,
    readText: (path) => {
      if (world.bug !== undefined) throw world.bug;
      return written.get(path) ?? disk.readText(path);
    },
    exists: (path) => written.has(path) || disk.exists(path),
    writeText: (path, text) => {
      if (world.writeFails !== undefined) throw Object.assign(new Error("cannot write"), { code: world.writeFails });
      written.set(path, text);
      changed.set(path, text);
    },
  };
  const code = await run(host);
  return { code, out: out.join(""), err: err.join(""), written: changed };
}
