/** @file Where a finding is shown: from the top of the repository, as the forges want it. */
import { posix } from "node:path";
import type { Finding } from "../finding.ts";

export interface Place {
  readonly path: string;
  readonly line: number;
  readonly column: number;
}

/** A file as the repository names it; absolute paths stay. */
export function repositoryPath(file: string, prefix: string): string {
  const path = file.replaceAll("\\", "/");
  return path.startsWith("/") ? path : posix.join(prefix, path);
}

/** Where the setting was written, else the first line of the config. */
export function placeOf({ location, config }: Pick<Finding, "location" | "config">, prefix: string): Place {
  const { file, line, column } = location ?? { file: config, line: 1, column: 1 };
  return { path: repositoryPath(file, prefix), line, column };
}

/** The finding in one sentence, with its config and card. */
export function sentence({ config, gpu }: Pick<Finding, "config" | "gpu">, message: string): string {
  return `${config}${gpu === undefined ? "" : ` on ${gpu}`} ${message}`;
}
