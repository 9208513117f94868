/** @file Values as YAML text that PyYAML reads back as the same value and type. */
import type { Node, ScalarNode, SeqNode, Slot } from "./node.ts";
import { resolvePlain } from "./pyyaml.ts";

/** Python floats keep their point: `1.0`, and an exponent has one too: `1.0e-7`. */
export function writeNumber(value: number, float: boolean): string {
  if (Number.isNaN(value)) return ".nan";
  if (!Number.isFinite(value)) return value < 0 ? "-.inf" : ".inf";
  const text = Object.is(value, -0) ? "-0" : String(value);
  const exponent = text.indexOf("e");
  if (exponent >= 0) return text.slice(0, exponent).includes(".") ? text : text.replace("e", ".0e");
  return float && !text.includes(".") ? `${text}.0` : text;
}

/** Words that stand without quotes in block and flow: no sign with a meaning, no blank at an end. */
function isPlain(text: string): boolean {
  return /^[A-Za-z0-9_./][\w./+:@%-]*$/.test(text) && !/:$/.test(text) && resolvePlain(text).value === text;
}

/** A text; quoted where it would be read as something else. */
export function writeText(text: string): string {
  if (isPlain(text)) return text;
  // Control characters, line breaks and the signs that PyYAML does not print need escapes.
  return /^[\u0020-\u007e\u00a0-\u2027\u2030-\ud7ff]*$/.test(text)
    ? `'${text.replaceAll("'", "''")}'`
    : JSON.stringify(text);
}

/** One scalar. */
export function writeScalar(node: ScalarNode): string {
  if (typeof node.value === "number") return writeNumber(node.value, node.float);
  if (typeof node.value === "string") return writeText(node.value);
  return String(node.value);
}

/** A scalar as it was spelled, if that spelling still means it; else written anew. */
function spelled(slot: Slot, node: ScalarNode): string {
  const mark = slot.value;
  if (mark === undefined || slot.alias === true || mark.end <= mark.start) return writeScalar(node);
  const text = mark.source.text.slice(mark.start, mark.end);
  const read = resolvePlain(text);
  const same = Object.is(read.value, node.value) && read.float === node.float;
  return same && (typeof node.value !== "string" || isPlain(text)) ? text : writeScalar(node);
}

/** Everything on one line. */
export function writeFlow(slot: Slot): string {
  const { node } = slot;
  if (node.kind === "scalar") return spelled(slot, node);
  if (node.kind === "seq") return `[${node.items.map(writeFlow).join(", ")}]`;
  return `{${[...node.entries].map(([key, value]) => `${writeText(key)}: ${writeFlow(value)}`).join(", ")}}`;
}

/** Lists without mappings stay on one line, as in `crop_size: [1024, 512]`. */
function fitsLine(node: Node): boolean {
  if (node.kind === "scalar") return true;
  if (node.kind === "map") return node.entries.size === 0;
  return node.items.every((slot) => fitsLine(slot.node));
}

function blockSeq(node: SeqNode, indent: string, eol: string): string {
  return node.items
    .map((slot) => {
      const { node: item } = slot;
      if (item.kind !== "map" || fitsLine(item)) return `${indent}- ${writeFlow(slot)}`;
      const inside = blockMap(item.entries, `${indent}  `, eol);
      return `${indent}- ${inside.slice(indent.length + 2)}`;
    })
    .join(eol);
}

function blockMap(entries: Iterable<readonly [string, Slot]>, indent: string, eol: string): string {
  return [...entries].map(([key, slot]) => writeEntry(key, slot, indent, eol)).join(eol);
}

/** `key: value`, over several lines where the value holds mappings; each line begins with `indent`, the last has no line end. */
export function writeEntry(key: string, slot: Slot, indent: string, eol: string): string {
  const name = `${indent}${writeText(key)}:`;
  if (fitsLine(slot.node)) return `${name} ${writeFlow(slot)}`;
  const inner = `${indent}  `;
  if (slot.node.kind === "map") return `${name}${eol}${blockMap(slot.node.entries, inner, eol)}`;
  return slot.node.kind === "seq" ? `${name}${eol}${blockSeq(slot.node, inner, eol)}` : name;
}
