/** @file The result in a terminal: one line for each config and card, worst first, then findings, the summary last. */
import { formatBytes, formatGiB } from "../../units.ts";
import type { Language } from "../../words/language.ts";
import { wordsIn } from "../../words/words.ts";
import type { Judged } from "../finding.ts";
import { findingHint, findingMessage } from "../finding-words.ts";
import type { View } from "../paint.ts";
import type { Verdict } from "../report.ts";
import { table, wrap } from "../table.ts";
import { describeRun, percent } from "../words.ts";
import {
  allFindings,
  type CardResult,
  type CheckResult,
  type ConfigResult,
  countOf,
  failureMessage,
} from "./result.ts";

/** `+1.20 GiB (+15 %)`, `±0`. */
export function delta({ process, baseProcess }: CardResult, language: Language): string {
  const words = wordsIn(language).gate;
  if (baseProcess === undefined) return words.new;
  const by = process.high - baseProcess.high;
  if (by === 0) return "±0";
  const sign = by > 0 ? "+" : "-";
  return words.share(`${sign}${formatBytes(Math.abs(by))}`, `${sign}${percent(by, baseProcess.high)}`);
}

type Mark = Verdict | "known" | "over" | "";

function markOf({ findings }: ConfigResult, { verdict, gpu }: CardResult): Mark {
  const own = findings.filter(({ finding }) => finding.gpu === gpu.name || finding.gpu === undefined);
  if (own.some((one) => one.fails)) return "does-not-fit";
  if (verdict === "does-not-fit") return own.some((one) => one.status === "known") ? "known" : "over";
  return verdict ?? "";
}

interface Row {
  readonly mark: Mark;
  readonly cells: readonly string[];
}

function rowsOf(one: ConfigResult, hasBase: boolean, hasCards: boolean, language: Language): readonly Row[] {
  const words = wordsIn(language).gate;
  const marks: Readonly<Record<Mark, string>> = { ...words.marks, known: words.known, over: words.over, "": "" };
  return one.cards.map((card) => {
    const headroom = card.headroomBytes ?? 0;
    const margin = (headroom >= 0 ? words.spare : words.short)(formatGiB(Math.abs(headroom), 1));
    const mark = markOf(one, card);
    const cells = [
      marks[mark],
      one.config,
      ...(hasCards ? [card.gpu.name] : []),
      formatGiB(card.process.high, 1),
      ...(hasBase ? [delta(card, language)] : []),
      words.share(margin, percent(headroom, card.gpu.usableBytes)),
      one.run === undefined ? "" : describeRun(one.run, language),
    ];
    return { mark, cells };
  });
}

/** What the row of its config says already. */
function isInRow({ finding, fails }: Judged, result: CheckResult): boolean {
  if (finding.code === "tight") return true;
  return finding.code === "does-not-fit" && (result.base === undefined || !fails);
}

function findingLines(judged: Judged, { language, width, paint }: View): readonly string[] {
  const words = wordsIn(language).gate;
  const { finding, level, fails } = judged;
  const { location, config, gpu } = finding;
  const place = location === undefined ? config : `${location.file}:${location.line}`;
  const whose = location === undefined || location.file === config ? "" : `${config} `;
  const text = words.finding(place, whose, findingMessage(finding, language), gpu, findingHint(finding, language));
  return wrap(text, width, fails || level === "error" ? words.error : words.warning).map(
    fails ? paint.bad : paint.warning,
  );
}

/** Configs that could not be estimated come first: nothing is known of them. */
export function renderTerminal(result: CheckResult, view: View): string {
  const { language, paint, width } = view;
  const words = wordsIn(language).gate;
  const failed = result.failures
    .filter((one) => !one.known)
    .flatMap((failure) => {
      const { config, location } = failure;
      const place = location === undefined ? config : `${location.file}:${location.line}`;
      return wrap(words.failure(place, failureMessage(failure, language)), width, words.error).map(paint.bad);
    });
  const details = allFindings(result)
    .filter((one) => one.status !== "known" && one.status !== "hidden" && !isInRow(one, result))
    .flatMap((one) => findingLines(one, view));
  return `${[...failed, ...tableLines(result, view), ...details, ...wrap(summary(result, language), width).map(paint.strong)].join("\n")}\n`;
}

function tableLines(result: CheckResult, { language, paint, width }: View): readonly string[] {
  const hasBase = result.base !== undefined;
  const hasCards = new Set(result.configs.flatMap(({ cards }) => cards.map(({ gpu }) => gpu.name))).size > 1;
  const rows = result.configs.flatMap((one) => rowsOf(one, hasBase, hasCards, language));
  const right = { align: "right" } as const;
  const left = hasCards ? [{ title: "" }, { title: "" }, { title: "" }] : [{ title: "" }, { title: "" }];
  const columns = [...left, ...Array.from({ length: hasBase ? 3 : 2 }, () => ({ title: "", ...right }))];
  const cells = rows.map((row) => row.cells);
  // File names are never cut: they are what a log is searched for. What each run is goes where there is no room.
  const full = table([...columns, { title: "" }], cells, width, 0);
  const lines = full.every((line) => line.length <= width) ? full : table(columns, cells, width, 0);
  return lines.map((line, i) => {
    const mark = rows[i]?.mark;
    if (mark === "does-not-fit") return paint.bad(line);
    return mark === "tight" || mark === "over" ? paint.warning(line) : mark === "known" ? paint.faint(line) : line;
  });
}

/** The last line: how many fail, and everything that was left out, counted. */
export function summary(result: CheckResult, language: Language): string {
  const words = wordsIn(language).gate;
  const { failures, configs } = result;
  const names = [...new Set(configs.flatMap(({ cards }) => cards.map(({ gpu }) => gpu.name)))];
  const card = names.length === 0 ? words.theCard : names.length === 1 ? (names[0] ?? "") : words.cards(names.length);
  const over = configs.filter(({ cards }) => cards.some(({ verdict }) => verdict === "does-not-fit")).length;
  const tight = configs.filter(({ cards }) => cards.some(({ verdict }) => verdict === "tight")).length;
  const { failed, known, hidden, warnings } = countOf(result);
  const unestimated = failures.filter((one) => !one.known).length;
  const first =
    result.base === undefined ? words.doNotFit(over, configs.length, card) : words.failOn(failed, configs.length, card);
  const parts = [first];
  if (result.base === undefined && failed > over) parts.push(words.failing(failed));
  if (tight > 0) parts.push(words.tight(tight));
  if (unestimated > 0) parts.push(words.notEstimated(unestimated));
  if (warnings - tight > 0) parts.push(words.warnings(warnings - tight));
  if (known > 0) parts.push(words.knownFrom(known, result.base?.ref ?? words.theBase));
  if (hidden > 0) parts.push(words.hidden(hidden));
  if (result.unchangedCount > 0) parts.push(words.unchanged(result.unchangedCount));
  if (result.skipped.length > 0) parts.push(words.skipped(result.skipped.length));
  return parts.join(words.separator);
}
