/** @file The result in a terminal: one line for each config and card, worst first, then findings, the summary last. */
import { formatBytes, formatGiB } from "../../units.ts";
import type { Judged } from "../finding.ts";
import { findingHint, findingMessage } from "../finding-words.ts";
import type { View } from "../paint.ts";
import type { Verdict } from "../report.ts";
import { table, wrap } from "../table.ts";
import { count, describeRun, percent } from "../words.ts";
import { allFindings, type CardResult, type CheckResult, type ConfigResult, countOf } from "./result.ts";

const marks: Readonly<Record<Verdict, string>> = { fits: "ok", tight: "tight", "does-not-fit": "FAIL" };

/** `+1.20 GiB (+15 %)`, `±0`. */
export function delta({ process, baseProcess }: CardResult): string {
  if (baseProcess === undefined) return "new";
  const by = process.high - baseProcess.high;
  if (by === 0) return "±0";
  const sign = by > 0 ? "+" : "-";
  return `${sign}${formatBytes(Math.abs(by))} (${sign}${percent(by, baseProcess.high)})`;
}

function markOf({ findings }: ConfigResult, { verdict, gpu }: CardResult): string {
  const own = findings.filter(({ finding }) => finding.gpu === gpu.name || finding.gpu === undefined);
  if (own.some((one) => one.fails)) return "FAIL";
  if (verdict === "does-not-fit") return own.some((one) => one.status === "known") ? "known" : "over";
  return verdict === undefined ? "" : marks[verdict];
}

interface Row {
  readonly mark: string;
  readonly cells: readonly string[];
}

function rowsOf(one: ConfigResult, hasBase: boolean, hasCards: boolean): readonly Row[] {
  return one.cards.map((card) => {
    const headroom = card.headroomBytes ?? 0;
    const margin = `${formatGiB(Math.abs(headroom), 1)} ${headroom >= 0 ? "spare" : "short"}`;
    const mark = markOf(one, card);
    const cells = [
      mark,
      one.config,
      ...(hasCards ? [card.gpu.name] : []),
      formatGiB(card.process.high, 1),
      ...(hasBase ? [delta(card)] : []),
      `${margin} (${percent(headroom, card.gpu.usableBytes)})`,
      one.run === undefined ? "" : describeRun(one.run),
    ];
    return { mark, cells };
  });
}

/** What the row of its config says already. */
function isInRow({ finding, fails }: Judged, result: CheckResult): boolean {
  if (finding.code === "tight") return true;
  return finding.code === "does-not-fit" && (result.base === undefined || !fails);
}

function findingLines(judged: Judged, { width, paint }: View): readonly string[] {
  const { finding, level, fails } = judged;
  const { location, config, gpu } = finding;
  const place = location === undefined ? config : `${location.file}:${location.line}`;
  const whose = location === undefined || location.file === config ? "" : `${config} `;
  const card = gpu === undefined ? "" : ` on ${gpu}`;
  const text = `${place}: ${whose}${findingMessage(finding)}${card}. ${findingHint(finding)}`;
  return wrap(text, width, fails || level === "error" ? "error  " : "warn   ").map(fails ? paint.bad : paint.warning);
}

/** Configs that could not be estimated come first: nothing is known of them. */
export function renderTerminal(result: CheckResult, view: View): string {
  const { paint, width } = view;
  const failed = result.failures
    .filter((one) => !one.known)
    .flatMap(({ config, message, location }) => {
      const place = location === undefined ? config : `${location.file}:${location.line}`;
      return wrap(`${place}: ${message}`, width, "error  ").map(paint.bad);
    });
  const details = allFindings(result)
    .filter((one) => one.status !== "known" && one.status !== "hidden" && !isInRow(one, result))
    .flatMap((one) => findingLines(one, view));
  return `${[...failed, ...tableLines(result, view), ...details, ...wrap(summary(result), width).map(paint.strong)].join("\n")}\n`;
}

function tableLines(result: CheckResult, { paint, width }: View): readonly string[] {
  const hasBase = result.base !== undefined;
  const hasCards = new Set(result.configs.flatMap(({ cards }) => cards.map(({ gpu }) => gpu.name))).size > 1;
  const rows = result.configs.flatMap((one) => rowsOf(one, hasBase, hasCards));
  const right = { align: "right" } as const;
  const left = hasCards ? [{ title: "" }, { title: "" }, { title: "" }] : [{ title: "" }, { title: "" }];
  const columns = [...left, ...Array.from({ length: hasBase ? 3 : 2 }, () => ({ title: "", ...right }))];
  const cells = rows.map((row) => row.cells);
  // File names are never cut: they are what a log is searched for. What each run is goes where there is no room.
  const full = table([...columns, { title: "" }], cells, width, 0);
  const lines = full.every((line) => line.length <= width) ? full : table(columns, cells, width, 0);
  return lines.map((line, i) => {
    const mark = rows[i]?.mark;
    if (mark === "FAIL") return paint.bad(line);
    return mark === "tight" || mark === "over" ? paint.warning(line) : mark === "known" ? paint.faint(line) : line;
  });
}

/** The last line: how many fail, and everything that was left out, counted. */
export function summary(result: CheckResult): string {
  const { failures, configs } = result;
  const names = [...new Set(configs.flatMap(({ cards }) => cards.map(({ gpu }) => gpu.name)))];
  const card = names.length === 0 ? "the card" : names.length === 1 ? names[0] : `${names.length} cards`;
  const over = configs.filter(({ cards }) => cards.some(({ verdict }) => verdict === "does-not-fit")).length;
  const tight = configs.filter(({ cards }) => cards.some(({ verdict }) => verdict === "tight")).length;
  const { failed, known, hidden, warnings } = countOf(result);
  const unestimated = failures.filter((one) => !one.known).length;
  const first =
    result.base === undefined
      ? `${over} of ${count(configs.length, "config")} ${over === 1 ? "does" : "do"} not fit ${card}`
      : `${failed} of ${count(configs.length, "changed config")} ${failed === 1 ? "fails" : "fail"} on ${card}`;
  const parts = [first];
  if (result.base === undefined && failed > over) parts.push(`${failed} fail`);
  if (tight > 0) parts.push(`${tight} tight`);
  if (unestimated > 0) parts.push(`${unestimated} not estimated`);
  if (warnings - tight > 0) parts.push(count(warnings - tight, "warning"));
  if (known > 0) parts.push(`${count(known, "finding")} known from ${result.base?.ref ?? "the base"}`);
  if (hidden > 0) parts.push(`${hidden} hidden by the baseline`);
  if (result.unchangedCount > 0) parts.push(`${result.unchangedCount} unchanged`);
  if (result.skipped.length > 0)
    parts.push(`${count(result.skipped.length, "YAML file")} skipped (no training config)`);
  return parts.join(", ");
}
