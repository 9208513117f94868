/** @file Finds and reads the budget file: the one given, or the nearest one upward. */
import { dirname, join, relative, resolve } from "node:path";
import { UserError } from "../../errors.ts";
import { type Budget, emptyBudget } from "../../policy/budget.ts";
import { parseBudgetYaml } from "../../policy/budget-yaml.ts";
import type { Host } from "../host.ts";
import type { CheckOptions } from "./options.ts";

/** The name that is looked for. */
export const budgetName = "vram-plan.yaml";

export interface FoundBudget {
  readonly budget: Budget;
  /** Undefined where there is none. */
  readonly file: string | undefined;
  /** A config's path from the budget file's folder, as its globs want it. */
  pathOf(config: string): string;
}

/** The nearest budget file, from the working folder up to the root. */
function nearest(host: Host): string | undefined {
  for (let folder = host.cwd; ; folder = dirname(folder)) {
    const file = join(folder, budgetName);
    if (host.exists(file)) return folder === host.cwd ? budgetName : file;
    if (dirname(folder) === folder) return undefined;
  }
}

/** Reads it. Throws `file-not-found`, `yaml-invalid` or `budget-invalid`. */
export function findBudget(host: Host, { budget: given }: CheckOptions): FoundBudget {
  const file = given === false ? undefined : (given ?? nearest(host));
  const folder = file === undefined ? host.cwd : dirname(resolve(host.cwd, file));
  const pathOf = (config: string): string => relative(folder, resolve(host.cwd, config)).replaceAll("\\", "/");
  if (file === undefined) return { budget: emptyBudget, file, pathOf };
  if (!host.exists(file)) throw new UserError("file-not-found", { file, near: [] });
  return { budget: parseBudgetYaml(file, host.readText(file)), file, pathOf };
}
