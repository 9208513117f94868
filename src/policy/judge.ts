/** @file What findings mean: against the base, the baseline file and the levels of the budget. */
import type { CheckName, Finding, Judged, Level, Status } from "../report/finding.ts";
import { identity } from "../report/finding.ts";
import { checkNames } from "../report/finding-words.ts";
import { checks } from "./checks/index.ts";
import type { CheckContext, Subject } from "./subject.ts";

/** What makes a run fail: every finding of a level, or those of some checks. */
export type FailOn = { readonly level: "warn" | "error" | "none" } | { readonly checks: readonly CheckName[] };

export interface Rules {
  levelOf(name: CheckName): Level;
  readonly failOn: FailOn;
  /** Identities of the baseline file. */
  readonly baseline: ReadonlySet<string>;
}

/** All that the checks find, those that are off left out. */
function findAll(subject: Subject, context: CheckContext, rules: Rules): readonly Finding[] {
  const active = checkNames.filter((name) => rules.levelOf(name) !== "off");
  return active.flatMap((name): readonly Finding[] => checks[name].run(subject, context));
}

/** Codes that say how badly a card is missed, least first: one that gives way to a lesser one is no new finding. */
const misses: readonly CheckName[] = ["tight", "evaluation-does-not-fit", "does-not-fit"];

/** What the base had of the same kind, at least as bad in kind. */
function sameOf(finding: Finding, before: readonly Finding[]): readonly Finding[] {
  const rank = misses.indexOf(finding.code);
  return before.filter(
    (one) =>
      identity(one) === identity(finding) ||
      (rank >= 0 && misses.indexOf(one.code) > rank && one.gpu === finding.gpu && one.config === finding.config),
  );
}

function statusOf(finding: Finding, before: readonly Finding[], rules: Rules): Status {
  if (rules.baseline.has(identity(finding))) return "hidden";
  const same = sameOf(finding, before);
  if (same.length === 0) return "new";
  return same.every((one) => finding.size > one.size) ? "worse" : "known";
}

function failsAt(finding: Finding, level: Level, failOn: FailOn): boolean {
  if ("checks" in failOn) return failOn.checks.includes(finding.code);
  return failOn.level === "warn" ? true : failOn.level === "error" && level === "error";
}

/** Findings of the head, judged by those of the base. */
export function judge(head: Subject, context: CheckContext, rules: Rules): readonly Judged[] {
  const { base } = context;
  const without = { ...context, base: undefined };
  const before = base ? findAll(base, without, rules) : [];
  return findAll(head, context, rules).map((finding) => {
    const level = rules.levelOf(finding.code) === "warn" ? "warn" : "error";
    const status = statusOf(finding, before, rules);
    const fails = (status === "new" || status === "worse") && failsAt(finding, level, rules.failOn);
    return { finding, level, status, fails };
  });
}
