/** @file Names of the formats, without their code: what the command line needs before one is used. */

/** Every format of `check`. */
export const formatNames = ["terminal", "json", "markdown", "github", "gitlab", "sarif", "rdjson", "csv"] as const;
export type FormatName = (typeof formatNames)[number];

/** Whether a text names a format. */
export function isFormatName(name: string): name is FormatName {
  return formatNames.some((known) => known === name);
}
