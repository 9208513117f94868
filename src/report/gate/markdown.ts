/** @file The result as one comment on a pull request: verdict first, a table, details folded, under a forge's limit. */
import { formatBytes, formatGiB } from "../../units.ts";
import { checkInfos, findingHint, findingMessage } from "../finding-words.ts";
import { count, percent } from "../words.ts";
import { allFindings, type CardResult, type CheckResult, type ConfigResult, countOf } from "./result.ts";
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

function row(one: ConfigResult, card: CardResult, hasBase: boolean): string {
  const failing = one.findings.some(({ fails, finding }) => fails && (finding.gpu ?? card.gpu.name) === card.gpu.name);
  const known = one.findings.some(({ status }) => status === "known");
  const mark = failing ? "❌" : card.verdict === "fits" ? "✅" : known ? "➖" : "⚠️";
  const headroom = card.headroomBytes ?? 0;
  const margin = `${formatBytes(Math.abs(headroom))} ${headroom >= 0 ? "spare" : "short"} (${percent(headroom, card.gpu.usableBytes)})`;
  const cells = [
    mark,
    code(one.config),
    plain(card.gpu.name),
    formatGiB(card.process.high),
    ...(hasBase ? [delta(card)] : []),
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

function folded(title: string, lines: readonly string[], room: number): string {
  if (lines.length === 0) return "";
  const body = within(lines, room, (left) => `- … and ${left} more`);
  return `\n<details><summary>${title}</summary>\n\n${body}\n\n</details>\n`;
}

function findingLines(result: CheckResult): readonly string[] {
  return allFindings(result)
    .filter(({ status }) => status !== "known" && status !== "hidden")
    .map(({ finding, fails }) => {
      const { config, gpu, location } = finding;
      const place = location === undefined ? "" : ` at ${code(`${location.file}:${location.line}`)}`;
      const card = gpu === undefined ? "" : ` on ${plain(gpu)}`;
      const words = plain(`${findingMessage(finding)}. ${findingHint(finding)}`);
      return `- ${fails ? "**fails**" : "warning"}: ${code(config)}${card}${place}: ${checkInfos[finding.code].title}. It ${words}`;
    });
}

function changeLines(result: CheckResult): readonly string[] {
  const heirs = new Map<string, string[]>();
  for (const { config, changes } of result.configs) {
    for (const { mark, key, from, to } of changes) {
      const change = `${code(key)} ${mark === "~" ? `${code(from ?? "")} → ${code(to ?? "")}` : mark === "+" ? `+ ${code(to ?? "")}` : `− ${code(from ?? "")}`}`;
      heirs.set(change, [...(heirs.get(change) ?? []), config]);
    }
  }
  return [...heirs].map(
    ([change, configs]) =>
      `- ${change} in ${configs.length === 1 ? code(configs[0] ?? "") : count(configs.length, "config")}`,
  );
}

/** Unchanged memory is one line, so that nobody has to read on. */
export function renderMarkdown(result: CheckResult): string {
  if (result.base !== undefined && isWithoutChange(result)) {
    const known = countOf(result).known;
    const aloud = known > 0 ? `; ${count(known, "finding")} known` : "";
    return `${marker}\n**vram-plan:** no change in GPU memory (${count(result.configs.length + result.unchangedCount, "config")}${aloud}).\n`;
  }
  const { failed } = countOf(result);
  const unknown = result.failures.filter((one) => !one.known);
  const verdict = unknown.length > 0 ? "could not run" : failed > 0 ? "fails" : "passes";
  const rows = result.configs.flatMap((one) =>
    one.cards
      .filter((card) => result.base === undefined || !isSame(card))
      .map((card) => row(one, card, result.base !== undefined)),
  );
  const head =
    result.base === undefined
      ? ["| | config | card | needs | headroom |", "| --- | --- | --- | --: | --: |"]
      : ["| | config | card | needs | change | headroom |", "| --- | --- | --- | --: | --: | --: |"];
  const failures = unknown.map(({ config, message }) => `- **not estimated**: ${code(config)}: ${plain(message)}`);
  // Half of the room for the table, a sixth for each list.
  const room = mostCharacters / 6;
  const parts = [
    `${marker}\n### vram-plan: ${verdict}\n\n${plain(summary(result))}.\n`,
    failures.length > 0 ? `\n${within(failures, room, (left) => `- … and ${left} more`)}\n` : "",
    rows.length > 0
      ? `\n${head.join("\n")}\n${within(rows, 3 * room, (left) => `| | … and ${left} more | | | | |`)}\n`
      : "",
    folded(count(findingLines(result).length, "finding"), findingLines(result), room),
    folded(count(changeLines(result).length, "changed setting"), changeLines(result), room),
  ];
  return parts.join("");
}
