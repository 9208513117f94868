/** @file GitLab's code quality report: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format */

import type { Judged } from "../finding.ts";
import { findingHint, findingMessage } from "../finding-words.ts";
import { fingerprint } from "./fingerprint.ts";
import { placeOf, repositoryPath, sentence } from "./place.ts";
import { allFindings, type CheckResult } from "./result.ts";

function severity({ fails, status, level }: Judged): "major" | "minor" | "info" {
  if (status === "known") return "info";
  return fails || level === "error" ? "major" : "minor";
}

/** Known findings are in it too: GitLab compares the two branches by fingerprint itself. */
export function renderGitlab(result: CheckResult): string {
  const issues = allFindings(result)
    .filter(({ status }) => status !== "hidden")
    .map((judged) => {
      const { finding } = judged;
      const { path, line } = placeOf(finding, result.prefix);
      return {
        description: `${sentence(finding, findingMessage(finding))}. ${findingHint(finding)}`,
        check_name: finding.code,
        fingerprint: fingerprint(finding),
        severity: severity(judged),
        location: { path, lines: { begin: line } },
      };
    });
  const failures = result.failures.map(({ config, code, message, location, known }) => ({
    description: `${config}: ${message}`,
    check_name: code,
    fingerprint: fingerprint({ code: "model-not-known", config, gpu: undefined, key: code }),
    severity: known ? "info" : "critical",
    location: { path: repositoryPath(location?.file ?? config, result.prefix), lines: { begin: location?.line ?? 1 } },
  }));
  return `${JSON.stringify([...failures, ...issues], undefined, 2)}\n`;
}
