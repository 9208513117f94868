/** @file Helpers for the config tests: files from an object, PaddleSeg's configs, values in a form that Python writes too. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Node } from "../../src/config/node.ts";
import { type Code, UserError } from "../../src/errors.ts";

/** PaddleSeg's configs, outside the project: tests that need them skip where they are not. */
export const paddleseg = join(import.meta.dirname, "../../../shared/reference/PaddleSeg/configs");
export const hasPaddleseg = existsSync(paddleseg);

/** Paths of all configs, relative to the folder. */
export function paddlesegConfigs(): readonly string[] {
  return readdirSync(paddleseg, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".yml"))
    .sort();
}

export function readText(path: string): string {
  return readFileSync(path, "utf8");
}

/** A file system of one object; a missing file fails as node:fs does. */
export function filesOf(texts: Readonly<Record<string, string>>) {
  return {
    readText: (path: string): string => {
      const text = texts[path];
      if (text === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: "ENOENT" });
      return text;
    },
    list: (folder: string): readonly string[] =>
      Object.keys(texts)
        .filter((name) => (folder === "." ? !name.includes("/") : name.startsWith(`${folder}/`)))
        .map((name) => name.split("/").at(-1) ?? ""),
  };
}

/** A float's bits, so that no two spellings differ. */
function bits(value: number): string {
  if (Number.isNaN(value)) return "nan";
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0).toString(16).padStart(16, "0");
}

/** A value with its Python type, as the fixtures have it. */
export function canonical(node: Node): string {
  if (node.kind === "seq") return `[${node.items.map((slot) => canonical(slot.node)).join(",")}]`;
  if (node.kind === "map") {
    const keys = [...node.entries.keys()].sort();
    return `{${keys.map((key) => `${ascii(key)}:${canonical(node.entries.get(key)!.node)}`).join(",")}}`;
  }
  const { value } = node;
  if (value === null) return "n";
  if (typeof value === "boolean") return value ? "t" : "F";
  if (typeof value === "string") return `s${ascii(value)}`;
  return node.float ? `f${bits(value)}` : `i${value}`;
}

/** JSON text as Python's json.dumps writes it. */
function ascii(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The UserError that a call throws; anything else fails the test. */
export function userError(run: () => unknown): UserError {
  try {
    run();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

/** Code and `file:line:column` of the UserError that a call throws. */
export function failure(run: () => unknown): readonly [Code, string] {
  const { code, location } = userError(run);
  return [code, location === undefined ? "" : `${location.file}:${location.line}:${location.column}`];
}
