/** @file The report for programs: the Report itself, with null where there is nothing, so that every path of the contract exists. */
import type { Report } from "./report.ts";

/** Two blanks a level, a newline at the end. */
export function renderJson(value: object): string {
  return `${JSON.stringify(value, (_key, item: unknown) => (item === undefined ? null : item), 2)}\n`;
}

/** One config that could not be estimated. */
export interface CheckFailure {
  readonly config: string;
  readonly code: string;
  readonly message: string;
  readonly location: { readonly file: string; readonly line: number; readonly column: number } | undefined;
}

/** What `check` finds: reports worst first. */
export interface CheckResult {
  readonly version: 1;
  readonly reports: readonly Report[];
  readonly failures: readonly CheckFailure[];
}
