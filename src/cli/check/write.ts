/** @file Each format to where it was asked for: files first, stdout last, GitHub's job summary where there is one. */
import { UserError } from "../../errors.ts";
import { formats } from "../../report/gate/index.ts";
import { renderMarkdown } from "../../report/gate/markdown.ts";
import type { CheckResult } from "../../report/gate/result.ts";
import { plain } from "../../report/paint.ts";
import type { Host } from "../host.ts";
import { reasonOf } from "../out.ts";
import { version } from "../version.ts";
import { createView } from "../view.ts";
import type { CheckOptions, Output } from "./options.ts";

/** Columns of a terminal report that goes to a file. */
const fileWidth = 100;

/** Writes all outputs. Throws `out-impossible`. */
export async function writeOutputs(
  host: Host,
  result: CheckResult,
  outputs: readonly Output[],
  options: CheckOptions,
): Promise<void> {
  for (const { name, file } of outputs) {
    if (file !== undefined)
      write(file, () =>
        host.writeText(
          file,
          formats[name](result, { language: host.language, paint: plain, width: fileWidth, version }),
        ),
      );
  }
  const summary = host.env.GITHUB_STEP_SUMMARY ?? "";
  if (summary !== "" && outputs.some(({ name }) => name === "github")) {
    write(summary, () => host.appendText(summary, renderMarkdown(result, host)));
  }
  const view = await createView(host, options.color);
  for (const { name, file } of outputs) {
    if (file === undefined) host.stdout.write(formats[name](result, { ...view, version }));
  }
}

function write(out: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    if (error instanceof Error && "code" in error)
      throw new UserError("out-impossible", { out, reason: reasonOf(error) });
    throw error;
  }
}
