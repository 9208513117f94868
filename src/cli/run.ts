/** @file One run of the command line against a Host: arguments in, exit code out. The only place that catches errors to print them. */
import { renderUserError } from "../error-text.ts";
import { suggest, UserError } from "../errors.ts";
import type { Host } from "./host.ts";
import { takeLanguage } from "./language.ts";
import { withStdin } from "./stdin.ts";
import { version } from "./version.ts";
import { watch } from "./watch.ts";

/** Names of the commands, for the guess at a mistyped one. */
const commands = [
  "plan",
  "estimate",
  "max",
  "gpus",
  "explain",
  "curve",
  "check",
  "diff",
  "init",
  "schema",
  "calibrate",
  "list",
  "completion",
  "help",
];

/** Could not run: usage errors, user errors, bugs. */
const couldNotRun = 2;

/** `--batch_size` as PaddleSeg writes it means `--batch-size`; values keep their underscores. */
function dashed(argument: string): string {
  if (!argument.startsWith("--")) return argument;
  const [name = "", ...value] = argument.split("=");
  return [name.replaceAll("_", "-"), ...value].join("=");
}

/** A first word that looks like a command and not like a file. */
function refuseUnknownCommand(host: Host, [first]: readonly string[]): void {
  if (first === undefined || first.startsWith("-") || commands.includes(first) || /[./\\]/.test(first)) return;
  if (host.exists(first)) return;
  throw new UserError("command-not-known", { name: first, near: suggest(first, commands) });
}

/** Runs and returns the exit code: 0 fits or a plan was found, 1 does not, 2 could not run. */
export async function run(outside: Host): Promise<number> {
  const host = withStdin(outside);
  return host.args.includes("--watch") && host.watchFiles !== undefined ? watch(host, once) : once(host);
}

async function once(host: Host): Promise<number> {
  if (host.args.length === 1 && (host.args[0] === "--version" || host.args[0] === "-V")) {
    host.stdout.write(`${version}\n`);
    return 0;
  }
  try {
    const args = takeLanguage(host.args);
    refuseUnknownCommand(host, args);
    return await runProgram(host, args);
  } catch (error) {
    if (error instanceof UserError) {
      host.stderr.write(`${renderUserError(error, host.readText, host.language)}\n`);
      return couldNotRun;
    }
    // A bug keeps its stack: it is what its report needs.
    const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
    host.stderr.write(`vram-plan failed; this is a bug in vram-plan, not in your config.\n${trace}\n`);
    return couldNotRun;
  }
}

async function runProgram(host: Host, args: readonly string[]): Promise<number> {
  const { CommanderError } = await import("commander");
  const { createProgram } = await import("./program.ts");
  let code = 0;
  const program = createProgram(host, (result) => {
    code = result;
  });
  if (args.length === 0) {
    program.outputHelp({ error: true });
    return couldNotRun;
  }
  try {
    await program.parseAsync(args.map(dashed), { from: "user" });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : couldNotRun;
  }
}
