/** @file What a run's exit code says: 0 fits or a plan was found, 1 does not; 2, could not run, is the command line's. */
import type { Report } from "../report/report.ts";

/** A tight config passes: it fits with the expected workspaces. Without a card there is nothing to fail. */
export function exitCode(reports: readonly Pick<Report, "verdict" | "plan">[]): 0 | 1 {
  return reports.some((report) => report.verdict === "does-not-fit" && report.plan?.feasible !== true) ? 1 : 0;
}
