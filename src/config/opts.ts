/** @file What flags change in a config: --learning_rate, --batch_size, --iters, then --opts (cvlibs/config.py, update_config_dict). */
import { suggest, UserError } from "../errors.ts";
import { literalEval } from "./literal.ts";
import { get, type MapNode, type Node, type Slot, scalar } from "./node.ts";

/** Flags of tools/train.py that replace a value of the config; undefined leaves it. */
export interface Overrides {
  readonly batchSize?: number | undefined;
  readonly iters?: number | undefined;
  readonly learningRate?: number | undefined;
}

/** Puts a value given by a flag; it stands in no file. */
function given(node: Node): Slot {
  return { node, outside: true };
}

/** JSON's words that Python has otherwise; PaddleSeg would keep `false` as a text, which is true to Python. */
function jsonWord(item: string, value: string): void {
  const words: Readonly<Record<string, string>> = { true: "True", false: "False", null: "None" };
  if (!/\b(true|false|null)\b/.test(value)) return;
  try {
    JSON.parse(value);
  } catch {
    return;
  }
  if (/^\s*"/.test(value)) return;
  const write = item.replace(/\b(true|false|null)\b/g, (word) => words[word] ?? word);
  throw new UserError("opts-json-word", { item, word: value, write });
}

/** The value of one `--opts` item: a Python literal, else text. */
function readValue(item: string, text: string): Node {
  const literal = literalEval(text);
  if (literal !== undefined) return literal;
  jsonWord(item, text);
  return scalar(text);
}

function namesIn(node: Node): readonly string[] {
  if (node.kind === "map") return [...node.entries.keys()];
  return node.kind === "seq" ? node.items.map((_, index) => String(index)) : [];
}

/** Changes one path in place. Items of a list are named by number, which PaddleSeg itself does not offer. */
function setPath(root: MapNode, key: string, value: Node): void {
  const parts = key.split(".");
  const last = parts.pop() ?? "";
  let node: Node = root;
  for (const [index, part] of parts.entries()) {
    const next = get(node, part);
    if (next === undefined || next.kind === "scalar") {
      const missing = parts.slice(0, index + (next === undefined ? 1 : 2)).join(".") || key;
      throw new UserError("opts-path", { key, missing, near: suggest(part, namesIn(node)) });
    }
    node = next;
  }
  if (node.kind === "map") node.entries.set(last, given(value));
  else if (node.kind === "seq" && get(node, last) !== undefined) node.items[Number(last)] = given(value);
  else throw new UserError("opts-path", { key, missing: key, near: suggest(last, namesIn(node)) });
}

/**
 * Applies flags to a merged config, in place. An aliased mapping changes wherever it is used, as in Python.
 * Throws `opts-form`, `opts-path`, `opts-json-word`.
 */
export function applyFlags(root: MapNode, overrides: Overrides, opts: readonly string[]): void {
  const { learningRate, batchSize, iters } = overrides;
  const schedule = get(root, "lr_scheduler");
  if (learningRate !== undefined && schedule?.kind === "map") {
    schedule.entries.set("learning_rate", given(scalar(learningRate, true)));
  }
  if (batchSize !== undefined) root.entries.set("batch_size", given(scalar(batchSize)));
  if (iters !== undefined) root.entries.set("iters", given(scalar(iters)));
  for (const item of opts) {
    const [key, value, more] = item.split("=");
    if (key === undefined || key === "" || value === undefined || more !== undefined)
      throw new UserError("opts-form", { item });
    setPath(root, key, readValue(item, value));
  }
}
