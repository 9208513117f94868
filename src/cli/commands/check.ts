/** @file `vram-plan check`: many configs against their cards and their base, in as many formats as are asked for. */
import { UserError } from "../../errors.ts";
import { baselineText, readBaseline } from "../../policy/baseline.ts";
import { allFindings, type CheckResult } from "../../report/gate/result.ts";
import { phrase } from "../../words/phrase.ts";
import { findBudget } from "../check/budget.ts";
import { gitPrefix } from "../check/git.ts";
import { type CheckOptions, type Output, readOutputs } from "../check/options.ts";
import { runCheck } from "../check/run.ts";
import { writeOutputs } from "../check/write.ts";
import type { Host } from "../host.ts";
import { tellNotes } from "../load.ts";

/** Exit 2 if a config could not be looked at, else 1 if a finding fails the run. */
export async function checkCommand(host: Host, paths: readonly string[], options: CheckOptions): Promise<number> {
  const outputs = readOutputs(options);
  const found = findBudget(host, options);
  const baseline = baselineOf(host, options);
  const suggests = outputs.some(({ name }) => name === "rdjson");
  const result = withPrefix(
    host,
    runCheck(host, { paths: paths.length > 0 ? paths : ["."], options, found, baseline, suggests }),
    outputs,
  );
  await writeOutputs(host, result, outputs, options);
  if (options.updateBaseline === true) return updateBaseline(host, options, result);
  return result.exitCode;
}

function baselineOf(host: Host, { baseline, updateBaseline }: CheckOptions): ReadonlySet<string> {
  if (baseline === undefined) {
    if (updateBaseline === true) throw new UserError("baseline-missing", {});
    return new Set();
  }
  if (!host.exists(baseline)) {
    if (updateBaseline === true) return new Set();
    throw new UserError("baseline-invalid", { file: baseline, reason: phrase("no-such-file", {}) });
  }
  return updateBaseline === true ? new Set() : readBaseline(baseline, host.readText(baseline));
}

/** Findings are known from now on, so the run that writes them passes unless something could not be looked at. */
function updateBaseline(host: Host, { baseline = "" }: CheckOptions, result: CheckResult): number {
  const all = allFindings(result);
  host.writeText(baseline, baselineText(all));
  tellNotes(host, [phrase("findings-written", { findings: all.length, file: baseline })]);
  return result.exitCode === 2 ? 2 : 0;
}

/** Forges want paths from the top of the repository; a terminal does not. */
function withPrefix(host: Host, result: CheckResult, outputs: readonly Output[]): CheckResult {
  const isForForge = outputs.some(({ name }) => name !== "terminal" && name !== "json" && name !== "csv");
  return result.base === undefined && isForForge ? { ...result, prefix: gitPrefix(host) ?? "" } : result;
}
