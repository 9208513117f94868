/** @file The flags of `check`, and what they mean once they are read. */
import { type Command, InvalidArgumentError } from "commander";
import { suggest, UserError } from "../../errors.ts";
import type { FailOn } from "../../policy/judge.ts";
import { checkNames, isCheckName } from "../../report/finding-words.ts";
import { type FormatName, formatNames, isFormatName } from "../../report/gate/names.ts";
import type { CommandOptions } from "../options.ts";

/** What commander hands to `check`. */
export interface CheckOptions extends Omit<CommandOptions, "gpu"> {
  readonly gpu?: readonly string[] | undefined;
  readonly base?: string | undefined;
  readonly format?: readonly string[] | undefined;
  /** A file, or false for none. */
  readonly budget?: string | false | undefined;
  readonly baseline?: string | undefined;
  readonly updateBaseline?: boolean | undefined;
  readonly failOn?: readonly string[] | undefined;
  readonly exitZero?: boolean | undefined;
}

/** A format and where it goes; undefined: stdout. */
export interface Output {
  readonly name: FormatName;
  readonly file: string | undefined;
}

const several = (text: string, before: readonly string[] | undefined): readonly string[] => {
  if (text.trim() === "") throw new InvalidArgumentError("It must not be empty.");
  return [...(before ?? []), ...text.split(",").map((one) => one.trim())];
};
const oneMore = (text: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), text];

/** Adds the flags of the gate. */
export function addCheckOptions(command: Command): Command {
  return command
    .option("--gpu <name>", "a card, such as rtx4070, or a size, such as 12GiB; repeat it for several", oneMore)
    .option("--base <ref>", "compare with the commit that HEAD and this branch share, such as origin/main")
    .option("--format <name[=file]>", `${formatNames.join(", ")}; to stdout or a file; repeat it for several`, oneMore)
    .option("--budget <file>", "budget file (default: the nearest vram-plan.yaml, upward from here)")
    .option("--no-budget", "no budget file")
    .option("--baseline <file>", "findings that are known and hidden")
    .option("--update-baseline", "write all that is found into the baseline file")
    .option("--fail-on <what>", "error (default), warn, none, or names of checks", several)
    .option("--exit-zero", "exit 0 where a finding would make it 1");
}

/** Formats asked for; the terminal's where none is. Throws `format-not-known`. */
export function readOutputs({ format, json }: CheckOptions): readonly Output[] {
  const outputs = (format ?? []).map((text): Output => {
    const [name = "", ...rest] = text.split("=");
    if (!isFormatName(name)) {
      throw new UserError("format-not-known", { name, known: formatNames, near: suggest(name, formatNames) });
    }
    const file = rest.join("=");
    return { name, file: file === "" ? undefined : file };
  });
  if (json === true) outputs.push({ name: "json", file: undefined });
  return outputs.length > 0 ? outputs : [{ name: "terminal", file: undefined }];
}

/** `--fail-on`. Throws `check-name-not-known`. */
export function readFailOn({ failOn }: CheckOptions): FailOn {
  const [first, ...more] = failOn ?? ["error"];
  if (more.length === 0 && (first === "error" || first === "warn" || first === "none")) return { level: first };
  const checks = (failOn ?? []).map((name) => {
    if (isCheckName(name)) return name;
    const known = ["error", "warn", "none", ...checkNames];
    throw new UserError("check-name-not-known", { name, known: checkNames, near: suggest(name, known) });
  });
  return { checks };
}
