/** @file `vram-plan diff A B`: two configs, saved reports or files of git, side by side. */
import type { ConfigMap } from "../../config/types.ts";
import { UserError } from "../../errors.ts";
import { createContext, estimate } from "../../index.ts";
import { changedSettings } from "../../policy/setting-changes.ts";
import { compareReports, type DiffSide } from "../../report/gate/diff.ts";
import { renderDiff } from "../../report/gate/diff-text.ts";
import { renderJson } from "../../report/json.ts";
import { reportSchema } from "../../report/schema.ts";
import { asIs, phrase } from "../../words/phrase.ts";
import { resolveRef } from "../check/git.ts";
import { silent } from "../check/subjects.ts";
import type { Host } from "../host.ts";
import { load } from "../load.ts";
import type { CommandOptions } from "../options.ts";
import { placeOf } from "../place.ts";
import { createView } from "../view.ts";

interface Side extends DiffSide {
  /** Undefined for a saved report, which holds no config. */
  readonly resolved: ConfigMap | undefined;
}

/** A saved report. Throws `report-invalid`. */
function savedSide(host: Host, name: string): Side {
  let value: unknown;
  try {
    value = JSON.parse(host.readText(name));
  } catch (error) {
    throw new UserError("report-invalid", {
      file: name,
      reason: asIs(error instanceof Error ? error.message : String(error)),
    });
  }
  const result = reportSchema.safeParse(value);
  if (result.success) return { name, report: result.data, resolved: undefined };
  const [issue] = result.error.issues;
  throw new UserError("report-invalid", {
    file: name,
    reason: phrase("key-wrong", {
      key: issue?.path.join(".") || "the file",
      reason: asIs(String(issue?.message)),
    }),
  });
}

function sideOf(host: Host, name: string, options: CommandOptions): Side {
  if (name.endsWith(".json")) return savedSide(host, name);
  const inGit = host.exists(name) ? undefined : resolveRef(host, name);
  const from = inGit === undefined ? host : { ...silent(host), ...inGit.files, list: () => [] };
  const { run } = load(from, inGit?.path ?? name, options);
  const report = estimate(run, createContext(...placeOf(host, options)));
  return { name, report, resolved: run.config.resolved };
}

/** Prints the difference; it says nothing of good or bad, so the exit code is 0. */
export async function diffCommand(host: Host, a: string, b: string, options: CommandOptions): Promise<number> {
  const [before, after] = [sideOf(host, a, options), sideOf(host, b, options)];
  const settings = before.resolved && after.resolved ? changedSettings(before.resolved, after.resolved) : [];
  const diff = compareReports(before, after, settings);
  host.stdout.write(options.json ? renderJson(diff) : renderDiff(diff, await createView(host, options.color)));
  return 0;
}
