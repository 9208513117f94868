/** @file Changes to a config as edits of its leaf file: values spliced in, inherited ones overridden, everything else untouched. */
import { UserError } from "../errors.ts";
import { phrase } from "../words/phrase.ts";
import { clone, equal, toNode, withValue } from "./edit-value.ts";
import { type Files, readChain } from "./merge.ts";
import { get, type MapNode, map, type Node, type Slot, scalar } from "./node.ts";
import { readYaml } from "./read-yaml.ts";
import { appendEntry, insertEntry, isOwn, moveBases, replaceValue } from "./splice.ts";
import type { ConfigValue } from "./types.ts";

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
      throw new UserError("edit-impossible", { key: path.join("."), reason: phrase("no-such-place", {}) });
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
    reason: phrase("no-room-for-edit", {}),
  });
}
