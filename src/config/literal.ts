/** @file Python literals as ast.literal_eval reads them: numbers, strings, True, False, None, tuples, lists, dicts. */
import { map, type Node, type Slot, scalar } from "./node.ts";

/** Nested brackets; CPython's own parser stops at 200 (MAXSTACK is far higher, its tokenizer's MAXLEVEL is 200). */
const deepest = 200;

const number =
  /^(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|(?:\d(?:_?\d)*)?\.\d(?:_?\d)*(?:[eE][-+]?\d(?:_?\d)*)?|\d(?:_?\d)*\.?(?:[eE][-+]?\d(?:_?\d)*)?)/;

const escapes: Readonly<Record<string, string>> = {
  "\\": "\\",
  "'": "'",
  '"': '"',
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\n": "",
};

class NoLiteral extends Error {}

/** Reads one expression from left to right. */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The whole text: one value, or a tuple without brackets. */
  all(): Node {
    const node = this.#list("", 0);
    if (this.#at < this.#text.length) throw new NoLiteral();
    return node;
  }

  #blank(): void {
    while (/\s/.test(this.#text[this.#at] ?? "")) this.#at++;
  }

  #take(char: string): boolean {
    this.#blank();
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  /** Values up to `close` ("" for the end): one value without a comma is itself, else a tuple; `]` makes a list. */
  #list(close: string, depth: number): Node {
    const items: Slot[] = [];
    let comma = false;
    for (;;) {
      this.#blank();
      const ends = close === "" ? this.#at >= this.#text.length : this.#take(close);
      if (ends) break;
      if (items.length > 0 && !comma) {
        if (close === "") break;
        throw new NoLiteral();
      }
      items.push({ node: this.#value(depth), outside: true });
      const next = this.#take(",");
      comma = next;
      if (!next && close !== "") {
        if (!this.#take(close)) throw new NoLiteral();
        break;
      }
    }
    const first = items[0];
    if (close !== "]" && items.length === 1 && !comma && first !== undefined) return first.node;
    if (close === "" && items.length === 0) throw new NoLiteral();
    return { kind: "seq", items, tuple: close !== "]" };
  }

  #value(depth: number): Node {
    if (depth > deepest) throw new NoLiteral();
    this.#blank();
    const rest = this.#text.slice(this.#at);
    const char = rest[0] ?? "";
    if (char === "+" || char === "-") {
      this.#at++;
      this.#blank();
      const twice = /[-+]/.test(this.#text[this.#at] ?? "");
      const node = this.#value(depth + 1);
      if (twice || node.kind !== "scalar" || typeof node.value !== "number") throw new NoLiteral();
      // A negative zero is a float only.
      return scalar(char === "+" ? node.value : node.float ? -node.value : 0 - node.value, node.float);
    }
    if (this.#take("(")) return this.#list(")", depth + 1);
    if (this.#take("[")) return this.#list("]", depth + 1);
    if (this.#take("{")) return this.#dict(depth + 1);
    const word = /^(True|False|None)(?![A-Za-z0-9_])/.exec(rest)?.[1];
    if (word !== undefined) {
      this.#at += word.length;
      return scalar(word === "None" ? null : word === "True");
    }
    return /^[uU]?['"]/.test(rest) ? this.#strings() : this.#number(rest);
  }

  #number(rest: string): Node {
    const text = number.exec(rest)?.[0];
    const after = text === undefined ? "" : (rest[text.length] ?? "");
    if (text === undefined || /[A-Za-z0-9_.]/.test(after)) throw new NoLiteral();
    this.#at += text.length;
    const bare = text.replaceAll("_", "");
    const float = !/^0[xob]/i.test(bare) && /[.eE]/.test(bare);
    // Python refuses integers such as 007.
    if (!float && /^0+[1-9]/.test(bare)) throw new NoLiteral();
    return scalar(Number(bare), float);
  }

  /** Neighbouring strings are one. */
  #strings(): Node {
    let value = "";
    for (;;) {
      this.#blank();
      const start = /^[uU]?('''|"""|'|")/.exec(this.#text.slice(this.#at));
      if (start === null) return scalar(value);
      this.#at += start[0].length;
      value += this.#string(start[1] ?? "'");
    }
  }

  #string(quote: string): string {
    let value = "";
    while (!this.#text.startsWith(quote, this.#at)) {
      const char = this.#text[this.#at++];
      if (char === undefined || (char === "\n" && quote.length === 1)) throw new NoLiteral();
      value += char === "\\" ? this.#escape() : char;
    }
    this.#at += quote.length;
    return value;
  }

  #escape(): string {
    const rest = this.#text.slice(this.#at);
    const code = /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U(0010[0-9a-fA-F]{4}|000[0-9a-fA-F]{5}))/.exec(rest);
    const octal = /^[0-7]{1,3}/.exec(rest);
    if (code !== null) {
      this.#at += code[0].length;
      return String.fromCodePoint(Number.parseInt(code[1] ?? code[2] ?? code[3] ?? "0", 16));
    }
    if (octal !== null) {
      this.#at += octal[0].length;
      return String.fromCodePoint(Number.parseInt(octal[0], 8));
    }
    const char = rest[0];
    if (char === undefined || /[xuUN]/.test(char)) throw new NoLiteral();
    this.#at++;
    return escapes[char] ?? `\\${char}`;
  }

  /** After the brace. Sets are no values that a config can hold, so they stay text. */
  #dict(depth: number): Node {
    const dict = map();
    for (;;) {
      if (this.#take("}")) return dict;
      const key = this.#value(depth);
      if (key.kind !== "scalar" || !this.#take(":")) throw new NoLiteral();
      dict.entries.set(String(key.value), { node: this.#value(depth), outside: true });
      if (!this.#take(",")) {
        if (!this.#take("}")) throw new NoLiteral();
        return dict;
      }
    }
  }
}

/** The literal, or undefined where Python raises ValueError or SyntaxError (PaddleSeg then keeps the text). */
export function literalEval(text: string): Node | undefined {
  // Leading blanks and tabs are stripped by literal_eval itself.
  try {
    return new Reader(text.replace(/^[ \t]+/, "")).all();
  } catch (error) {
    if (error instanceof NoLiteral) return undefined;
    throw error;
  }
}
