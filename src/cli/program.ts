/** @file The commander tree. Actions load what they need when they run. */
import { Argument, Command } from "commander";
import type { CalibrateOptions } from "./commands/calibrate.ts";
import { addGateCommands } from "./gate-program.ts";
import { chineseExamples, speakChinese } from "./help-zh.ts";
import type { Host } from "./host.ts";
import {
  addDetailOptions,
  addLanguageOption,
  addOutputOptions,
  addRunOptions,
  type CommandOptions,
  wholeNumber,
} from "./options.ts";
import { addPictureOptions, type PictureOptions } from "./pictures.ts";
import { addPlaceOptions } from "./place.ts";
import { addPlanOptions, type PlanOptions } from "./plan-options.ts";
import { version } from "./version.ts";

/** Lines under the help. */
const examples = `
Examples:
  vram-plan train.yml --gpu rtx4070                       a plan that fits the card
  vram-plan train.yml --gpu rtx4070 --out fitted.yml      the same, and the config with its edits
  vram-plan estimate train.yml --batch-size 8 --depth 3   what takes the memory, layer by layer
  vram-plan check configs/*.yml --gpu 12GiB               one line each, exit 1 if one does not fit

Exit codes: 0 fits or a plan was found, 1 does not fit, 2 could not run.`;

const configHelp = "a PaddleSeg training config (YAML)";
const gpuHelp = "a card, such as rtx4070, a size, such as 12GiB, or auto: what nvidia-smi shows";

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
    .showHelpAfterError(
      host.language === "zh-CN" ? "（用法见 vram-plan --help）" : "(vram-plan --help shows how it is called)",
    )
    .configureOutput({
      writeOut: (text) => host.stdout.write(text),
      writeErr: (text) => host.stderr.write(text),
      getOutHelpWidth: () => host.stdout.columns ?? 80,
      getErrHelpWidth: () => host.stderr.columns ?? 80,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText("after", host.language === "zh-CN" ? chineseExamples : examples);

  const plan = program
    .command("plan", { isDefault: true })
    .summary("find the changes that make a config fit a card (the default)")
    .description("Find the changes that make a config fit a card, least harm first.")
    .argument("<config>", configHelp)
    .option("--gpu <name>", gpuHelp)
    .option("--out <file>", "write the config with the plan's edits to a new file, and FILE.launch.sh that runs it")
    .option("--print-launch", "print the script that runs the plan, and nothing else");
  addPictureOptions(plan);
  addOutputOptions(addDetailOptions(addPlanOptions(addPlaceOptions(addRunOptions(plan))))).action(
    async (config, options: PlanOptions) => {
      const { planCommand } = await import("./commands/plan.ts");
      done(await planCommand(host, config, options));
    },
  );

  const estimate = program
    .command("estimate")
    .summary("what a config takes, part by part")
    .description("What a config takes: training and evaluation, by kind and by layer, and what is alive at the peak.")
    .argument("<config>", configHelp)
    .option("--gpu <name>", gpuHelp);
  addPictureOptions(estimate);
  addOutputOptions(addDetailOptions(addPlaceOptions(addRunOptions(estimate)))).action(
    async (config: string, options: PictureOptions) => {
      const { estimateCommand } = await import("./commands/estimate.ts");
      done(await estimateCommand(host, config, options));
    },
  );

  addGateCommands(program, host, done);

  const max = program
    .command("max")
    .summary("the largest batch and the largest crop that fit a card")
    .description(
      "The largest batch and the largest crop that fit a card, and the largest batch of each crop and precision.",
    )
    .argument("<config>", configHelp)
    .requiredOption("--gpu <name>", gpuHelp);
  addOutputOptions(addPlaceOptions(addRunOptions(max))).action(async (config: string, options: CommandOptions) => {
    const { maxCommand } = await import("./commands/max.ts");
    done(await maxCommand(host, config, options));
  });

  const gpus = program
    .command("gpus")
    .summary("the smallest card that a config fits, as it is and with a plan")
    .description("The smallest card that a config fits as it is, and with a plan that changes nothing but time.")
    .argument("<config>", configHelp);
  addOutputOptions(addRunOptions(gpus)).action(async (config: string, options: CommandOptions) => {
    const { gpusCommand } = await import("./commands/gpus.ts");
    done(await gpusCommand(host, config, options));
  });

  const explain = program
    .command("explain")
    .summary("where the bytes of a layer come from, op by op")
    .description(
      "Where the bytes of a layer come from, op by op: made by forward, saved for backward, alive at the peak.",
    )
    .argument("<config>", configHelp)
    .option("--layer <name>", "a layer or loss, such as backbone.features.2 (default: the whole network)")
    .option("--top <n>", "how many ops to show", wholeNumber(1));
  addOutputOptions(addRunOptions(explain)).action(async (config: string, options: CommandOptions) => {
    const { explainCommand } = await import("./commands/explain.ts");
    done(await explainCommand(host, config, options));
  });

  const curve = program
    .command("curve")
    .summary("bytes against slowdown, over what may be recomputed")
    .description("Bytes against slowdown: the sets of recomputed layers that no other set beats in both.")
    .argument("<config>", configHelp)
    .requiredOption("--gpu <name>", gpuHelp);
  addOutputOptions(addPlaceOptions(addRunOptions(curve))).action(async (config: string, options: CommandOptions) => {
    const { curveCommand } = await import("./commands/curve.ts");
    done(await curveCommand(host, config, options));
  });

  const calibrate = program
    .command("calibrate")
    .summary("a training log against the estimate of its run; its receipt narrows later ones")
    .description(
      "A PaddleSeg log against the estimate of its run: where a difference lies, a leak, the layer that ran out of memory. Stores a receipt in vram-plan.receipts.yaml, which narrows later estimates for the same card, Paddle and cuDNN.",
    )
    .argument("<log>", "a log that PaddleSeg's tools/train.py printed")
    .option("--config <file>", "the config of the run (default: the one that the log holds)")
    .option("--gpu <name>", `${gpuHelp} (default: the one that the log names)`);
  addOutputOptions(addRunOptions(calibrate)).action(async (log: string, options: CalibrateOptions) => {
    const { calibrateCommand } = await import("./commands/calibrate.ts");
    done(await calibrateCommand(host, log, options));
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

  program
    .command("completion")
    .summary("a script that completes vram-plan in your shell")
    .description('Print a script that completes vram-plan in a shell: eval "$(vram-plan completion bash)".')
    .addArgument(new Argument("<shell>", "the shell").choices(["bash", "zsh", "fish"]))
    .action(async (shell: "bash" | "zsh" | "fish") => {
      const { completionCommand } = await import("./commands/completion.ts");
      done(await completionCommand(host, program, shell));
    });
  for (const command of [program, ...program.commands]) addLanguageOption(command);
  if (host.language === "zh-CN") speakChinese(program);
  return program;
}
