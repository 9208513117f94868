/** @file `vram-plan check`: many configs, one line each. */
import { createContext, estimate, UserError } from "../../index.ts";
import { exitCode } from "../../policy/exit-code.ts";
import { worstFirst } from "../../policy/order.ts";
import { renderCheck } from "../../report/check.ts";
import { type CheckFailure, type CheckResult, renderJson } from "../../report/json.ts";
import type { Report } from "../../report/report.ts";
import type { Host } from "../host.ts";
import { load } from "../load.ts";
import type { CommandOptions } from "../options.ts";
import { createView } from "../view.ts";

/** Exit 2 if a config could not be estimated, else 1 if one does not fit. */
export async function checkCommand(host: Host, configs: readonly string[], options: CommandOptions): Promise<number> {
  const context = createContext(options.gpu);
  const reports: Report[] = [];
  const failures: CheckFailure[] = [];
  for (const config of configs) {
    try {
      const { run } = load(host, config, options);
      reports.push(estimate(run, context));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const { code, message, location } = error;
      failures.push({ config, code, message, location });
    }
  }
  const result: CheckResult = { version: 1, reports: worstFirst(reports), failures };
  host.stdout.write(options.json ? renderJson(result) : renderCheck(result, await createView(host, options.color)));
  return failures.length > 0 ? 2 : exitCode(reports);
}
