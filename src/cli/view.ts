/** @file Width and colours of the terminal, decided once. */
import type { Paint, View } from "../report/paint.ts";
import { plain } from "../report/paint.ts";
import type { Host } from "./host.ts";

/** Width where there is no terminal to ask; lines stay readable in a log. */
const defaultWidth = 100;
/** Narrower terminals get lines that are too long rather than columns of one letter. */
const narrowest = 60;

/** `--color/--no-color` first, then NO_COLOR, then FORCE_COLOR, then whether stdout is a terminal that can. */
export function wantsColour({ env, stdout }: Pick<Host, "env" | "stdout">, flag: boolean | undefined): boolean {
  if (flag !== undefined) return flag;
  if ((env.NO_COLOR ?? "") !== "") return false;
  const force = env.FORCE_COLOR;
  if (force !== undefined) return force !== "0" && force !== "false";
  return stdout.isTTY && env.TERM !== "dumb";
}

/** The view on stdout. chalk is loaded only where there is colour. */
export async function createView(
  host: Pick<Host, "env" | "language" | "stdout">,
  flag: boolean | undefined,
): Promise<View> {
  const columns = host.stdout.columns ?? (Number(host.env.COLUMNS) || defaultWidth);
  const width = Math.max(narrowest, columns);
  return { language: host.language, paint: wantsColour(host, flag) ? await createPaint() : plain, width };
}

async function createPaint(): Promise<Paint> {
  const { Chalk } = await import("chalk");
  // Level 1, the 16 colours that every terminal's own theme keeps readable; given, as chalk's own rule overlooks NO_COLOR.
  const chalk = new Chalk({ level: 1 });
  return {
    strong: (text) => chalk.bold(text),
    faint: (text) => chalk.dim(text),
    good: (text) => chalk.green(text),
    bad: (text) => chalk.red(text),
    warning: (text) => chalk.yellow(text),
    accent: (text) => chalk.cyan(text),
  };
}
