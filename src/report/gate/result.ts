/** @file The one result of `check`, which every format is rendered from. Its paths are a contract for `--format json`. */
import type { Location } from "../../config/types.ts";
import type { ErrorData } from "../../words/error-data.ts";
import { errorWords } from "../../words/error-words.ts";
import type { Language } from "../../words/language.ts";
import type { Judged } from "../finding.ts";
import type { GpuBudget, PlanSettings, Report, Verdict } from "../report.ts";

/** Bytes of the process in the worse of training and evaluation. */
export interface ProcessBytes {
  readonly low: number;
  readonly expected: number;
  readonly high: number;
}

/** One config on one card. */
export interface CardResult {
  readonly gpu: GpuBudget;
  readonly verdict: Verdict | undefined;
  readonly headroomBytes: number | undefined;
  readonly process: ProcessBytes;
  /** In the base; undefined where there is none, or where it could not be estimated there. */
  readonly baseProcess: ProcessBytes | undefined;
}

/** One setting that differs from the base. */
export interface SettingChange {
  readonly mark: "~" | "+" | "-";
  readonly key: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** One config that was checked. */
export interface ConfigResult {
  readonly config: string;
  /** Against the base: `unchanged` ones are here only where they were named one by one. `no-base`: nothing to compare with. */
  readonly state: "new" | "changed" | "unchanged" | "no-base";
  /** Undefined where it was not estimated: a finding says why. */
  readonly run: PlanSettings | undefined;
  readonly cards: readonly CardResult[];
  readonly changes: readonly SettingChange[];
  readonly findings: readonly Judged[];
}

/** One config that could not be estimated. */
export interface CheckFailure {
  readonly config: string;
  readonly code: keyof ErrorData;
  /** Facts of the code. */
  readonly data?: ErrorData[keyof ErrorData] | undefined;
  /** In English. */
  readonly message: string;
  readonly location: Location | undefined;
  /** The base fails in the same way. */
  readonly known: boolean;
}

/** What `check` finds: worst first. */
export interface CheckResult {
  readonly version: 1;
  readonly base: { readonly ref: string; readonly commit: string } | undefined;
  /** From the top of the repository to the working folder, with a slash at its end; empty at the top. */
  readonly prefix: string;
  readonly configs: readonly ConfigResult[];
  readonly failures: readonly CheckFailure[];
  /** YAML files that are no training config. */
  readonly skipped: readonly string[];
  /** Configs that are the same in the base, and were not run. */
  readonly unchangedCount: number;
  readonly exitCode: 0 | 1 | 2;
  /** One for each config and card, worst first. */
  readonly reports: readonly Report[];
}

/** All findings, worst first: those that fail, then errors, then warnings; known and hidden ones last. */
export function allFindings(result: Pick<CheckResult, "configs">): readonly Judged[] {
  const rank = ({ fails, status, level }: Judged): number =>
    fails ? 0 : status === "hidden" ? 4 : status === "known" ? 3 : level === "error" ? 1 : 2;
  const all = result.configs.flatMap(({ findings }) => findings);
  return all
    .map((one, i) => ({ one, i }))
    .sort((a, b) => rank(a.one) - rank(b.one) || a.i - b.i)
    .map(({ one }) => one);
}

/** Numbers of the last line. */
export function countOf(result: Pick<CheckResult, "configs" | "failures">): {
  readonly failed: number;
  readonly passed: number;
  readonly known: number;
  readonly hidden: number;
  readonly warnings: number;
} {
  const judged = allFindings(result);
  const failed = result.configs.filter(({ findings }) => findings.some((one) => one.fails)).length;
  return {
    failed,
    passed: result.configs.length - failed,
    known: judged.filter((one) => one.status === "known").length + result.failures.filter((one) => one.known).length,
    hidden: judged.filter((one) => one.status === "hidden").length,
    warnings: judged.filter((one) => !one.fails && one.status !== "known" && one.status !== "hidden").length,
  };
}

/** What is wrong with a config that could not be estimated, in a language. */
export function failureMessage({ code, data, message }: CheckFailure, language: Language): string {
  return language === "en" || data === undefined ? message : errorWords({ code, data }, language).message;
}
