/** @file `vram-plan schema`: JSON schemas for editors and for programs that read the results. */
import { suggest, UserError } from "../../errors.ts";
import { budgetJsonSchema } from "../../policy/budget-file.ts";
import { checkJsonSchema, reportJsonSchema } from "../../report/schema.ts";
import type { Host } from "../host.ts";

const schemas: Readonly<Record<string, () => unknown>> = {
  budget: budgetJsonSchema,
  report: reportJsonSchema,
  check: checkJsonSchema,
};

/** Prints one schema. Throws `schema-not-known`. */
export async function schemaCommand(host: Host, what: string): Promise<number> {
  const schema = Object.hasOwn(schemas, what) ? schemas[what] : undefined;
  if (schema === undefined) {
    const known = Object.keys(schemas);
    throw new UserError("schema-not-known", { name: what, known, near: suggest(what, known) });
  }
  host.stdout.write(`${JSON.stringify(schema(), undefined, 2)}\n`);
  return 0;
}
