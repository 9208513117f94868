/** @file Tables, wrapped lines, bars and phrases. */
import { describe, expect, it } from "vitest";
import { formatCount } from "../../src/report/layers.ts";
import { bar, cutMiddle, table, wrap } from "../../src/report/table.ts";
import { count, percent, span } from "../../src/report/words.ts";
import { GiB, MiB } from "../../src/units.ts";

describe("table", () => {
  const columns = [
    { title: "name", flexible: true },
    { title: "bytes", align: "right" },
  ] as const;

  it("puts numbers to the right, and no blanks at the end of a line", () => {
    const lines = table(
      columns,
      [
        ["a", "1 B"],
        ["bb", "22 B"],
      ],
      80,
    );
    expect(lines).toEqual(["  name  bytes", "  a       1 B", "  bb     22 B"]);
  });

  it("cuts the flexible column to keep the width", () => {
    const lines = table(columns, [["backbone.features.2.conv_list.0.conv", "1 B"]], 30);
    expect(lines[1]).toBe("  backbone.f…ist.0.conv    1 B");
    expect(lines.every((line) => line.length <= 30)).toBe(true);
  });

  it("has no title row without titles", () => {
    expect(table([{ title: "" }], [["x"]], 80, 0)).toEqual(["x"]);
  });
});

describe("lines", () => {
  it("wrap at words, the later ones indented", () => {
    expect(wrap("one two three", 10, "- ")).toEqual(["- one two", "  three"]);
    expect(wrap("averyveryverylongword", 10, "  ")).toEqual(["  averyveryverylongword"]);
  });

  it("keep a number and its unit together", () => {
    expect(wrap("spare (18 %) of 12 GiB", 10)).toEqual(["spare", "(18 %) of", "12 GiB"]);
  });

  it("break lists that are too long after a comma", () => {
    expect(wrap("--recompute backbone.a,backbone.b,backbone.c", 26, "  ")).toEqual([
      "  --recompute",
      "  backbone.a,backbone.b,",
      "  backbone.c",
    ]);
  });

  it("cut in the middle", () => {
    expect(cutMiddle("abcdefghij", 5)).toBe("ab…ij");
    expect(cutMiddle("abc", 5)).toBe("abc");
  });
});

describe("bar", () => {
  it("is as long as its part, and never nothing for something", () => {
    expect(bar(1, 1, 8)).toBe("████████");
    expect(bar(1, 2, 8)).toBe("████");
    expect(bar(1, 16, 8)).toBe("▌");
    expect(bar(1, 1e9, 8)).toBe("▏");
    expect(bar(0, 1, 8)).toBe("");
  });
});

describe("phrases", () => {
  it("percent", () => {
    expect([percent(1, 2), percent(-1, 4), percent(1, 1000), percent(0, 5), percent(1, 0)]).toEqual([
      "50 %",
      "25 %",
      "<1 %",
      "0 %",
      "",
    ]);
  });

  it("count, span and counts of parameters", () => {
    expect([count(1, "edit"), count(2, "edit"), count(0, "edit")]).toEqual(["1 edit", "2 edits", "0 edits"]);
    expect(span(12 * GiB, 13 * GiB)).toBe("12.0 to 13.0 GiB");
    expect(span(700 * MiB, GiB)).toBe("700 MiB to 1.00 GiB");
    expect([19, 12_345, 12_384_469, 250e6].map(formatCount)).toEqual(["19", "12 K", "12.4 M", "250 M"]);
  });
});
