/** @file The `_base_` chain: files read and merged as PaddleSeg's cvlibs/config.py does (parse_from_yaml, merge_config_dicts). */
import { basename, dirname, isAbsolute, join, normalize } from "node:path";
import { suggest, UserError } from "../errors.ts";
import { phrase } from "../words/phrase.ts";
import { describe, locationOf, type MapNode, type Mark, map, type Node, type Slot } from "./node.ts";
import { readYaml } from "./read-yaml.ts";
import type { Location } from "./types.ts";

/** What loading needs of the world. `list` gives the names in a folder, for suggestions; all may throw where there is nothing. */
export interface Files {
  readonly readText: (path: string) => string;
  readonly exists?: ((path: string) => boolean) | undefined;
  readonly list?: ((folder: string) => readonly string[]) | undefined;
}

/** Names in the folder of a missing file that look like it. */
function near(file: string, files: Files): readonly string[] {
  if (files.list === undefined) return [];
  try {
    const folder = dirname(file);
    const names = files.list(folder).filter((name) => /ya?ml$/.test(name));
    return suggest(basename(file), names).map((name) => (folder === "." ? name : join(folder, name)));
  } catch {
    return [];
  }
}

/** Text of a config; `named` is where a `_base_` names it, undefined for the file that the user gave. */
function readConfig(file: string, files: Files, named: Location | undefined): string {
  const missing = (): never => {
    if (named !== undefined) throw new UserError("base-not-found", { base: file, near: near(file, files) }, named);
    throw new UserError("file-not-found", { file, near: near(file, files) });
  };
  if (files.exists !== undefined && !files.exists(file)) missing();
  try {
    return files.readText(file);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const code = "code" in error ? String(error.code) : "";
    if (code === "ENOENT" || code === "ENOTDIR") missing();
    if (code === "EISDIR")
      throw new UserError("file-not-readable", { file, reason: phrase("it-is-a-folder", {}) }, named);
    if (code === "EACCES" || code === "EPERM")
      throw new UserError("file-not-readable", { file, reason: phrase("no-permission", {}) }, named);
    throw error;
  }
}

/** A truth value as Python's. */
function truthy(node: Node): boolean {
  if (node.kind === "seq") return node.items.length > 0;
  return node.kind === "map" ? node.entries.size > 0 : Boolean(node.value) || Number.isNaN(node.value);
}

/** The dict over the base dict; copies share what did not change, as Python's shallow copies do. */
function mergeDicts(over: MapNode, base: Node, key: string, at: Location | undefined): MapNode | Node {
  const clash = (): never => {
    throw new UserError("merge-clash", { key, found: describe(base) }, at);
  };
  if (base.kind === "scalar") return clash();
  const inherited = over.entries.get("_inherited_");
  if (inherited !== undefined && !truthy(inherited.node)) {
    return map([...over.entries].filter(([name]) => name !== "_inherited_"));
  }
  if (base.kind === "seq") return over.entries.size === 0 ? { ...base, items: [...base.items] } : clash();
  const merged = map(base.entries);
  for (const [name, slot] of over.entries) {
    const below = base.entries.get(name);
    if (slot.node.kind !== "map" || below === undefined) merged.entries.set(name, slot);
    else merged.entries.set(name, mergeSlot(slot, slot.node, below, name));
  }
  return merged;
}

function mergeSlot(slot: Slot, over: MapNode, below: Slot, name: string): Slot {
  const at = slot.key === undefined ? undefined : locationOf(slot.key);
  return { ...slot, node: mergeDicts(over, below.node, name, at) };
}

/** The paths that `_base_` names, with their places. */
function basePaths(slot: Slot): readonly { readonly path: string; readonly mark: Mark | undefined }[] {
  const items = slot.node.kind === "seq" ? slot.node.items : [slot];
  return items.map((item) => {
    const mark = item.value ?? slot.key;
    if (item.node.kind !== "scalar" || typeof item.node.value !== "string") {
      throw new UserError("base-wrong", { found: describe(item.node) }, mark && locationOf(mark));
    }
    return { path: item.node.value, mark };
  });
}

/** One file with all its bases merged in. `chain` holds the files that led here. */
export function readChain(file: string, files: Files, chain: readonly string[] = [], named?: Location): MapNode {
  const { root } = readYaml(file, readConfig(file, files, named));
  if (root.kind !== "map") {
    const found =
      root.kind === "scalar" && root.value === null
        ? phrase("it-is-empty", {})
        : phrase("it-holds", { value: describe(root) });
    throw new UserError("config-not-training", { file, found }, { file, line: 1, column: 1 });
  }
  const bases = root.entries.get("_base_");
  if (bases === undefined) return root;
  const files_ = [...chain, normalize(file)];
  let merged: Node = map([...root.entries].filter(([name]) => name !== "_base_"));
  for (const base of basePaths(bases)) {
    const path = isAbsolute(base.path) ? base.path : join(dirname(file), base.path);
    const at = base.mark && locationOf(base.mark);
    if (files_.includes(normalize(path))) {
      const loop = files_.slice(files_.indexOf(normalize(path)));
      throw new UserError("base-loop", { chain: [...loop, normalize(path)] }, at);
    }
    if (merged.kind === "map") merged = mergeDicts(merged, readChain(path, files, files_, at), "_base_", at);
  }
  if (merged.kind !== "map") throw new UserError("config-not-training", { file, found: describe(merged) });
  return merged;
}
