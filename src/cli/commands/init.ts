/** @file `vram-plan init`: a first budget file, a GitHub workflow and a pre-commit hook; nothing is overwritten. */
import { dirname } from "node:path";
import { UserError } from "../../errors.ts";
import { createContext } from "../../index.ts";
import { budgetName } from "../check/budget.ts";
import { budgetText, preCommitText, workflowText } from "../check/templates.ts";
import type { Host } from "../host.ts";
import type { CommandOptions } from "../options.ts";
import { reasonOf } from "../out.ts";
import { version } from "../version.ts";

/** A size where no card is named: the user is told to put theirs. */
const anyCard = "24GiB";

/** Writes what is not there yet. Throws `gpu-not-known` or `out-impossible`. */
export async function initCommand(host: Host, { gpu = anyCard }: CommandOptions): Promise<number> {
  createContext(gpu);
  const files: readonly (readonly [string, string])[] = [
    [budgetName, budgetText(gpu)],
    [".github/workflows/vram-plan.yml", workflowText(version)],
    [".pre-commit-config.yaml", `repos:\n${preCommitText()}`],
  ];
  for (const [file, text] of files) host.stdout.write(`${put(host, file, text)}\n`);
  if (gpu === anyCard)
    host.stdout.write(`Put your own cards into ${budgetName}; vram-plan list gpus has their names.\n`);
  return 0;
}

function put(host: Host, file: string, text: string): string {
  if (host.exists(file)) {
    if (!file.startsWith(".pre-commit")) return `kept     ${file} (it exists)`;
    if (host.readText(file).includes("vram-plan")) return `kept     ${file} (it has the hook)`;
    return `kept     ${file} (it exists); to have the hook, add under repos:\n${preCommitText().trimEnd()}`;
  }
  try {
    if (dirname(file) !== ".") host.makeFolder(dirname(file));
    host.writeText(file, text);
  } catch (error) {
    throw new UserError("out-impossible", { out: file, reason: reasonOf(error) });
  }
  return `written  ${file}`;
}
