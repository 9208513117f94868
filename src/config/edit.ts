/** @file Changes to a config as edits of its leaf file: values spliced in, inherited ones overridden, everything else untouched. */
import { dirname, isAbsolute, join, relative } from "node:path";
import { UserError } from "../errors.ts";
import { clone, equal, toNode, withValue } from "./edit-value.ts";
import { type Files, readChain } from "./merge.ts";
import { get, type MapNode, type Mark, map, type Node, type Slot, scalar } from "./node.ts";
import { readYaml } from "./read-yaml.ts";
import type { ConfigValue } from "./types.ts";
import { writeEntry, writeFlow, writeText } from "./write-yaml.ts";

/** One change: the path in the resolved config, and the new value. */
export interface ConfigEdit {
  readonly path: readonly string[];
  readonly value: ConfigValue;
}

/** The file to edit and where the result will lie. */
export interface EditTarget {
  readonly file: string;
  /** Where the new text will be written, if elsewhere: `_base_` is rewritten so that it still resolves. */
  readonly outFile?: string | undefined;
}

/** Replaces a range of the text. */
function splice(text: string, start: number, end: number, by: string): string {
  return text.slice(0, start) + by + text.slice(end);
}

/** Whether the slot's value stands where its key does, so that it can be edited there. */
function isOwn(slot: Slot): boolean {
  return slot.alias !== true && slot.merged !== true && slot.value !== undefined;
}

/** New text with the value at an own slot replaced; a list of the same length item by item, so that its layout stays. */
function replaceValue(text: string, slot: Slot, value: Node): string {
  const { node, value: mark } = slot;
  if (mark === undefined) return text;
  if (
    node.kind === "seq" &&
    value.kind === "seq" &&
    node.items.length === value.items.length &&
    node.items.every(isOwn)
  ) {
    let next = text;
    for (let i = node.items.length - 1; i >= 0; i--) {
      const old = node.items[i];
      const item = value.items[i];
      if (old !== undefined && item !== undefined && !equal(old.node, item.node))
        next = replaceValue(next, old, item.node);
    }
    return next;
  }
  const old = text.slice(mark.start, mark.end);
  const tail = old.length - old.trimEnd().length;
  const blank = mark.start > 0 && /\s/.test(text[mark.start - 1] ?? "") ? "" : " ";
  return splice(text, mark.start, mark.end - tail, (old.trim() === "" ? blank : "") + writeFlow({ node: value }));
}

/** Line break used by the file. */
function lineBreak(text: string): string {
  return text.includes("\r\n") ? "\r\n" : "\n";
}

/** Where the line ends that holds an offset. */
function lineEnd(text: string, offset: number): number {
  const end = text.indexOf("\n", offset);
  if (end < 0) return text.length;
  return text[end - 1] === "\r" ? end - 1 : end;
}

/** Text with an entry at its end. */
function appendEntry(text: string, key: string, node: Node): string {
  const eol = lineBreak(text);
  const body = text === "" || text.endsWith("\n") ? text : text + eol;
  const gap = node.kind === "map" && !body.endsWith(`${eol}${eol}`) ? eol : "";
  return `${body}${gap}${writeEntry(key, { node }, "", eol)}${eol}`;
}

/** The mark of a slot's value where it ends on the line that a new entry can follow. */
function simpleEnd(text: string, slot: Slot): number | undefined {
  if (slot.merged === true || slot.value === undefined) return undefined;
  const { start, end } = slot.value;
  const first = text[start] ?? "";
  const flow = slot.node.kind === "scalar" ? !/[|>]/.test(first) : /[[{]/.test(first);
  return flow || slot.alias === true ? end : undefined;
}

/** Text with a new entry in a mapping that the leaf writes itself; `mark` is its place, undefined for the root. */
function insertEntry(text: string, parent: MapNode, mark: Mark | undefined, key: string, node: Node): string {
  const eol = lineBreak(text);
  const open =
    mark === undefined ? /^\s*\{/.exec(text.replace(/^(\s*#.*|---.*)$/gm, (line) => " ".repeat(line.length))) : null;
  const flowStart =
    mark === undefined
      ? open === null
        ? undefined
        : open[0].length - 1
      : text[mark.start] === "{"
        ? mark.start
        : undefined;
  if (flowStart !== undefined) {
    const comma = parent.entries.size > 0 ? ", " : "";
    return splice(text, flowStart + 1, flowStart + 1, `${writeText(key)}: ${writeFlow({ node })}${comma}`);
  }
  const own = [...parent.entries].filter(([, slot]) => slot.merged !== true && slot.key !== undefined);
  if (mark === undefined && (own.length === 0 || node.kind === "map")) return appendEntry(text, key, node);
  const base = own.find(([name]) => mark === undefined && name === "_base_");
  const candidates = base === undefined ? [...own].reverse() : [base, ...own];
  const first = own[0]?.[1].key;
  if (first === undefined) return appendEntry(text, key, node);
  const lineStart = text.lastIndexOf("\n", first.start - 1) + 1;
  const indent = " ".repeat(first.start - lineStart);
  for (const [name, slot] of candidates) {
    const end = simpleEnd(text, slot);
    if (end === undefined) continue;
    const at = lineEnd(text, end);
    const gap = name === "_base_" && /^\r?\n\s*\r?\n/.test(text.slice(at)) ? eol : "";
    return splice(text, at, at, `${eol}${gap}${writeEntry(key, { node }, indent, eol)}`);
  }
  return splice(text, first.start, first.start, `${writeEntry(key, { node }, indent, eol).trimStart()}${eol}${indent}`);
}

/** The deepest slot of the leaf along a path that the leaf writes itself. */
function ownPrefix(
  root: MapNode,
  path: readonly string[],
): { readonly depth: number; readonly node: Node; readonly slot: Slot | undefined } {
  let node: Node = root;
  let slot: Slot | undefined;
  for (const [depth, key] of path.entries()) {
    const next: Slot | undefined =
      node.kind === "map" ? node.entries.get(key) : node.kind === "seq" ? node.items[Number(key)] : undefined;
    if (next === undefined || !isOwn(next)) return { depth, node, slot };
    node = next.node;
    slot = next;
  }
  return { depth: path.length, node, slot };
}

/** How many keys of a path to write as one value: up to the first list, which a leaf can only give whole. */
function writableDepth(wanted: MapNode, path: readonly string[], from: number): number {
  for (let depth = from + 1; depth < path.length; depth++) {
    if (path.slice(0, depth).reduce<Node | undefined>(get, wanted)?.kind !== "map") return depth;
  }
  return path.length;
}

/** A value inside the mappings that lead to it. */
function nest(keys: readonly string[], node: Node): Node {
  return keys.reduceRight<Node>((inner, key) => map([[key, { node: inner }]]), node);
}

/** The texts that may carry out an edit, the least change first; each is read back before it is taken. */
function* candidates(text: string, leaf: MapNode, wanted: MapNode, path: readonly string[]): Generator<string> {
  const found = ownPrefix(leaf, path);
  const value = path.reduce<Node | undefined>(get, wanted);
  if (value === undefined) return;
  if (found.depth === path.length && found.slot !== undefined) yield replaceValue(text, found.slot, value);
  for (let { depth } = found; depth >= 0; depth--) {
    const parent = ownPrefix(leaf, path.slice(0, depth));
    if (parent.depth < depth || depth === path.length) continue;
    if (parent.node.kind === "map") {
      const whole = writableDepth(wanted, path, depth);
      const node = path.slice(0, whole).reduce<Node | undefined>(get, wanted);
      const key = path[depth];
      const slot = key === undefined ? undefined : parent.node.entries.get(key);
      if (node === undefined || key === undefined) continue;
      if (slot === undefined || slot.merged === true) {
        yield insertEntry(text, parent.node, parent.slot?.value, key, nest(path.slice(depth + 1, whole), node));
      }
      // An alias gives way to its value, written out.
      const branch = path.slice(0, depth + 1).reduce<Node | undefined>(get, wanted);
      if (slot?.alias === true && branch !== undefined)
        yield replaceValue(text, { ...slot, node: scalar(null) }, branch);
    }
    const own = path.slice(0, depth).reduce<Node | undefined>(get, wanted);
    if (parent.slot !== undefined && own !== undefined) yield replaceValue(text, parent.slot, own);
  }
  // A later duplicate key wins: the whole branch written out, where anchors leave no other way.
  const [key] = path;
  const branch = key === undefined ? undefined : get(wanted, key);
  if (key !== undefined && branch !== undefined) yield appendEntry(text, key, branch);
}

/** Text with `_base_` naming the same files from another folder. */
function moveBases(text: string, file: string, outFile: string): string {
  if (dirname(file) === dirname(outFile)) return text;
  const { root } = readYaml(file, text);
  const slot = root.kind === "map" ? root.entries.get("_base_") : undefined;
  if (slot === undefined) return text;
  const items = slot.node.kind === "seq" && slot.alias !== true ? slot.node.items : [slot];
  let next = text;
  for (const item of [...items].reverse()) {
    const path = item.node.kind === "scalar" ? item.node.value : undefined;
    if (typeof path !== "string" || isAbsolute(path) || item.value === undefined) continue;
    const moved = relative(dirname(outFile), join(dirname(file), path)).replaceAll("\\", "/");
    const { start, end } = item.value;
    const quote = /^["']/.exec(text.slice(start, end))?.[0];
    const plain = writeText(moved);
    next = splice(next, start, end, quote !== undefined && !/["'\\]/.test(moved) ? quote + moved + quote : plain);
  }
  return next;
}

/** One loss type stands for all logits; edits that do not treat all of them alike need the list written out. */
function repeatedLosses(merged: MapNode, edits: readonly ConfigEdit[]): readonly ConfigEdit[] {
  const types = get(get(merged, "loss"), "types");
  const coefficients = get(get(merged, "loss"), "coef");
  if (types?.kind !== "seq" || coefficients?.kind !== "seq" || types.items.length !== 1) return edits;
  const count = coefficients.items.length;
  const mine = edits.filter(({ path }) => path[0] === "loss" && path[1] === "types" && path.length > 2);
  const rest = edits.filter((edit) => !mine.includes(edit));
  const same = (edit: ConfigEdit, path: readonly string[]): number =>
    mine.filter(
      (o) => o.path.slice(3).join("\0") === path.join("\0") && JSON.stringify(o.value) === JSON.stringify(edit.value),
    ).length;
  if (mine.every((edit) => same(edit, edit.path.slice(3)) === count))
    return edits.filter((e) => !mine.includes(e) || e.path[2] === "0");
  const [only] = types.items;
  if (only !== undefined) while (types.items.length < count) types.items.push({ ...only, node: clone(only.node) });
  return [...rest, ...mine];
}

/**
 * The leaf file's new text after `edits`. The base files stay as they are; comments, layout and the spelling of numbers of
 * everything else stay too. The result is read back: every other value is what it was, or `edit-impossible` is thrown.
 */
export function editConfig(target: EditTarget, text: string, edits: readonly ConfigEdit[], files: Files): string {
  const { file, outFile = file } = target;
  const cache = new Map<string, string>();
  const readText = (path: string): string => {
    const known = cache.get(path) ?? files.readText(path);
    cache.set(path, known);
    return known;
  };
  const read = (at: string, now: string): MapNode =>
    readChain(at, { ...files, exists: undefined, readText: (path) => (path === at ? now : readText(path)) });
  let wanted = clone(read(file, text));
  let now = moveBases(text, file, outFile);
  for (const { path, value } of repeatedLosses(wanted, edits)) {
    const before = path.reduce<Node | undefined>(get, wanted);
    const changed = withValue(wanted, path, toNode(value, before));
    if (changed === undefined) {
      throw new UserError("edit-impossible", { key: path.join("."), reason: "the config has no such place" });
    }
    wanted = changed;
    now = carryOut(now, wanted, path, outFile, read);
  }
  return now;
}

function carryOut(
  text: string,
  wanted: MapNode,
  path: readonly string[],
  file: string,
  read: (file: string, text: string) => MapNode,
): string {
  const leaf = readYaml(file, text).root;
  if (leaf.kind === "map") {
    for (const candidate of candidates(text, leaf, wanted, path)) {
      try {
        if (equal(read(file, candidate), wanted)) return candidate;
      } catch (error) {
        // A candidate that is no YAML is one that does not fit here; the next one may.
        if (!(error instanceof UserError)) throw error;
      }
    }
  }
  throw new UserError("edit-impossible", {
    key: path.join("."),
    reason: "its anchors or layout leave no place for it",
  });
}
