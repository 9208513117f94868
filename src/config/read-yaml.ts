/** @file One YAML text into nodes, with PyYAML's values: later duplicate keys win, aliases share, `<<` merges. */
import { isAlias, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import { UserError } from "../errors.ts";
import { asIs, type Phrase, phrase } from "../words/phrase.ts";
import {
  locationOf,
  type MapNode,
  type Mark,
  map,
  type Node,
  type SeqNode,
  type Slot,
  type Source,
  scalar,
} from "./node.ts";
import { resolvePlain, resolveTagged } from "./pyyaml.ts";

/** Nested levels; PyYAML itself fails on about 300 by Python's recursion limit of 1000 frames. */
const deepest = 256;
/** Values once aliases are written out, far above any config (the largest of PaddleSeg's has about 300). */
const mostValues = 200_000;
/** Characters before a line's first word: one level costs at least one, in `- - - a` two. */
const widestIndent = 2 * deepest;

/** Plain words that PyYAML's resolver takes for a merge, a default value, or a number, and that its constructor then refuses. */
const unreadable = /^(?:<<|=|[-+]?0b_+|[-+]?0x_+)$/;

/** What a node stands for once aliases are written out. */
interface Extent {
  readonly depth: number;
  readonly values: number;
}

/** What `yaml` tells PyYAML's way: all scalars as text (resolved here), duplicate keys allowed, `<<` left alone. */
const options = { schema: "failsafe", version: "1.1", uniqueKeys: false, merge: false, prettyErrors: false } as const;

/** The root value of one document and its source. Throws `yaml-invalid` or `yaml-too-large`. */
export function readYaml(file: string, text: string): { readonly root: Node; readonly source: Source } {
  const lines = new LineCounter();
  const source: Source = { file, text, place: (offset) => lines.linePos(offset) };
  for (const match of text.matchAll(/^[ \t]*(?:[-?:][ \t]+)*/gm)) {
    if (match[0].length > widestIndent) {
      const line = text.slice(0, match.index).split("\n").length;
      throw new UserError("yaml-too-large", { what: phrase("too-deep", {}) }, { file, line, column: 1 });
    }
  }
  const document = parse(file, text, lines);
  // PyYAML takes a comment right after a quote.
  const error = document.errors.find((found) => !found.message.startsWith("Comments must be separated"));
  if (error !== undefined) {
    const at = lines.linePos(Math.min(error.pos[0], text.length));
    const reason = error.message.replace(/\.$/, "");
    if (reason.startsWith("Maximum call stack"))
      throw new UserError("yaml-too-large", { what: phrase("too-deep", {}) });
    throw new UserError("yaml-invalid", { reason: asIs(reason) }, { file, line: at.line, column: at.col });
  }
  return { root: new Reader(source).node(document.contents, 0), source };
}

function parse(file: string, text: string, lineCounter: LineCounter) {
  try {
    return parseDocument(text, { ...options, lineCounter });
  } catch (error) {
    if (error instanceof RangeError)
      throw new UserError("yaml-too-large", { what: phrase("too-deep", {}) }, { file, line: 1, column: 1 });
    throw error;
  }
}

/** Where a parsed node stands; the end is that of the value, without trailing blanks. */
function markOf(source: Source, node: unknown): Mark | undefined {
  if (!isScalar(node) && !isMap(node) && !isSeq(node) && !isAlias(node)) return undefined;
  const range = node.range;
  return range === null || range === undefined ? undefined : { source, start: range[0], end: range[1] };
}

/** Walks one document, keeping anchors as PyYAML does: an alias means an anchor above it, and no anchor comes twice. */
class Reader {
  readonly #source: Source;
  readonly #anchors = new Map<string, Node>();
  readonly #open = new Set<string>();
  readonly #extents = new Map<Node, Extent>();

  constructor(source: Source) {
    this.#source = source;
  }

  node(parsed: unknown, depth: number): Node {
    if (depth > deepest) this.#tooLarge(phrase("too-deep", {}), parsed);
    if (isAlias(parsed)) {
      const node = this.#anchors.get(parsed.source);
      if (node !== undefined) return node;
      const why = this.#open.has(parsed.source)
        ? phrase("alias-holds-itself", { anchor: parsed.source })
        : phrase("no-anchor", { anchor: parsed.source });
      return this.#invalid(why, parsed);
    }
    if (!isScalar(parsed) && !isMap(parsed) && !isSeq(parsed)) return scalar(null);
    const anchor = parsed.anchor;
    if (anchor !== undefined) {
      if (this.#open.has(anchor) || this.#anchors.has(anchor))
        this.#invalid(phrase("anchor-twice", { anchor }), parsed);
      this.#open.add(anchor);
    }
    let node: Node;
    if (isScalar(parsed)) node = this.#scalar(parsed);
    else if (isSeq(parsed)) node = this.#seq(parsed, depth);
    else node = this.#map(parsed, depth);
    this.#measure(node, parsed);
    if (anchor !== undefined) {
      this.#open.delete(anchor);
      this.#anchors.set(anchor, node);
    }
    return node;
  }

  #scalar(parsed: { value: unknown; type?: string | undefined; tag?: string }): Node {
    const text = typeof parsed.value === "string" ? parsed.value : "";
    if (parsed.tag !== undefined) {
      return (
        resolveTagged(parsed.tag, text) ?? this.#invalid(phrase("tagged-not-read", { tag: parsed.tag, text }), parsed)
      );
    }
    if (parsed.type !== undefined && parsed.type !== "PLAIN") return scalar(text);
    if (unreadable.test(text)) this.#invalid(phrase("word-not-read", { text }), parsed);
    return resolvePlain(text);
  }

  #seq(parsed: { items: unknown[]; tag?: string }, depth: number): SeqNode {
    const tuple = parsed.tag?.endsWith("python/tuple") ?? false;
    if (parsed.tag !== undefined && !tuple && !/^(tag:yaml\.org,2002:|!!)(python\/list|seq)$/.test(parsed.tag)) {
      this.#invalid(phrase("tag-not-read", { tag: parsed.tag }), parsed);
    }
    const items = parsed.items.map((item): Slot => {
      // `[a: 1]` is a list with a mapping in it.
      const node = isPair(item) ? this.#map({ items: [item] }, depth + 1) : this.node(item, depth + 1);
      return { node, value: markOf(this.#source, isPair(item) ? item.key : item), alias: isAlias(item) };
    });
    return { kind: "seq", items, tuple };
  }

  #map(parsed: { items: unknown[]; tag?: string }, depth: number): MapNode {
    if (parsed.tag !== undefined && !/^(tag:yaml\.org,2002:|!!)(python\/dict|map)$/.test(parsed.tag)) {
      this.#invalid(phrase("tag-not-read", { tag: parsed.tag }), parsed);
    }
    const own: [string, Slot][] = [];
    const merged: [string, Slot][] = [];
    for (const pair of parsed.items) {
      if (!isPair(pair)) continue;
      const key = markOf(this.#source, pair.key);
      const node = this.node(pair.value, depth + 1);
      if (isScalar(pair.key) && pair.key.type === "PLAIN" && pair.key.value === "<<")
        this.#mergeKey(node, pair, merged);
      else
        own.push([
          this.#key(pair.key, depth),
          { node, key, value: markOf(this.#source, pair.value), alias: isAlias(pair.value) },
        ]);
    }
    return map([...merged, ...own]);
  }

  /** `<<: *a` or `<<: [*a, *b]`: of several, the first wins; own keys win over all. */
  #mergeKey(node: Node, pair: { key: unknown }, merged: [string, Slot][]): void {
    const parts = node.kind === "seq" ? node.items.map((slot) => slot.node) : [node];
    for (const part of [...parts].reverse()) {
      if (part.kind !== "map") this.#invalid(phrase("merge-key", {}), pair.key);
      else for (const [key, slot] of part.entries) merged.push([key, { ...slot, merged: true }]);
    }
    if (merged.length > mostValues) this.#tooLarge(phrase("too-large-expanded", {}), pair.key);
  }

  /** Python's text of the key, so that `1:` and `"1":` meet; no config of PaddleSeg has other keys than text. */
  #key(parsed: unknown, depth: number): string {
    const node = this.node(parsed, depth + 1);
    if (node.kind !== "scalar") return this.#invalid(phrase("key-no-word", {}), parsed);
    if (node.value === null) return "None";
    if (typeof node.value === "boolean") return node.value ? "True" : "False";
    return node.float && Number.isInteger(node.value) ? `${node.value}.0` : String(node.value);
  }

  #measure(node: Node, parsed: unknown): void {
    let depth = 0;
    let values = 1;
    const slots = node.kind === "scalar" ? [] : node.kind === "seq" ? node.items : node.entries.values();
    for (const slot of slots) {
      const inner = this.#extents.get(slot.node);
      depth = Math.max(depth, (inner?.depth ?? 0) + 1);
      values += inner?.values ?? 1;
    }
    if (values > mostValues) this.#tooLarge(phrase("too-large-expanded", {}), parsed);
    if (depth > deepest) this.#tooLarge(phrase("too-deep", {}), parsed);
    this.#extents.set(node, { depth, values });
  }

  #at(parsed: unknown) {
    const mark = markOf(this.#source, parsed);
    return mark === undefined ? { file: this.#source.file, line: 1, column: 1 } : locationOf(mark);
  }

  #tooLarge(what: Phrase, parsed: unknown): never {
    throw new UserError("yaml-too-large", { what }, this.#at(parsed));
  }

  #invalid(reason: Phrase, parsed: unknown): never {
    throw new UserError("yaml-invalid", { reason }, this.#at(parsed));
  }
}
