/** @file The result as one comment on a pull request: verdict first, a table, details folded, under a forge's limit. */
import { formatBytes, formatGiB } from "../../units.ts";
import type { Language } from "../../words/language.ts";
import { type Words, wordsIn } from "../../words/words.ts";
import { findingHint, findingMessage, findingTitle } from "../finding-words.ts";
import type { View } from "../paint.ts";
import { percent } from "../words.ts";
import {
  allFindings,
  type CardResult,
  type CheckResult,
  type ConfigResult,
  countOf,
  failureMessage,
} from "./result.ts";
import { delta, summary } from "./terminal.ts";

/** Sticky-comment actions find their comment by it. */
export const marker = "<!-- vram-plan -->";
/** GitHub takes 65,536 characters; some are left for what an action adds. */
const mostCharacters = 60_000;

/** Text that Markdown and HTML leave as it is. */
function plain(text: string): string {
  return text.replace(/[\\`*_{}[\]<>|#~]/g, "\\$&").replace(/[\r\n]+/g, " ");
}

/** Text in a code span; a backtick inside would end it. */
function code(text: string): string {
  return `\`${text
    .replaceAll("`", "'")
    .replaceAll("|", "\\|")
    .replace(/[\r\n]+/g, " ")}\``;
}

const isSame = ({ process, baseProcess }: CardResult): boolean => process.high === baseProcess?.high;

/** Nothing that a reviewer would have to look at. */
function isWithoutChange(result: CheckResult): boolean {
  const { failed, warnings } = countOf(result);
  const unknown = result.failures.some((one) => !one.known);
  return !unknown && failed === 0 && warnings === 0 && result.configs.every(({ cards }) => cards.every(isSame));
}

function row(one: ConfigResult, card: CardResult, hasBase: boolean, language: Language): string {
  const words = wordsIn(language).gate;
  const failing = one.findings.some(({ fails, finding }) => fails && (finding.gpu ?? card.gpu.name) === card.gpu.name);
  const known = one.findings.some(({ status }) => status === "known");
  const mark = failing ? "❌" : card.verdict === "fits" ? "✅" : known ? "➖" : "⚠️";
  const headroom = card.headroomBytes ?? 0;
  const size = (headroom >= 0 ? words.spare : words.short)(formatBytes(Math.abs(headroom)));
  const margin = words.share(size, percent(headroom, card.gpu.usableBytes));
  const cells = [
    mark,
    code(one.config),
    plain(card.gpu.name),
    formatGiB(card.process.high),
    ...(hasBase ? [delta(card, language)] : []),
    margin,
  ];
  return `| ${cells.join(" | ")} |`;
}

/** As many lines as there is room for, and how many were left out. */
function within(lines: readonly string[], room: number, more: (left: number) => string): string {
  let used = 0;
  const kept = lines.filter((line) => {
    used += line.length + 1;
    return used <= room;
  });
  const left = lines.length - kept.length;
  return [...kept, ...(left > 0 ? [more(left)] : [])].join("\n");
}

function folded(title: string, lines: readonly string[], room: number, words: Words["gate"]): string {
  if (lines.length === 0) return "";
  const body = within(lines, room, (left) => `- ${words.more(left)}`);
  return `\n<details><summary>${title}</summary>\n\n${body}\n\n</details>\n`;
}

function findingLines(result: CheckResult, language: Language): readonly string[] {
  const words = wordsIn(language).gate;
  return allFindings(result)
    .filter(({ status }) => status !== "known" && status !== "hidden")
    .map(({ finding, fails }) => {
      const { config, gpu, location } = finding;
      const place = location === undefined ? "" : words.at(code(`${location.file}:${location.line}`));
      const card = gpu === undefined ? "" : words.on(plain(gpu));
      const text = plain(
        `${findingMessage(finding, language)}${language === "en" ? ". " : "。"}${findingHint(finding, language)}`,
      );
      const mark = fails ? words.fails : words.warns;
      return words.listed(mark, code(config), card, place, findingTitle(finding, language), text);
    });
}

function changeLines(result: CheckResult, words: Words["gate"]): readonly string[] {
  const heirs = new Map<string, string[]>();
  for (const { config, changes } of result.configs) {
    for (const { mark, key, from, to } of changes) {
      const change = `${code(key)} ${mark === "~" ? `${code(from ?? "")} → ${code(to ?? "")}` : mark === "+" ? `+ ${code(to ?? "")}` : `− ${code(from ?? "")}`}`;
      heirs.set(change, [...(heirs.get(change) ?? []), config]);
    }
  }
  return [...heirs].map(([change, configs]) =>
    words.changeIn(change, configs.length === 1 ? code(configs[0] ?? "") : words.configs(configs.length)),
  );
}

/** Unchanged memory is one line, so that nobody has to read on. */
export function renderMarkdown(result: CheckResult, { language }: Pick<View, "language">): string {
  const words = wordsIn(language).gate;
  if (result.base !== undefined && isWithoutChange(result)) {
    const known = countOf(result).known;
    return `${marker}\n${words.noChange(result.configs.length + result.unchangedCount, known)}\n`;
  }
  const { failed } = countOf(result);
  const unknown = result.failures.filter((one) => !one.known);
  const verdict =
    unknown.length > 0 ? words.verdicts.notRun : failed > 0 ? words.verdicts.failed : words.verdicts.passed;
  const rows = result.configs.flatMap((one) =>
    one.cards
      .filter((card) => result.base === undefined || !isSame(card))
      .map((card) => row(one, card, result.base !== undefined, language)),
  );
  const head =
    result.base === undefined
      ? [`| | ${words.columns.join(" | ")} |`, "| --- | --- | --- | --: | --: |"]
      : [`| | ${words.columnsWithBase.join(" | ")} |`, "| --- | --- | --- | --: | --: | --: |"];
  const failures = unknown.map((one) => words.notEstimatedItem(code(one.config), plain(failureMessage(one, language))));
  // Half of the room for the table, a sixth for each list.
  const room = mostCharacters / 6;
  const [found, changed] = [findingLines(result, language), changeLines(result, words)];
  const parts = [
    `${marker}\n${words.heading(verdict)}\n\n${plain(summary(result, language))}${words.stop}\n`,
    failures.length > 0 ? `\n${within(failures, room, (left) => `- ${words.more(left)}`)}\n` : "",
    rows.length > 0
      ? `\n${head.join("\n")}\n${within(rows, 3 * room, (left) => `| | ${words.more(left)} | | | | |`)}\n`
      : "",
    folded(words.findings(found.length), found, room, words),
    folded(words.changedSettings(changed.length), changed, room, words),
  ];
  return parts.join("");
}
