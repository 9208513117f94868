/** @file Bad input from the command line: one clear message with its place and the next step, exit 2, no stack, nothing written. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { recipe, recipes, vramPlan } from "./support.ts";

const text = readFileSync(join(recipes, recipe), "utf8");
/** Line of the recipe that holds a text, from 1. */
const lineOf = (part: string): number => text.slice(0, text.indexOf(part)).split("\n").length;

/** The recipe with one text replaced. */
const changed = (from: string, to: string): string => {
  expect(text).toContain(from);
  return text.replaceAll(from, to);
};

async function refused(args: readonly string[], files: Readonly<Record<string, string>> = {}) {
  const { code, out, err, written } = await vramPlan(args, { files });
  expect([code, out]).toEqual([2, ""]);
  expect(err).not.toMatch(/^\s+at .*[(/]/m);
  expect([...written.keys()]).toEqual([]);
  return err;
}

describe("a config", () => {
  const cases: readonly [string, string, string, RegExp][] = [
    ["with batch 0", changed("batch_size: 16", "batch_size: 0"), "batch_size: 16", /Set batch_size to a whole number/],
    [
      "with a number that is text",
      changed("batch_size: 16", "batch_size: 1e3"),
      "batch_size: 16",
      /Write batch_size: 1000/,
    ],
    ["with an unknown model", changed("PPLiteSeg", "PPLiteSg"), "type: PPLiteSeg", /Did you mean "PPLiteSeg"/],
    ["with an unknown backbone", changed("type: STDC2", "type: STDC9"), "type: STDC2", /Did you mean "STDC/],
    ["with an unknown loss", changed("OhemCrossEntropyLoss", "OhemLoss"), "  types:", /hint: /],
    ["with a crop of zero", changed("[1024, 512]", "[1024, 0]"), "crop_size", /hint: /],
    [
      "with an argument that the network has not",
      changed("  type: PPLiteSeg", "  type: PPLiteSeg\n  depht: 3"),
      "type: PPLiteSeg",
      /hint: /,
    ],
  ];

  it.each(cases)("%s", async (_name, config, part, hint) => {
    const err = await refused(["c.yml", "--gpu", "rtx4070", "--out", "fitted.yml"], { "c.yml": config });
    const [, line] = /^error: c\.yml:(\d+):\d+: /.exec(err) ?? [];
    expect(Math.abs(Number(line) - lineOf(part))).toBeLessThanOrEqual(1);
    expect(err).toMatch(/^> *\d+ \|/m);
    expect(err).toMatch(hint);
  });

  it("that is no YAML, or no training config, or its own base", async () => {
    expect(await refused(["c.yml", "--gpu", "4070"], { "c.yml": "a: [1,\n" })).toContain("This is not YAML");
    expect(await refused(["c.yml", "--gpu", "4070"], { "c.yml": "a: 1\n" })).toContain("is no training config");
    expect(await refused(["c.yml", "--gpu", "4070"], { "c.yml": "" })).toContain("it is empty");
    expect(await refused(["c.yml", "--gpu", "4070"], { "c.yml": "_base_: c.yml\n" })).toContain("each other's _base_");
  });

  it("that is not there, with the names that are", async () => {
    const err = await refused([recipe.replace("stdc2", "stdc"), "--gpu", "4070"]);
    expect(err).toContain("There is no file");
    expect(err).toContain(recipe);
  });

  it("on whose images the network itself fails", async () => {
    const unet = changed("type: PPLiteSeg\n  backbone:\n    type: STDC2", "type: UNet\n  ignored:\n    type: STDC2")
      .replace(/ {2}ignored:\n.*\n.*\n/, "")
      .replace(/ {2}types:[\s\S]*?coef: .*\n/, "  types:\n    - type: CrossEntropyLoss\n  coef: [1]\n")
      .replace("crop_size: [1024, 512]", "crop_size: [8, 8]");
    const err = await refused(["estimate", "c.yml"], { "c.yml": unet });
    expect(err).toMatch(
      /^error: c\.yml:\d+:\d+: The network fails at this size: pool2d in encode\.\S+ got \[16, 512, 1, 1\]/,
    );
  });
});

describe("the command line", () => {
  it.each([
    [["estimat", recipe], /Did you mean "estimate"/],
    [[recipe], /--gpu rtx4070/],
    [[recipe, "--gpu", "rtx4071"], /Did you mean "rtx4070"/],
    [[recipe, "--gpu", "12"], /No card is called "12"/],
    [[recipe, "--gpux", "rtx4070"], /Did you mean .*--gpu/],
    [[recipe, "--gpu", "rtx4070", "--gpus", "0"], /It has to be a whole number from 1 on/],
    [[recipe, "--gpu", "rtx4070", "--gpus", "two"], /It has to be a whole number from 1 on/],
    [
      [recipe, "--gpu", "rtx4070", "--gpus", "2", "--lean", "all"],
      /with --lean heads on several cards is not modelled: the cards would exchange gradients after each head/,
    ],
    [
      [recipe, "--gpu", "rtx4070", "--gpus", "2", "--recompute", "backbone.features.2"],
      /Paddle's DataParallel stops in this run: with recompute, the gradient of a parameter comes in after/,
    ],
    [["estimate", recipe, "--batch-size", "0"], /whole number from 1 on/],
    [["estimate", recipe, "--batch-size", "1e3"], /whole number from 1 on/],
    [["estimate", recipe, "--crop-size", "1024"], /WIDTHxHEIGHT/],
    [["estimate", recipe, "--crop-size", "0x512"], /WIDTHxHEIGHT/],
    [["estimate", recipe, "--precision", "fp8"], /Allowed choices are fp32, fp16/],
    [["estimate", recipe, "--conv-workspace-limit", "12G"], /256MiB/],
    [["estimate", recipe, "--recompute", "backbone.featurs"], /Did you mean "backbone.features"/],
    [["estimate", recipe, "--data-format", "NHWC"], /DeepLabV3P only/],
    [["estimate", recipe, "--opts", "model.bakbone.type=STDC1"], /Did you mean "backbone"/],
    [["check", recipe], /--gpu/],
    [["list", "gpu"], /Did you mean "gpus"/],
    [["list", "constructor"], /There is no list of constructor/],
    [["estimate"], /missing required argument/],
  ])("%j", async (args, message) => {
    expect(await refused(args)).toMatch(message);
  });

  it("keeps the stack of a bug, and still exits with 2", async () => {
    const { code, out, err } = await vramPlan(["estimate", recipe], { bug: new TypeError("boom") });
    expect([code, out]).toEqual([2, ""]);
    expect(err).toContain("this is a bug in vram-plan");
    expect(err).toMatch(/TypeError: boom\n\s+at /);
  });
});
