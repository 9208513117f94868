/** @file The text of a budget file, by the same YAML reader as configs. */
import { toValue } from "../config/node.ts";
import { readYaml } from "../config/read-yaml.ts";
import type { Budget } from "./budget.ts";
import { readBudget } from "./budget-file.ts";

/** Throws `yaml-invalid` or `budget-invalid`. */
export function parseBudgetYaml(file: string, text: string): Budget {
  return readBudget(file, toValue(readYaml(file, text).root));
}
