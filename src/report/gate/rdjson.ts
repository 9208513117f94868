/** @file Reviewdog's diagnostic format (rdjson): findings, with the recommended value as a suggestion where there is one. */

import type { Judged } from "../finding.ts";
import { findingHint, findingMessage } from "../finding-words.ts";
import { placeOf, repositoryPath, sentence } from "./place.ts";
import { allFindings, type CheckResult } from "./result.ts";

function suggestions({ finding: { suggestion } }: Judged) {
  if (suggestion === undefined) return {};
  const { line, column, endColumn, text } = suggestion;
  return { suggestions: [{ range: { start: { line, column }, end: { line, column: endColumn } }, text }] };
}

/** Known and hidden findings are left out: a review is about the change. */
export function renderRdjson(result: CheckResult): string {
  const findings = allFindings(result)
    .filter(({ status }) => status !== "known" && status !== "hidden")
    .map((judged) => {
      const { finding, fails, level } = judged;
      const { path, line, column } = placeOf(finding, result.prefix);
      return {
        message: `${sentence(finding, findingMessage(finding))}. ${findingHint(finding)}`,
        location: { path, range: { start: { line, column } } },
        severity: fails || level === "error" ? "ERROR" : "WARNING",
        code: { value: finding.code },
        ...suggestions(judged),
      };
    });
  const failures = result.failures
    .filter((one) => !one.known)
    .map(({ config, code, message, location: at }) => ({
      message: `${config}: ${message}`,
      location: {
        path: repositoryPath(at?.file ?? config, result.prefix),
        range: { start: { line: at?.line ?? 1, column: at?.column ?? 1 } },
      },
      severity: "ERROR",
      code: { value: code },
    }));
  return `${JSON.stringify({ source: { name: "vram-plan" }, diagnostics: [...failures, ...findings] }, undefined, 2)}\n`;
}
