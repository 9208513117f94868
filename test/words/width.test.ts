/** @file Columns of Chinese text, and how tables and lines keep to them. */
import { describe, expect, it } from "vitest";
import { cutMiddle, table, wrap } from "../../src/report/table.ts";
import { displayWidth, padEnd, padStart, takeEnd, takeStart } from "../../src/words/width.ts";

describe("displayWidth", () => {
  it.each([
    ["", 0],
    ["abc", 3],
    ["显存", 4],
    ["显存 12 GiB", 11],
    ["（训练）", 8],
    ["█▏…→│±×", 7],
    ["é", 1],
    ["e\u0301", 1],
    ["\u{20000}", 2],
  ])("%s takes %d columns", (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });

  it("pads and takes by columns", () => {
    expect(padEnd("显存", 6)).toBe("显存  ");
    expect(padStart("显存", 6)).toBe("  显存");
    expect(padEnd("显存", 3)).toBe("显存");
    expect(takeStart("a显存", 4)).toBe("a显");
    expect(takeEnd("显存a", 4)).toBe("存a");
  });
});

describe("wrap", () => {
  it("breaks between Chinese characters, with no sign at the beginning of a line", () => {
    expect(wrap("一二三四，五六", 8)).toEqual(["一二三", "四，五六"]);
    expect(wrap("一二三（四五六）", 8)).toEqual(["一二三", "（四五", "六）"]);
  });

  it("keeps English words, numbers and their units whole", () => {
    expect(wrap("需要 12.3 GiB 显存", 10)).toEqual(["需要", "12.3 GiB", "显存"]);
    expect(wrap("请用 --crop-size 给出", 16)).toEqual(["请用 --crop-size", "给出"]);
  });

  it("keeps every line within the width", () => {
    const text =
      "cuDNN 工作区按规则估计：半精度取卷积的输入 + 输出（上限再加卷积核）；单精度取偏移表（上限取输入 + 输出）；均不超过 FLAGS_conv_workspace_size_limit";
    for (let width = 32; width < 100; width++)
      for (const line of wrap(text, width, "  - ")) expect(displayWidth(line), line).toBeLessThanOrEqual(width);
    expect(wrap(text, 40).join("").replaceAll(" ", "")).toBe(text.replaceAll(" ", ""));
  });
});

describe("table", () => {
  it("aligns columns of Chinese and Latin text", () => {
    const lines = table(
      [{ title: "层" }, { title: "字节", align: "right" }],
      [
        ["激活", "1 B"],
        ["a", "22 B"],
      ],
      40,
      0,
    );
    expect(lines).toEqual(["层    字节", "激活   1 B", "a     22 B"]);
  });

  it("cuts the middle by columns", () => {
    expect(cutMiddle("显存预算规划", 8)).toBe("显存…划");
    expect(displayWidth(cutMiddle("显存预算规划工具", 9))).toBeLessThanOrEqual(9);
  });
});
