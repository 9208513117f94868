/** @file Edits of YAML text: a value in its place, an entry in a mapping, `_base_` from another folder. */
import { dirname, isAbsolute, join, relative } from "node:path";
import { equal } from "./edit-value.ts";
import type { MapNode, Mark, Node, Slot } from "./node.ts";
import { readYaml } from "./read-yaml.ts";
import { writeEntry, writeFlow, writeText } from "./write-yaml.ts";

/** Replaces a range of the text. */
function splice(text: string, start: number, end: number, by: string): string {
  return text.slice(0, start) + by + text.slice(end);
}

/** Whether the slot's value stands where its key does, so that it can be edited there. */
export function isOwn(slot: Slot): boolean {
  return slot.alias !== true && slot.merged !== true && slot.value !== undefined;
}

/** New text with the value at an own slot replaced; a list of the same length item by item, so that its layout stays. */
export function replaceValue(text: string, slot: Slot, value: Node): string {
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
export function appendEntry(text: string, key: string, node: Node): string {
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
export function insertEntry(text: string, parent: MapNode, mark: Mark | undefined, key: string, node: Node): string {
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

/** Text with `_base_` naming the same files from another folder. */
export function moveBases(text: string, file: string, outFile: string): string {
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
