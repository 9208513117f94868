/** @file The outside world as an argument: the command line touches files, streams and environment through a Host only. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Files } from "../config/merge.ts";

/** A standard stream. */
export interface Stream {
  write(text: string): void;
  readonly isTTY: boolean;
  /** Undefined where there is no terminal. */
  readonly columns: number | undefined;
}

/** Everything that a run takes from the outside and gives back to it. */
export interface Host extends Files {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly exists: (path: string) => boolean;
  readonly list: (folder: string) => readonly string[];
  readonly writeText: (path: string, text: string) => void;
}

/** Files under a working folder; paths stay as the user wrote them. */
export function filesIn(cwd: string): Pick<Host, "readText" | "exists" | "list" | "writeText"> {
  return {
    readText: (path) => readFileSync(resolve(cwd, path), "utf8"),
    exists: (path) => existsSync(resolve(cwd, path)),
    list: (folder) => (statSync(resolve(cwd, folder)).isDirectory() ? readdirSync(resolve(cwd, folder)) : []),
    writeText: (path, text) => writeFileSync(resolve(cwd, path), text),
  };
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
  return {
    args: process.argv.slice(2),
    env: process.env,
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
