/** @file The words of errors, the code frame, and the suggestions. */
import { describe, expect, it } from "vitest";
import { codeFrame, renderUserError } from "../src/error-text.ts";
import { codes, suggest, UserError } from "../src/errors.ts";
import { asIs, phrase } from "../src/words/phrase.ts";

const location = { file: "x.yml", line: 3, column: 13 };
const text = "a: 1\nb: 2\nbatch_size: 0\niters: 5\nc: 3\nd: 4\n";

describe("renderUserError", () => {
  it("shows place, frame and next step, and no stack", () => {
    const error = new UserError(
      "value-wrong",
      { key: "batch_size", wanted: phrase("whole-number", { least: 1 }), found: asIs("0") },
      location,
    );
    expect(renderUserError(error, () => text)).toBe(
      [
        "error: x.yml:3:13: batch_size has to be a whole number from 1 on, but is 0.",
        "",
        "  1 | a: 1",
        "  2 | b: 2",
        "> 3 | batch_size: 0",
        "    |             ^",
        "  4 | iters: 5",
        "  5 | c: 3",
        "",
        "hint: Set batch_size to a whole number from 1 on.",
      ].join("\n"),
    );
  });

  it("does without a frame where there is no place or no file", () => {
    const gone = (): string => {
      throw new Error("gone");
    };
    const error = new UserError("file-not-found", { file: "x.yml", near: ["y.yml"] });
    expect(renderUserError(error, gone)).toBe('error: There is no file x.yml.\n\nhint: Did you mean "y.yml"?');
    const placed = new UserError("yaml-invalid", { reason: asIs("no colon") }, location);
    expect(renderUserError(placed, gone).split("\n")).toHaveLength(3);
  });

  it("lets no control character of a file reach the terminal", () => {
    const error = new UserError("file-not-found", { file: "\u001b[31mx.yml", near: [] }, location);
    const out = renderUserError(error, () => "a\n\u001b[2J\nbatch_size: \u0007\n");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there.
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
  });

  it("cuts long lines around the caret", () => {
    const line = `${"x".repeat(5000)}HERE${"y".repeat(5000)}`;
    const frame = codeFrame(line, { file: "x.yml", line: 1, column: 5001 }).split("\n");
    const caret = frame[1]?.indexOf("^") ?? -1;
    expect(frame[0]?.slice(caret, caret + 4)).toBe("HERE");
    expect(frame[0]?.length).toBeLessThan(120);
  });

  it("has a frame for tabs, CRLF and the last line", () => {
    expect(codeFrame("\ta\r\nb", { file: "f", line: 2, column: 1 })).toBe("  1 |  a\n> 2 | b\n    | ^");
    expect(codeFrame("a", { file: "f", line: 9, column: 1 })).toBe("");
  });
});

describe("codes", () => {
  it("are lower case words with dashes", () => {
    expect(codes.length).toBeGreaterThan(10);
    for (const code of codes) expect(code).toMatch(/^[a-z]+(-[a-z]+)+$/);
  });
});

describe("suggest", () => {
  const cards = ["RTX 4070", "RTX 4070 Ti", "RTX 4080", "RTX 3060", "Tesla V100", "A100"];

  it.each([
    ["rtx4070", "RTX 4070"],
    ["rtx-4080", "RTX 4080"],
    ["4070", "RTX 4070"],
    ["v100", "Tesla V100"],
    ["RTX 4O70", "RTX 4070"],
    ["TRX 3060", "RTX 3060"],
  ])("%s is nearest to %s", (word, name) => {
    expect(suggest(word, cards)[0]).toBe(name);
  });

  it("says nothing where nothing is near", () => {
    expect(suggest("quadro", cards)).toEqual([]);
    expect(suggest("", cards)).toEqual([]);
    expect(suggest("x".repeat(100_000), cards)).toEqual([]);
  });

  it("gives at most three, each once", () => {
    expect(suggest("rtx 40", [...cards, ...cards]).length).toBeLessThanOrEqual(3);
    expect(new Set(suggest("rtx", [...cards, ...cards])).size).toBe(3);
  });
});
