/** @file Values for edits: compared as Python would tell them apart, copied, and changed at a path. */

import { type MapNode, map, type Node, type Slot, scalar } from "./node.ts";
import { isList, isMapping } from "./transforms.ts";
import type { ConfigValue } from "./types.ts";

/** Same values and types; integers differ from floats, the order of keys does not matter. */
export function equal(a: Node, b: Node): boolean {
  if (a === b) return true;
  if (a.kind === "scalar" && b.kind === "scalar") return Object.is(a.value, b.value) && a.float === b.float;
  if (a.kind === "seq" && b.kind === "seq") {
    return (
      a.items.length === b.items.length &&
      a.items.every((slot, i) => equal(slot.node, b.items[i]?.node ?? scalar(null)))
    );
  }
  if (a.kind !== "map" || b.kind !== "map" || a.entries.size !== b.entries.size) return false;
  for (const [key, slot] of a.entries) {
    const other = b.entries.get(key);
    if (other === undefined || !equal(slot.node, other.node)) return false;
  }
  return true;
}

/** A copy that shares nothing, so that a change at one path changes no alias. */
export function clone(node: MapNode): MapNode;
export function clone(node: Node): Node;
export function clone(node: Node): Node {
  if (node.kind === "scalar") return node;
  if (node.kind === "seq")
    return { ...node, tuple: false, items: node.items.map((slot) => ({ ...slot, node: clone(slot.node) })) };
  return map([...node.entries].map(([key, slot]): [string, Slot] => [key, { ...slot, node: clone(slot.node) }]));
}

/** A plain value as nodes; a number stays a float where one stood before. */
export function toNode(value: ConfigValue, before: Node | undefined): Node {
  if (isList(value)) {
    const old = before?.kind === "seq" ? before.items : [];
    return { kind: "seq", tuple: false, items: value.map((item, i) => ({ node: toNode(item, old[i]?.node) })) };
  }
  if (isMapping(value)) {
    const old = before?.kind === "map" ? before.entries : undefined;
    return map(
      Object.entries(value).map(([key, item]): [string, Slot] => [key, { node: toNode(item, old?.get(key)?.node) }]),
    );
  }
  if (typeof value !== "number") return scalar(value);
  const wasFloat = before?.kind === "scalar" && before.float;
  // What YAML text will say: numbers with a point or an exponent are floats.
  return scalar(value, wasFloat || !Number.isInteger(value) || /e/.test(String(value)) || Object.is(value, -0));
}

/** The tree with one path changed; undefined where the path leads through a scalar or past the end of a list. */
export function withValue(root: MapNode, path: readonly string[], node: Node): MapNode | undefined {
  const [key, ...rest] = path;
  if (key === undefined) return undefined;
  const old = root.entries.get(key);
  const inner = rest.length === 0 ? node : inside(old?.node, rest, node);
  if (inner === undefined) return undefined;
  const slot: Slot = rest.length === 0 ? { node: inner } : { ...old, node: inner };
  return map([...[...root.entries].map(([name, s]): [string, Slot] => [name, name === key ? slot : s]), [key, slot]]);
}

function inside(node: Node | undefined, path: readonly string[], value: Node): Node | undefined {
  if (node === undefined) return withValue(map(), path, value);
  if (node.kind === "map") return withValue(node, path, value);
  const [key = "", ...rest] = path;
  const index = Number(key);
  if (node.kind !== "seq" || !/^\d+$/.test(key) || index >= node.items.length) return undefined;
  const items = node.items.map((slot, i): Slot => {
    if (i !== index) return slot;
    return rest.length === 0 ? { node: value } : { ...slot, node: inside(slot.node, rest, value) ?? slot.node };
  });
  const changed = items[index];
  // A path that leads nowhere inside the item leaves it as it was.
  return rest.length > 0 && changed?.node === node.items[index]?.node ? undefined : { ...node, items };
}
