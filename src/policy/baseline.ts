/** @file The baseline file: known findings by identity, so that fixing one and adding another is not the same number. */
import { z } from "zod";
import { UserError } from "../errors.ts";
import { identity, type Judged } from "../report/finding.ts";
import { asIs, phrase } from "../words/phrase.ts";

const entry = z.strictObject({
  code: z.string(),
  config: z.string(),
  gpu: z.string().nullable(),
  key: z.string().nullable(),
});
const schema = z.strictObject({ version: z.literal(1), findings: z.array(entry) });

/** Identities in the text of a baseline file. Throws `baseline-invalid`. */
export function readBaseline(file: string, text: string): ReadonlySet<string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UserError("baseline-invalid", { file, reason: phrase("not-json", {}) });
  }
  const result = schema.safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues;
    const key = issue?.path.join(".") || "the file";
    const reason = phrase("key-wrong", { key, reason: asIs(issue?.message ?? "not valid") });
    throw new UserError("baseline-invalid", { file, reason });
  }
  return new Set(
    result.data.findings.map(({ code, config, gpu, key }) =>
      // A code of another version hides nothing, and does no harm.
      [code, config, gpu ?? "", key ?? ""].join("|"),
    ),
  );
}

/** A baseline of everything that is found now, sorted, so that its changes read well in a diff. */
export function baselineText(judged: readonly Judged[]): string {
  const sorted = [...judged].sort((a, b) => (identity(a.finding) < identity(b.finding) ? -1 : 1));
  const findings = sorted.map(({ finding: { code, config, gpu, key } }) => ({
    code,
    config,
    gpu: gpu ?? null,
    key: key ?? null,
  }));
  return `${JSON.stringify({ version: 1, findings }, undefined, 2)}\n`;
}
