/** @file A YAML value as Python holds it: dicts and lists have an identity (aliases share them), and each knows where it was written. */

import { asIs, type Phrase, phrase } from "../words/phrase.ts";
import type { ConfigMap, ConfigValue, Location } from "./types.ts";

/** A text file whose offsets can be turned into lines. */
export interface Source {
  readonly file: string;
  readonly text: string;
  /** Line and column, from 1, of an offset. */
  place(offset: number): { readonly line: number; readonly col: number };
}

/** A place in a source. */
export interface Mark {
  readonly source: Source;
  readonly start: number;
  readonly end: number;
}

export interface ScalarNode {
  readonly kind: "scalar";
  readonly value: string | number | boolean | null;
  /** A Python float: `2.0` is none of Python's integers, though JavaScript cannot tell. */
  readonly float: boolean;
}

/** Where a value stands inside its parent. `outside`: given by a flag, so it stands in no file. */
export interface Slot {
  readonly node: Node;
  readonly key?: Mark | undefined;
  readonly value?: Mark | undefined;
  readonly outside?: boolean | undefined;
  /** Written as `*alias`: the value stands elsewhere. */
  readonly alias?: boolean | undefined;
  /** Came in by `<<`: key and value stand in another mapping. */
  readonly merged?: boolean | undefined;
}

export interface SeqNode {
  readonly kind: "seq";
  readonly items: Slot[];
  /** A Python tuple, from --opts or `!!python/tuple`. */
  readonly tuple: boolean;
}

export interface MapNode {
  readonly kind: "map";
  readonly entries: Map<string, Slot>;
}

export type Node = ScalarNode | SeqNode | MapNode;

/** A scalar; a number is a float only where it says so. */
export function scalar(value: ScalarNode["value"], float = false): ScalarNode {
  return { kind: "scalar", value, float };
}

/** A dict from plain entries. */
export function map(entries: Iterable<readonly [string, Slot]> = []): MapNode {
  return { kind: "map", entries: new Map(entries) };
}

/** The value under a key, or undefined. */
export function get(node: Node | undefined, key: string): Node | undefined {
  if (node?.kind === "map") return node.entries.get(key)?.node;
  if (node?.kind === "seq" && /^\d+$/.test(key)) return node.items[Number(key)]?.node;
  return undefined;
}

function slotAt(node: Node, key: string): Slot | undefined {
  if (node.kind === "map") return node.entries.get(key);
  return node.kind === "seq" && /^\d+$/.test(key) ? node.items[Number(key)] : undefined;
}

/** Line and column of a mark. */
export function locationOf(mark: Mark): Location {
  const at = mark.source.place(mark.start);
  return { file: mark.source.file, line: at.line, column: at.col };
}

/** The slots along a path, as far as it exists. */
export function slotsAlong(root: Node, path: readonly string[]): readonly Slot[] {
  const slots: Slot[] = [];
  let node = root;
  for (const key of path) {
    const slot = slotAt(node, key);
    if (slot === undefined) break;
    slots.push(slot);
    node = slot.node;
  }
  return slots;
}

/**
 * Where a path was written: a scalar's or list item's own place, a mapping's key. A value that was filled in has its
 * nearest parent's place; one that a flag gave has none.
 */
export function locate(root: Node, path: readonly string[], start: Location): Location | undefined {
  const slots = slotsAlong(root, path);
  for (let i = slots.length - 1; i >= 0; i--) {
    const slot = slots[i];
    if (slot === undefined) continue;
    if (slot.outside === true) return undefined;
    const mark = slot.node.kind === "scalar" ? (slot.value ?? slot.key) : (slot.key ?? slot.value);
    if (mark !== undefined) return locationOf(mark);
  }
  return start;
}

/** Plain values; what shares a node shares the result, so aliases cost nothing. */
export function toValue(root: Node): ConfigValue {
  const maps = new Map<MapNode, ConfigMap>();
  const lists = new Map<SeqNode, readonly ConfigValue[]>();
  const convert = (node: Node): ConfigValue => {
    if (node.kind === "scalar") return node.value;
    if (node.kind === "seq") {
      const done = lists.get(node);
      if (done !== undefined) return done;
      const list = node.items.map((slot) => convert(slot.node));
      lists.set(node, list);
      return list;
    }
    const done = maps.get(node);
    if (done !== undefined) return done;
    // fromEntries makes own properties, also of a key named __proto__.
    const plain: ConfigMap = Object.fromEntries([...node.entries].map(([key, slot]) => [key, convert(slot.node)]));
    maps.set(node, plain);
    return plain;
  };
  return convert(root);
}

/** A value in a message: scalars as written, else `a list` or `a mapping`. */
export function describe(node: Node | undefined): Phrase {
  if (node === undefined) return phrase("value-missing", {});
  if (node.kind === "seq") {
    const flat = node.items.every((slot) => slot.node.kind === "scalar") && node.items.length <= 4;
    return flat
      ? phrase("value-items", { items: node.items.map((slot) => describe(slot.node)) })
      : phrase("value-list", {});
  }
  if (node.kind === "map") return phrase("value-mapping", {});
  if (node.value === null) return phrase("value-null", {});
  if (typeof node.value === "string") return phrase("value-text", { text: node.value.slice(0, 60) });
  if (node.float && Number.isInteger(node.value)) return phrase("value-float", { value: Number(node.value) });
  return asIs(String(node.value));
}
