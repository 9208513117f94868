/** @file What the budget file holds once it is read, and what of it applies to one config. */
import type { CheckName, Level } from "../report/finding.ts";
import { checkInfos } from "../report/finding-words.ts";
import { globExpression } from "./glob.ts";
import type { Increase } from "./subject.ts";

/** What may be said for all configs, and again for some of them. */
export interface BudgetRule {
  /** Names of cards, or sizes such as 12GiB. */
  readonly cards?: readonly string[] | undefined;
  readonly maxIncrease?: Increase | undefined;
  /** Memory of the card that has to stay free. */
  readonly headroom?: Increase | undefined;
  readonly checks?: Readonly<Partial<Record<CheckName, Level>>> | undefined;
}

/** `vram-plan.yaml`. */
export interface Budget extends BudgetRule {
  /** Globs of files that are never checked, from the budget file's folder. */
  readonly ignore: readonly string[];
  /** A later rule goes before an earlier one, key by key. */
  readonly budgets: readonly (BudgetRule & { readonly configs: readonly string[] })[];
}

/** No budget file. */
export const emptyBudget: Budget = { ignore: [], budgets: [] };

/** Whether one of the globs is for this path. */
export function matches(globs: readonly string[], path: string): boolean {
  return globs.some((glob) => globExpression(glob).test(path));
}

/** The rule for one config; `path` is taken from the budget file's folder. */
export function ruleFor(budget: Budget, path: string): BudgetRule {
  let { cards, maxIncrease, headroom, checks } = budget;
  for (const rule of budget.budgets) {
    if (!matches(rule.configs, path)) continue;
    cards = rule.cards ?? cards;
    maxIncrease = rule.maxIncrease ?? maxIncrease;
    headroom = rule.headroom ?? headroom;
    checks = { ...checks, ...rule.checks };
  }
  return { cards, maxIncrease, headroom, checks };
}

/** The level of a check under a rule. */
export function levelOf(rule: BudgetRule, name: CheckName): Level {
  return rule.checks?.[name] ?? checkInfos[name].level;
}

/** Bytes of a share or of a fixed size. */
export function bytesOf(increase: Increase, whole: number): number {
  return increase.kind === "bytes" ? increase.bytes : Math.ceil((whole * increase.percent) / 100);
}
