/** @file Many configs on one card: one line each, worst first, the summary last. */
import { formatGiB } from "../units.ts";
import type { CheckResult } from "./json.ts";
import type { View } from "./paint.ts";
import type { Report, Verdict } from "./report.ts";
import { table, wrap } from "./table.ts";
import { count, describeRun, percent, worstProcess } from "./words.ts";

const marks: Readonly<Record<Verdict, string>> = { fits: "ok", tight: "tight", "does-not-fit": "FAIL" };

function row(report: Report): string[] {
  const headroom = report.headroomBytes ?? 0;
  const usable = report.gpu?.usableBytes ?? 0;
  const margin = `${formatGiB(Math.abs(headroom), 1)} ${headroom >= 0 ? "spare" : "short"}`;
  return [
    report.verdict === undefined ? "" : marks[report.verdict],
    report.config,
    formatGiB(worstProcess(report).high, 1),
    `${margin} (${percent(headroom, usable)})`,
    describeRun(report.run),
  ];
}

/** Configs that could not be estimated come first: nothing is known of them. */
export function renderCheck(result: CheckResult, { paint, width }: View): string {
  const failed = result.failures.flatMap(({ config, message, location }) => {
    const place = location === undefined ? config : `${location.file}:${location.line}`;
    return wrap(`${place}: ${message}`, width, "error  ").map(paint.bad);
  });
  const right = { align: "right" } as const;
  const columns = [{ title: "" }, { title: "" }, { title: "", ...right }, { title: "", ...right }];
  const rows = result.reports.map(row);
  // File names are never cut: they are what a log is searched for. What each run is goes where there is no room.
  const full = table([...columns, { title: "" }], rows, width, 0);
  const lines = full.every((line) => line.length <= width) ? full : table(columns, rows, width, 0);
  const painted = lines.map((line, i) => {
    const verdict = result.reports[i]?.verdict;
    return verdict === "does-not-fit" ? paint.bad(line) : verdict === "tight" ? paint.warning(line) : line;
  });
  return `${[...failed, ...painted, paint.strong(summary(result))].join("\n")}\n`;
}

function summary({ reports, failures }: CheckResult): string {
  const of = (verdict: Verdict): number => reports.filter((report) => report.verdict === verdict).length;
  const card = reports[0]?.gpu?.name ?? "the card";
  const parts = [
    `${of("does-not-fit")} of ${count(reports.length, "config")} ${of("does-not-fit") === 1 ? "does" : "do"} not fit ${card}`,
  ];
  if (of("tight") > 0) parts.push(`${of("tight")} tight`);
  if (failures.length > 0) parts.push(`${failures.length} not estimated`);
  return parts.join(", ");
}
