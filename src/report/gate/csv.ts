/** @file One row for each config and card, for spreadsheets: RFC 4180, numbers in bytes. */
import type { CheckResult } from "./result.ts";

const columns = [
  "config",
  "state",
  "card",
  "verdict",
  "fails",
  "low_bytes",
  "expected_bytes",
  "high_bytes",
  "usable_bytes",
  "headroom_bytes",
  "base_high_bytes",
  "change_bytes",
  "findings",
] as const;

function cell(value: string | number | boolean | undefined): string {
  const text = String(value ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Lines end as the RFC has it. */
export function renderCsv(result: CheckResult): string {
  const rows = result.configs.flatMap(({ config, state, cards, findings }) =>
    cards.map(({ gpu, verdict, headroomBytes, process, baseProcess }) => {
      const own = findings.filter(({ finding }) => (finding.gpu ?? gpu.name) === gpu.name);
      const change = baseProcess && process.high - baseProcess.high;
      const codes = own
        .map(({ finding, status }) => `${finding.code}${status === "new" ? "" : `:${status}`}`)
        .join(" ");
      return [
        config,
        state,
        gpu.name,
        verdict,
        own.some((one) => one.fails),
        process.low,
        process.expected,
        process.high,
        gpu.usableBytes,
        headroomBytes,
        baseProcess?.high,
        change,
        codes,
      ];
    }),
  );
  return [columns, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}
