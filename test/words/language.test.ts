/** @file Which language a run speaks, and what is the same in all: JSON and the formats of machines. */
import { describe, expect, it } from "vitest";
import { chooseLanguage, takeLanguage } from "../../src/cli/language.ts";
import { recipe, vramPlan } from "../cli/support.ts";

describe("the language", () => {
  it("is that of --lang, then of the first locale that says something, then English", () => {
    expect(chooseLanguage([], {})).toBe("en");
    expect(chooseLanguage([], { LANG: "zh_CN.UTF-8" })).toBe("zh-CN");
    expect(chooseLanguage([], { LC_ALL: "C", LANG: "zh_CN.UTF-8" })).toBe("en");
    expect(chooseLanguage([], { LC_MESSAGES: "zh_CN", LANG: "en_US" })).toBe("zh-CN");
    expect(chooseLanguage(["--lang", "en"], { LANG: "zh_CN" })).toBe("en");
    expect(chooseLanguage(["--lang=zh-CN"], {})).toBe("zh-CN");
  });

  it("is taken from anywhere among the arguments", () => {
    expect(takeLanguage(["--lang", "en", "plan", "x.yml"])).toEqual(["plan", "x.yml"]);
    expect(takeLanguage(["x.yml", "--lang=zh-CN"])).toEqual(["x.yml"]);
  });

  it("is refused where it is not known", async () => {
    const { code, err } = await vramPlan(["list", "models", "--lang", "zh"]);
    expect(code).toBe(2);
    expect(err).toContain("There are en, zh-CN.");
  });
});

describe("what machines read", { timeout: 60_000 }, () => {
  it.each([
    `${recipe} --gpu rtx4070 --json`,
    `estimate ${recipe} --gpu rtx4070 --json`,
    `check . --gpu rtx4070 --format json`,
    `check . --gpu rtx4070 --format sarif`,
    `check . --gpu rtx4070 --format gitlab`,
    `check . --gpu rtx4070 --format rdjson`,
    `check . --gpu rtx4070 --format csv`,
    `diff ${recipe} pp-liteseg-rtx4070.yml --json`,
    "list knobs --json",
  ])("vram-plan %s is the same in Chinese", async (line) => {
    const args = line.split(" ");
    const [english, chinese] = [await vramPlan(args), await vramPlan([...args, "--lang", "zh-CN"])];
    expect(english.out).not.toBe("");
    expect(chinese.out).toBe(english.out);
  });
});
