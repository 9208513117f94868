/** @file Each check on a config that has what it looks for, and on one that has not. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UserError } from "../../src/errors.ts";
import { createContext, loadRun } from "../../src/index.ts";
import { checks } from "../../src/policy/checks/index.ts";
import type { Loaded, Subject } from "../../src/policy/subject.ts";
import type { CheckName, Finding } from "../../src/report/finding.ts";
import { checkInfos, checkNames, findingHint, findingMessage } from "../../src/report/finding-words.ts";
import { createReporter } from "../../src/report-cache.ts";
import { recipe, recipes } from "../cli/support.ts";

const text = readFileSync(join(recipes, recipe), "utf8");
const reporter = createReporter();

interface Given {
  readonly edit?: readonly [string, string];
  readonly gpu?: string;
  readonly batchSize?: number;
  readonly crop?: { readonly width: number; readonly height: number };
  readonly loaded?: Partial<Loaded>;
}

/** The recipe with an edit, on a card: loaded and run as `check` does it. */
function subject({ edit: [from, to] = ["", ""], gpu, batchSize = 2, crop, loaded }: Given): Subject {
  const edited = text.replace(from, to);
  if (from !== "") expect(edited).not.toBe(text);
  const options = { readText: () => edited, overrides: { batchSize } };
  const run = loadRun(recipe, { cropSize: crop }, options);
  const context = gpu === undefined ? undefined : createContext(gpu);
  const budget = context?.budget;
  const reports = context && budget ? reporter(run, [{ ...context, budget }]) : [];
  return {
    config: recipe,
    error: undefined,
    loaded: {
      train: run.config,
      batchSize,
      crop: crop ?? run.config.cropSize,
      precision: "fp32",
      ampLevelGiven: undefined,
      plan: undefined,
      ...loaded,
    },
    cards: reports.flatMap((report) => (report.gpu === undefined ? [] : [{ gpu: report.gpu, report }])),
  };
}

const find = (name: CheckName, one: Subject, base?: Subject): readonly Finding[] =>
  checks[name].run(one, { base, maxIncrease: { kind: "percent", percent: 5 } });
const failed = (error: UserError): Subject => ({ config: "a.yml", loaded: undefined, error, cards: [] });

describe("checks", { timeout: 60_000 }, () => {
  it("has one file for each name, and the words of each", () => {
    const folder = join(import.meta.dirname, "../../src/policy/checks");
    const files = readdirSync(folder).map((file) => file.replace(".ts", ""));
    expect(files.filter((file) => file !== "index" && file !== "define").sort()).toEqual([...checkNames].sort());
    for (const name of checkNames) expect(checks[name].name).toBe(name);
  });

  it("does-not-fit, tight and evaluation-does-not-fit exclude each other", () => {
    const names = ["does-not-fit", "tight", "evaluation-does-not-fit"] as const;
    const found = (gpu: string, batchSize: number, crop?: Given["crop"]) => {
      const one = subject({ gpu, batchSize, ...(crop ? { crop } : {}) });
      return names.filter((name) => find(name, one).length > 0);
    };
    expect(found("80GiB", 2)).toEqual([]);
    expect(found("2GiB", 16)).toEqual(["does-not-fit"]);
    // A small crop trains in less than a whole validation image takes.
    const crop = { width: 256, height: 128 };
    const { evaluation } = subject({ gpu: "80GiB", batchSize: 1, crop }).cards[0]!.report;
    const { expectedBytes } = evaluation!.process;
    const shares = [1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7];
    const seen = shares.map((share) => found(`${Math.floor(expectedBytes * share)}B`, 1, crop));
    expect(seen).toContainEqual(["evaluation-does-not-fit"]);
    for (const one of seen) expect(one.length).toBeLessThan(2);
    const [finding] = find("does-not-fit", subject({ gpu: "2GiB", batchSize: 16 }));
    expect(finding).toMatchObject({ location: { file: recipe }, gpu: "2.00 GiB" });
  });

  it("increase is over the limit only", () => {
    const [two, three] = [subject({ gpu: "80GiB" }), subject({ gpu: "80GiB", batchSize: 3 })];
    expect(find("increase", three)).toEqual([]);
    expect(find("increase", two, two)).toEqual([]);
    expect(find("increase", two, three)).toEqual([]);
    const [finding] = find("increase", three, two);
    expect(finding?.facts).toMatchObject({ limit: "5 %" });
    expect(finding?.size).toBeGreaterThan(0);
  });

  it("model-not-known and a text that the loader refuses come from the error", () => {
    const place = { file: "a.yml", line: 3, column: 9 };
    const data = { kind: "model", name: "Xnet", near: [], folder: "src/models" };
    const [model] = find("model-not-known", failed(new UserError("not-modelled", data, place)));
    expect(model).toMatchObject({ key: "model Xnet", location: place });
    const number = { key: "iters", text: "1e5", write: "iters: 100000" };
    const [found] = find("number-read-as-text", failed(new UserError("value-text-number", number, place)));
    expect(found?.suggestion).toMatchObject({ column: 9, endColumn: 12, text: "100000" });
    expect(find("model-not-known", failed(new UserError("value-text-number", number)))).toEqual([]);
  });

  it("number-read-as-text finds every text that was meant as a number", () => {
    const one = subject({ edit: [/weight_decay: .*/.exec(text)?.[0] ?? "weight_decay", "weight_decay: 5e-4"] });
    const [finding, ...more] = find("number-read-as-text", one);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ key: "optimizer.weight_decay", facts: { text: "5e-4", write: "5.0e-4" } });
    expect(find("number-read-as-text", subject({}))).toEqual([]);
  });

  it("batch-of-1-with-batch-norm counts the layers", () => {
    const [finding] = find("batch-of-1-with-batch-norm", subject({ gpu: "80GiB", batchSize: 1 }));
    expect(finding?.facts).toMatchObject({ layerCount: expect.any(Number) });
    expect(find("batch-of-1-with-batch-norm", subject({ gpu: "80GiB" }))).toEqual([]);
  });

  it.each([
    [1024, 512, 0],
    [769, 769, 0],
    [1000, 512, 1],
    [512, 530, 1],
  ])("crop-off-stride: %d x %d", (width, height, count) => {
    expect(find("crop-off-stride", subject({ crop: { width, height } }))).toHaveLength(count);
  });

  it("ohem-min-kept is more than the pixels, or stayed when they changed", () => {
    expect(text).toContain("min_kept");
    const all = subject({ batchSize: 1, crop: { width: 128, height: 128 } });
    expect(find("ohem-min-kept", all).length).toBeGreaterThan(0);
    const [two, four] = [subject({ batchSize: 8 }), subject({ batchSize: 16 })];
    expect(find("ohem-min-kept", two)).toEqual([]);
    const [finding] = find("ohem-min-kept", four, two);
    expect(finding?.facts).toMatchObject({ pixels: 16 * 1024 * 512, pixelsBefore: 8 * 1024 * 512 });
    const facts = finding?.facts;
    if (facts !== undefined && "wanted" in facts) expect(facts.wanted).toBe(2 * facts.minKept);
  });

  it("amp-without-effect: a key of the config, a level in fp32", () => {
    const one = subject({ edit: ["batch_size:", "precision: fp16\nbatch_size:"] });
    expect(find("amp-without-effect", one).map(({ key }) => key)).toEqual(["precision"]);
    const level = subject({ loaded: { ampLevelGiven: "O2" } });
    expect(find("amp-without-effect", level).map(({ key }) => key)).toEqual(["--amp-level"]);
    expect(find("amp-without-effect", subject({ loaded: { ampLevelGiven: "O2", precision: "fp16" } }))).toEqual([]);
  });

  it("stale-plan: its card is too small now, or its source has changed", () => {
    const { report } = subject({ gpu: "2GiB", batchSize: 16 }).cards[0]!;
    const plan = (changedKeys: readonly string[], over: boolean) =>
      subject({ loaded: { plan: { card: "2.00 GiB", report: over ? report : undefined, changedKeys } } });
    expect(find("stale-plan", plan([], false))).toEqual([]);
    expect(find("stale-plan", plan([], true))[0]?.facts).toMatchObject({ shortBytes: expect.any(Number) });
    expect(find("stale-plan", plan(["model.type"], false))[0]?.facts).toMatchObject({ changedKeys: ["model.type"] });
  });

  it("says what and what to do in words without gaps", () => {
    const worst = subject({ gpu: "2GiB", batchSize: 1, crop: { width: 1000, height: 100 } });
    const all = checkNames.flatMap((name) => find(name, worst, subject({ gpu: "80GiB" })));
    expect(all.length).toBeGreaterThan(2);
    for (const finding of all) {
      expect(`${findingMessage(finding)} ${findingHint(finding)}`).not.toMatch(/undefined|NaN|\[object/);
      expect(checkInfos[finding.code].title).not.toBe("");
    }
  });
});
