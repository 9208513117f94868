/** @file Finds the project's root and the measured cases outside it (`../shared/truth`). */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ConfigMap } from "../../../src/config/types.ts";

/** The folder with package.json; the same from the sources and from the bundle. */
export function projectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}

/** Where the measured cases lie, if they are there at all. */
export const sharedTruth = (): string => join(projectRoot(), "..", "shared", "truth");

interface Place {
  readonly phase: string;
  readonly fqn?: string;
  readonly op?: string;
  readonly bytes: number;
}

/** A measured case as its file has it (only the fields that the tools read). */
export interface MeasuredCase {
  readonly id: string;
  readonly config: string;
  readonly batch: number;
  readonly crop: readonly [number, number];
  readonly amp: "off" | "O1" | "O2";
  readonly set: readonly string[];
  readonly resolved: ConfigMap;
  readonly ok: boolean;
  readonly after_build: number;
  readonly num_classes: number;
  readonly params: { tensors: number; total: number; trainable: number; parameter_bytes: number; buffer_bytes: number };
  readonly steps: readonly { allocated: number; peak_allocated: number; peak_reserved: number }[];
  readonly peak_allocated: number;
  readonly peak_reserved: number;
  /** Row positions in a raw trace, by name of the mark. */
  readonly raw?: { readonly marks: Readonly<Record<string, number>> };
  readonly trace?: { peak_live: Place; peak_raw: number };
  readonly eval?: {
    readonly size: readonly [number, number];
    readonly before: { allocated: number; peak_allocated: number; peak_reserved: number };
    readonly after?: { allocated: number; peak_allocated: number; peak_reserved: number };
    readonly peak_live: Place;
    readonly peak_raw: number;
  };
}

/** Names of all measured cases that ran, sorted. */
export function caseNames(folder = sharedTruth()): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json") && file !== "failed.json")
    .map((file) => file.slice(0, -".json".length))
    .sort();
}

/** Reads one measured case. */
export function readCase(name: string, folder = sharedTruth()): MeasuredCase {
  return JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")) as MeasuredCase;
}

/** The one case of that name, or that the text is a part of; an Error that lists the candidates otherwise. */
export function findCase(text: string, names: readonly string[] = caseNames()): string {
  if (names.includes(text)) return text;
  const found = names.filter((name) => name.includes(text));
  if (found.length === 1) return found[0]!;
  if (found.length === 0) throw new Error(`no measured case has "${text}" in its name`);
  throw new Error(`several cases match "${text}":\n  ${found.slice(0, 20).join("\n  ")}`);
}
