/** @file The budget file's schema: the one border at which `vram-plan.yaml` is read, and the source of its JSON schema. */
import { z } from "zod";
import { UserError } from "../errors.ts";
import type { CheckName, Level } from "../report/finding.ts";
import { checkNames } from "../report/finding-words.ts";
import { parseBytes } from "../units.ts";
import { asIs, phrase } from "../words/phrase.ts";
import type { Budget, BudgetRule } from "./budget.ts";
import type { Increase } from "./subject.ts";

const size = z
  .string()
  .regex(/^\s*\d+(\.\d+)?\s*([KMGT]i?)?B\s*$/i, "has to be a size with its unit, such as 11.5GiB")
  .describe("A size with its unit, such as 11.5GiB.");
const share = z
  .string()
  .regex(/^\s*\d+(\.\d+)?\s*(%|([KMGT]i?)?B)\s*$/i, "has to be a share or a size with its unit, such as 5% or 500MiB")
  .describe("A share such as 5%, or a size such as 500MiB.");
const oneOrMore = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);
// To YAML 1.1, `off` is false.
const level = z.union([z.enum(["off", "warn", "error"]), z.literal(false)]);

const ruleShape = {
  gpu: oneOrMore.optional().describe("Cards, such as rtx4070, or sizes, such as 12GiB; each config has to fit all."),
  memory: size.optional().describe("Bytes that a training process may take, in place of a card."),
  "max-increase": share.optional().describe("How much more than the base a config may take."),
  headroom: share.optional().describe("Memory of the card that has to stay free."),
  checks: z
    .partialRecord(z.enum(checkNames), level)
    .optional()
    .describe("Level of each check; error fails the run, warn is shown."),
};

/** The file as it is written. */
export const budgetSchema = z
  .strictObject({
    ...ruleShape,
    ignore: oneOrMore.optional().describe("Globs of files that are never checked."),
    budgets: z
      .array(z.strictObject({ configs: oneOrMore.describe("Globs, from the folder of this file."), ...ruleShape }))
      .optional()
      .describe("Rules for some configs; a later one goes before an earlier one."),
  })
  .describe("Budget file of vram-plan check: vram-plan.yaml");

type Written = z.infer<typeof budgetSchema>;

const listOf = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === "string" ? [value] : value;

/** `5%` or `500MiB`. */
function readIncrease(text: string | undefined): Increase | undefined {
  if (text === undefined) return undefined;
  if (text.trim().endsWith("%")) return { kind: "percent", percent: Number(text.trim().slice(0, -1)) };
  return { kind: "bytes", bytes: parseBytes(text) ?? 0 };
}

function readLevels(written: NonNullable<Written["checks"]>): Partial<Record<CheckName, Level>> {
  const levels: Partial<Record<CheckName, Level>> = {};
  for (const name of checkNames) {
    const level = written[name];
    if (level !== undefined) levels[name] = level === false ? "off" : level;
  }
  return levels;
}

function readRule(written: Omit<Written, "ignore" | "budgets">): BudgetRule {
  const cards = [...listOf(written.gpu), ...listOf(written.memory)];
  return {
    cards: cards.length === 0 ? undefined : cards,
    maxIncrease: readIncrease(written["max-increase"]),
    headroom: readIncrease(written.headroom),
    checks: written.checks && readLevels(written.checks),
  };
}

/** Checks the parsed YAML of a budget file. Throws `budget-invalid` with the key and what is wrong with it. */
export function readBudget(file: string, value: unknown): Budget {
  const result = budgetSchema.safeParse(value ?? {});
  if (!result.success) {
    const [issue] = result.error.issues;
    const key = issue?.path.join(".") || "the file";
    throw new UserError("budget-invalid", {
      file,
      key,
      reason: issue === undefined ? phrase("not-valid", {}) : asIs(issue.message),
    });
  }
  const { ignore, budgets = [], ...rule } = result.data;
  return {
    ...readRule(rule),
    ignore: listOf(ignore),
    budgets: budgets.map(({ configs, ...one }) => ({ ...readRule(one), configs: listOf(configs) })),
  };
}

/** The schema for editors. */
export function budgetJsonSchema(): unknown {
  return z.toJSONSchema(budgetSchema, { target: "draft-07", io: "input" });
}
