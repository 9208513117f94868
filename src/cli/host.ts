/** @file The outside world as an argument: the command line touches files, streams and environment through a Host only. */
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Files } from "../config/merge.ts";
import type { Language } from "../words/language.ts";
import { chooseLanguage } from "./language.ts";

/** A standard stream. */
export interface Stream {
  write(text: string): void;
  readonly isTTY: boolean;
  /** Undefined where there is no terminal. */
  readonly columns: number | undefined;
}

/** What git printed. */
export interface GitAnswer {
  /** 127 where there is no git. */
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Everything that a run takes from the outside and gives back to it. */
export interface Host extends Files {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What text is written in: --lang, else the locale. JSON and other formats of machines are always English. */
  readonly language: Language;
  /** Milliseconds; undefined: no clock, so nothing depends on how long it takes. */
  readonly now?: (() => number) | undefined;
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly exists: (path: string) => boolean;
  readonly list: (folder: string) => readonly string[];
  /** Writes a file whole or not at all. */
  readonly writeText: (path: string, text: string) => void;
  readonly appendText: (path: string, text: string) => void;
  readonly makeFolder: (path: string) => void;
  /** The working folder, absolute. */
  readonly cwd: string;
  readonly isFolder: (path: string) => boolean;
  /** Files below a folder, sorted; hidden folders, node_modules and links to folders are not entered. */
  readonly walk: (folder: string) => readonly string[];
  readonly git: (args: readonly string[]) => GitAnswer;
  /** What nvidia-smi prints; undefined where there is none or it fails. */
  readonly nvidiaSmi?: ((args: readonly string[]) => string | undefined) | undefined;
  /** All of standard input. */
  readonly readStdin?: (() => string) | undefined;
  /** Tells of every save of one of these files, and maybe of others beside them; returns what ends it. */
  readonly watchFiles?: ((files: readonly string[], onSave: () => void) => () => void) | undefined;
}

/** Files under a working folder; paths stay as the user wrote them. */
export function filesIn(cwd: string): Omit<Host, "args" | "env" | "language" | "stdout" | "stderr" | "now"> {
  const at = (path: string): string => resolve(cwd, path);
  return {
    cwd,
    readText: (path) => readFileSync(at(path), "utf8"),
    exists: (path) => existsSync(at(path)),
    list: (folder) => (statSync(at(folder)).isDirectory() ? readdirSync(at(folder)) : []),
    writeText: (path, text) => writeWhole(at(path), text),
    appendText: (path, text) => appendFileSync(at(path), text),
    makeFolder: (path) => void mkdirSync(at(path), { recursive: true }),
    isFolder: (path) => statSync(at(path), { throwIfNoEntry: false })?.isDirectory() === true,
    walk: (folder) => [...filesBelow(cwd, folder)],
    git: (args) => askGit(cwd, args),
    readStdin: () => readFileSync(0, "utf8"),
    watchFiles: (files, onSave) => watchFolders(new Set(files.map((file) => dirname(at(file)))), onSave),
    nvidiaSmi: (args) => {
      const { status, stdout, error } = spawnSync("nvidia-smi", [...args], { encoding: "utf8" });
      return error !== undefined || status !== 0 ? undefined : stdout;
    },
  };
}

/** Under another name first, so that a reader never sees half of a file; devices and pipes are written as they are. */
function writeWhole(file: string, text: string): void {
  const old = statSync(file, { throwIfNoEntry: false });
  if (old !== undefined && !old.isFile()) {
    writeFileSync(file, text);
    return;
  }
  const other = join(dirname(file), `.vram-plan-${process.pid}-${Date.now()}.tmp`);
  try {
    writeFileSync(other, text);
    if (old !== undefined) chmodSync(other, old.mode);
    renameSync(other, file);
  } catch (error) {
    rmSync(other, { force: true });
    throw error;
  }
}

/** Folders and not files: editors save under another name and rename, which ends the watch of a file. */
function watchFolders(folders: ReadonlySet<string>, onSave: () => void): () => void {
  const watchers = [...folders].filter((folder) => existsSync(folder)).map((folder) => watch(folder, onSave));
  return () => {
    for (const watcher of watchers) watcher.close();
  };
}

function* filesBelow(cwd: string, folder: string): Generator<string> {
  const entries = readdirSync(resolve(cwd, folder), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = folder === "." ? entry.name : join(folder, entry.name);
    if (!entry.isDirectory()) yield path;
    else if (!entry.name.startsWith(".") && entry.name !== "node_modules") yield* filesBelow(cwd, path);
  }
}

/** Far more than all configs of a repository and their names. */
const mostBytesOfGit = 2 ** 30;

function askGit(cwd: string, args: readonly string[]): GitAnswer {
  const { status, stdout, stderr, error } = spawnSync("git", [...args], {
    cwd,
    encoding: "utf8",
    maxBuffer: mostBytesOfGit,
    // Names are asked for as they are, in the language that this program reads.
    env: { ...process.env, LC_ALL: "C", GIT_OPTIONAL_LOCKS: "0" },
  });
  if (error !== undefined) return { code: 127, out: "", err: "there is no program git" };
  return { code: status ?? 127, out: stdout, err: stderr };
}

/** What of a process a Host is made of. */
interface ProcessLike {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  cwd(): string;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

function stream(out: NodeJS.WriteStream): Stream {
  // A reader that has gone away (`| head`) is no failure.
  out.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  return {
    write: (text) => void out.write(text),
    isTTY: out.isTTY === true,
    columns: out.columns,
  };
}

/** The Host of a real process. Streams are opened when first used: each costs a millisecond at start. */
export function nodeHost(process: ProcessLike): Host {
  let [stdout, stderr]: [Stream | undefined, Stream | undefined] = [undefined, undefined];
  const args = process.argv.slice(2);
  return {
    args,
    env: process.env,
    language: chooseLanguage(args, process.env),
    now: () => performance.now(),
    get stdout() {
      stdout ??= stream(process.stdout);
      return stdout;
    },
    get stderr() {
      stderr ??= stream(process.stderr);
      return stderr;
    },
    ...filesIn(process.cwd()),
  };
}
