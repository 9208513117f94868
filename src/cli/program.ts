/** @file The commander tree. Actions load what they need when they run. */
import { Command } from "commander";
import type { Host } from "./host.ts";
import { addDetailOptions, addOutputOptions, addRunOptions, type CommandOptions } from "./options.ts";
import { version } from "./version.ts";

/** Lines under the help. */
const examples = `
Examples:
  vram-plan train.yml --gpu rtx4070                       a plan that fits the card
  vram-plan train.yml --gpu rtx4070 --out fitted.yml      the same, and the config with its edits
  vram-plan estimate train.yml --batch-size 8 --depth 3   what takes the memory, layer by layer
  vram-plan check configs/*.yml --gpu 12GiB               one line each, exit 1 if one does not fit

Exit codes: 0 fits or a plan was found, 1 does not fit, 2 could not run.`;

/** The program for one host; `done` gets the exit code of the command that ran. */
export function createProgram(host: Host, done: (code: number) => void): Command {
  const program = new Command("vram-plan")
    .description(
      "VRAM budget planner for PaddleSeg training configs: does it fit, what takes the memory, what makes it fit.",
    )
    .version(version)
    .enablePositionalOptions()
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError("(vram-plan --help shows how it is called)")
    .configureOutput({
      writeOut: (text) => host.stdout.write(text),
      writeErr: (text) => host.stderr.write(text),
      getOutHelpWidth: () => host.stdout.columns ?? 80,
      getErrHelpWidth: () => host.stderr.columns ?? 80,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText("after", examples);

  const plan = program
    .command("plan", { isDefault: true })
    .summary("find the changes that make a config fit a card (the default)")
    .description("Find the changes that make a config fit a card, least harm first.")
    .argument("<config>", "a PaddleSeg training config (YAML)")
    .option("--gpu <name>", "a card, such as rtx4070, or a size, such as 12GiB")
    .option("--out <file>", "write the config with the plan's edits to a new file");
  addOutputOptions(addDetailOptions(addRunOptions(plan))).action(async (config: string, options: CommandOptions) => {
    const { planCommand } = await import("./commands/plan.ts");
    done(await planCommand(host, config, options));
  });

  const estimate = program
    .command("estimate")
    .summary("what a config takes, part by part")
    .description("What a config takes: training and evaluation, by kind and by layer, and what is alive at the peak.")
    .argument("<config>", "a PaddleSeg training config (YAML)")
    .option("--gpu <name>", "a card, such as rtx4070, or a size, such as 12GiB");
  addOutputOptions(addDetailOptions(addRunOptions(estimate))).action(
    async (config: string, options: CommandOptions) => {
      const { estimateCommand } = await import("./commands/estimate.ts");
      done(await estimateCommand(host, config, options));
    },
  );

  const check = program
    .command("check")
    .summary("whether each of many configs fits, worst first")
    .description("Whether each config fits a card: one line each, worst first; exit 1 if one does not.")
    .argument("<configs...>", "PaddleSeg training configs (YAML)")
    .requiredOption("--gpu <name>", "a card, such as rtx4070, or a size, such as 12GiB");
  addOutputOptions(addRunOptions(check)).action(async (configs: readonly string[], options: CommandOptions) => {
    const { checkCommand } = await import("./commands/check.ts");
    done(await checkCommand(host, configs, options));
  });

  const list = program
    .command("list")
    .summary("what is known: gpus, models, losses, knobs")
    .description("What vram-plan knows.")
    .argument("<what>", "gpus, models, losses or knobs");
  addOutputOptions(list).action(async (what: string, options: CommandOptions) => {
    const { listCommand } = await import("./commands/list.ts");
    done(await listCommand(host, what, options));
  });
  return program;
}
