/** @file The commands of the gate on config changes: check, diff, init, schema. */
import type { Command } from "commander";
import { addCheckOptions, type CheckOptions } from "./check/options.ts";
import type { Host } from "./host.ts";
import { addOutputOptions, addRunOptions, type CommandOptions } from "./options.ts";
import { addPlaceOptions } from "./place.ts";

/** Adds them to the program; `done` gets the exit code. */
export function addGateCommands(program: Command, host: Host, done: (code: number) => void): void {
  const check = program
    .command("check")
    .summary("whether each of many configs fits, worst first; what a change makes worse")
    .description(
      "Whether each config fits its cards, worst first, and with --base what a change makes worse. Exit 1 if a finding fails the run.",
    )
    .argument("[paths...]", "configs, folders, or globs in quotes (default: all below this folder)");
  addOutputOptions(addPlaceOptions(addRunOptions(addCheckOptions(check)))).action(
    async (paths: readonly string[], options: CheckOptions) => {
      const { checkCommand } = await import("./commands/check.ts");
      done(await checkCommand(host, paths, options));
    },
  );

  const diff = program
    .command("diff")
    .summary("what differs between two configs: settings, bytes, layers")
    .description("What differs between two configs or saved reports: settings, bytes, layers.")
    .argument("<a>", "a config, a report saved with --json, or REF:path in git")
    .argument("<b>", "the same")
    .option("--gpu <name>", "a card, such as rtx4070, or a size, such as 12GiB");
  addOutputOptions(addPlaceOptions(addRunOptions(diff))).action(
    async (a: string, b: string, options: CommandOptions) => {
      const { diffCommand } = await import("./commands/diff.ts");
      done(await diffCommand(host, a, b, options));
    },
  );

  program
    .command("init")
    .summary("write a first budget file, a GitHub workflow and a pre-commit hook")
    .description("Write vram-plan.yaml, a GitHub workflow and a pre-commit hook. Files that exist stay as they are.")
    .option("--gpu <name>", "the card that configs have to fit (default: 24GiB)")
    .action(async (options: CommandOptions) => {
      const { initCommand } = await import("./commands/init.ts");
      done(await initCommand(host, options));
    });

  program
    .command("schema")
    .summary("the JSON schema of the budget file, a report or a check")
    .description("The JSON schema of the budget file (default), of a report (--json) or of check's result.")
    .argument("[what]", "budget, report or check", "budget")
    .action(async (what: string) => {
      const { schemaCommand } = await import("./commands/schema.ts");
      done(await schemaCommand(host, what));
    });
}
