/** @file `--watch`: runs again whenever a file that the last run read is saved. */
import { phrase } from "../words/phrase.ts";
import type { Host } from "./host.ts";
import { tellNotes } from "./load.ts";

/** Editors save in several steps: what comes within this many milliseconds is one change. */
const throttle = 200;

/** Clears a terminal and goes to its upper left corner (ECMA-48: ED 2, CUP). */
const clear = "\u001b[2J\u001b[H";

/** Runs until the signal comes, which is never on a command line: Ctrl-C ends the process. Returns the last exit code. */
export async function watch(host: Host, once: (host: Host) => Promise<number>, ended?: AbortSignal): Promise<number> {
  const args = host.args.filter((argument) => argument !== "--watch");
  const isEnded = (): boolean => ended?.aborted === true;
  let code = 0;
  for (let isFirst = true; !isEnded(); isFirst = false) {
    if (host.stdout.isTTY) host.stdout.write(clear);
    else if (!isFirst) host.stdout.write("\n");
    const texts = new Map<string, string>();
    const readText = (path: string): string => {
      // A file that is not there yet is waited for as well.
      texts.set(path, "");
      const text = host.readText(path);
      texts.set(path, text);
      return text;
    };
    code = await once({ ...host, args, readText });
    if (texts.size === 0 || isEnded()) return code;
    tellNotes(host, [phrase("watching", { files: texts.size })]);
    await change(host, texts, ended);
  }
  return code;
}

/** Waits until one of the files reads otherwise than it did. */
function change(host: Host, texts: ReadonlyMap<string, string>, ended: AbortSignal | undefined): Promise<void> {
  const isChanged = (): boolean => [...texts].some(([path, text]) => readOr(host, path, "") !== text);
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const finish = (): void => {
      clearTimeout(timer);
      stop?.();
      resolve();
    };
    const look = (): void => {
      timer = undefined;
      if (isChanged()) finish();
    };
    const soon = (): void => {
      timer ??= setTimeout(look, throttle);
    };
    const stop = host.watchFiles?.([...texts.keys()], soon);
    ended?.addEventListener("abort", finish, { once: true });
    // What was saved while the run was at work.
    soon();
  });
}

function readOr(host: Host, path: string, otherwise: string): string {
  try {
    return host.readText(path);
  } catch {
    return otherwise;
  }
}
