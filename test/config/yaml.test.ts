/** @file YAML values equal PyYAML's, and hostile texts end in a message. The fixtures were written by PyYAML 6 and Python's ast. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { literalEval } from "../../src/config/literal.ts";
import { numberSpelling } from "../../src/config/pyyaml.ts";
import { readYaml } from "../../src/config/read-yaml.ts";
import { UserError } from "../../src/errors.ts";
import { canonical, failure, readText } from "./support.ts";

function fixture(name: string): readonly (readonly [string, string])[] {
  return JSON.parse(readText(join(import.meta.dirname, "../fixtures/config", name))) as [string, string][];
}

function canonicalOf(text: string): string {
  try {
    return canonical(readYaml("x.yml", text).root);
  } catch (error) {
    if (error instanceof UserError) return "error";
    throw error;
  }
}

describe("values as PyYAML reads them", () => {
  it.each(fixture("pyyaml-scalars.json"))("plain scalar %s", (word, expected) => {
    expect(canonicalOf(`a: ${word}\n`)).toBe(expected === "error" ? "error" : `{"a":${expected}}`);
  });

  it.each(fixture("pyyaml-documents.json"))("document %j", (text, expected) => {
    expect(canonicalOf(text)).toBe(expected);
  });
});

describe("literals as Python reads them", () => {
  it.each(fixture("python-literals.json"))("%j", (text, expected) => {
    const node = literalEval(text);
    expect(node === undefined ? "text" : canonical(node)).toBe(expected);
  });
});

describe("spelling of numbers that PyYAML takes as text", () => {
  it.each([
    ["1e-5", "1.0e-5"],
    ["1.5e3", "1.5e+3"],
    ["1e3", "1.0e+3"],
    ["-2.E-4", "-2.0e-4"],
    ["abc", undefined],
    ["e5", undefined],
  ])("%s -> %s", (text, spelling) => {
    expect(numberSpelling(text)).toBe(spelling);
    if (spelling !== undefined) expect(canonicalOf(`a: ${spelling}\n`)).toMatch(/^\{"a":f/);
  });
});

describe("hostile texts", () => {
  const laughs = (width: number, levels: number): string => {
    const lines = ["a0: &a0 [x]"];
    for (let i = 1; i <= levels; i++)
      lines.push(
        `a${i}: &a${i} [${Array(width)
          .fill(`*a${i - 1}`)
          .join(", ")}]`,
      );
    return lines.join("\n");
  };
  const merges = (levels: number): string => {
    const lines = ["a0: &a0 {x: 1}"];
    for (let i = 1; i <= levels; i++) lines.push(`a${i}: &a${i} {<<: [*a${i - 1}, *a${i - 1}], k${i}: 1}`);
    return lines.join("\n");
  };

  it.each([
    ["exploding anchors", laughs(10, 12)],
    [
      "anchors that nest",
      Array.from({ length: 600 }, (_, i) => `a${i}: &a${i} [${i === 0 ? "" : `*a${i - 1}`}]`).join("\n"),
    ],
    ["deep flow lists", "[".repeat(50_000)],
    ["deep closed flow lists", `a: ${"[".repeat(3000)}${"]".repeat(3000)}`],
    ["deep block lists", `${"- ".repeat(20_000)}x`],
    ["deep block maps", Array.from({ length: 400 }, (_, i) => `${" ".repeat(i)}k:`).join("\n")],
    ["deep flow maps", `${"{a: ".repeat(3000)}1${"}".repeat(3000)}`],
  ])("%s are refused in time", (_name, text) => {
    const start = performance.now();
    const [code] = failure(() => readYaml("x.yml", text));
    expect(["yaml-too-large", "yaml-invalid"]).toContain(code);
    expect(performance.now() - start).toBeLessThan(3000);
  });

  it("merges that double share their keys", () => {
    expect(canonical(readYaml("x.yml", merges(40)).root).length).toBeLessThan(20_000);
  });

  it("keeps a key named __proto__", () => {
    expect(canonicalOf("__proto__: {a: 1}\n")).toBe('{"__proto__":{"a":i1}}');
  });
});
