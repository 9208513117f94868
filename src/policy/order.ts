/** @file The order in which configs are listed: worst first. */
import type { Report } from "../report/report.ts";

/** By headroom, the largest shortfall first; then by name. */
export function worstFirst<R extends Pick<Report, "config" | "headroomBytes">>(reports: readonly R[]): readonly R[] {
  const headroom = (report: R): number => report.headroomBytes ?? Number.POSITIVE_INFINITY;
  return [...reports].sort((a, b) => headroom(a) - headroom(b) || (a.config < b.config ? -1 : 1));
}
