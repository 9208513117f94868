/** @file SARIF 2.1.0 (OASIS): findings with rules and fingerprints; configs that were not estimated are notifications. */

import type { Judged } from "../finding.ts";
import { checkInfos, checkNames, findingHint, findingMessage } from "../finding-words.ts";
import { fingerprint } from "./fingerprint.ts";
import { placeOf, repositoryPath, sentence } from "./place.ts";
import { allFindings, type CheckResult } from "./result.ts";

const schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/** A path as a URI reference. */
function uri(path: string): string {
  return path.startsWith("/")
    ? `file://${path.split("/").map(encodeURIComponent).join("/")}`
    : path.split("/").map(encodeURIComponent).join("/");
}

function location(path: string, line: number, column: number) {
  const region = { startLine: line, startColumn: column };
  return { physicalLocation: { artifactLocation: { uri: uri(path) }, region } };
}

const baselineStates = { new: "new", worse: "updated", known: "unchanged", hidden: "unchanged" } as const;

function resultOf({ finding, level, status, fails }: Judged, result: CheckResult) {
  const { path, line, column } = placeOf(finding, result.prefix);
  return {
    ruleId: finding.code,
    ruleIndex: checkNames.indexOf(finding.code),
    level: status === "known" ? "note" : fails || level === "error" ? "error" : "warning",
    message: { text: `${sentence(finding, findingMessage(finding))}. ${findingHint(finding)}` },
    locations: [location(path, line, column)],
    partialFingerprints: { "vramPlan/v1": fingerprint(finding) },
    ...(result.base === undefined ? {} : { baselineState: baselineStates[status] }),
    ...(status === "hidden" ? { suppressions: [{ kind: "external", justification: "in the baseline file" }] } : {}),
  };
}

/** One run; `version` is the program's. */
export function renderSarif(result: CheckResult, version: string): string {
  const rules = checkNames.map((name) => ({
    id: name,
    shortDescription: { text: checkInfos[name].title },
    fullDescription: { text: checkInfos[name].description },
    defaultConfiguration: { level: checkInfos[name].level === "error" ? "error" : "warning" },
  }));
  const notifications = result.failures.map(({ config, message, code, location: at, known }) => ({
    level: known ? "note" : "error",
    message: { text: `${config}: ${message}` },
    descriptor: { id: code },
    locations: [location(repositoryPath(at?.file ?? config, result.prefix), at?.line ?? 1, at?.column ?? 1)],
  }));
  const run = {
    tool: { driver: { name: "vram-plan", version, rules } },
    columnKind: "utf16CodeUnits",
    invocations: [
      {
        executionSuccessful: result.exitCode !== 2,
        exitCode: result.exitCode,
        toolExecutionNotifications: notifications,
      },
    ],
    results: allFindings(result).map((one) => resultOf(one, result)),
  };
  return `${JSON.stringify({ $schema: schema, version: "2.1.0", runs: [run] }, undefined, 2)}\n`;
}
