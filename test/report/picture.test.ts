/** @file Pictures of a report: HTML, SVG, trace and the chart agree with its JSON, are well formed, and let nothing through. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createContext, estimate, loadRun } from "../../src/index.ts";
import { plain } from "../../src/report/paint.ts";
import { chartLines } from "../../src/report/picture/chart.ts";
import { escapeJson, escapeText } from "../../src/report/picture/escape.ts";
import { renderHtml } from "../../src/report/picture/html.ts";
import { box, mountainOf } from "../../src/report/picture/mountain.ts";
import { renderSvg } from "../../src/report/picture/svg.ts";
import { type TraceEvent, traceOf } from "../../src/report/picture/trace.ts";
import { wordsOf } from "../../src/report/picture/words.ts";
import type { Report } from "../../src/report/report.ts";
import { formatBytes } from "../../src/units.ts";
import { languages } from "../../src/words/language.ts";
import { recipe, recipes, vramPlan } from "../cli/support.ts";
import { checkXml } from "./support/xml.ts";

const run = loadRun(join(recipes, recipe), {}, { readText: (path) => readFileSync(path, "utf8"), exists: () => true });
const made = estimate(run, createContext("rtx4070"), { timeline: true });
const report: Report = { ...made, config: recipe };
const words = wordsOf("en");
const parts = report.timeline?.parts ?? [];

/** What an attacker would like to name a file. */
const nasty = `x</script><script>alert(1)</script>\u2028"'&<b>.yml`;

describe("escape", () => {
  it("leaves nothing that HTML or a script element reads", () => {
    expect(escapeText(nasty)).not.toMatch(/[<>"']/);
    expect(escapeJson(JSON.stringify(nasty))).not.toMatch(/[<\u2028\u2029]/);
    expect(JSON.parse(escapeJson(JSON.stringify(nasty)))).toBe(nasty);
    expect(escapeText("a\u0000b")).toBe("a\ufffdb");
  });
});

describe("mountain", () => {
  it("stands in its box, with the card's limit above its summit", () => {
    const mountain = mountainOf(report);
    const numbers = (mountain?.areas ?? []).flatMap(({ path }) => path.match(/[\d.]+/g)?.map(Number) ?? []);
    expect(numbers.length).toBeGreaterThan(1000);
    expect(Math.max(...numbers)).toBeLessThanOrEqual(box);
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
    const [training, evaluation] = mountain?.parts ?? [];
    expect(training?.peak.bytes).toBe(report.training.allocated.lowBytes);
    expect(evaluation?.peak.bytes).toBe(report.evaluation?.allocated.lowBytes);
    expect(mountain?.limit?.y ?? 0).toBeLessThan(training?.peak.y ?? 0);
    expect(mountain?.areas.map(({ kind }) => kind)).toContain("activation");
  });

  it("says where the limit is when the card is far larger", () => {
    const gpu = { name: "big", totalBytes: 2 ** 40, usableBytes: 2 ** 40 };
    expect(mountainOf({ ...report, gpu })?.limit?.y).toBeUndefined();
    expect(renderSvg({ ...report, gpu }, words)).toContain("above this picture");
  });

  it("is nothing without a timeline", () => {
    const { timeline, ...bare } = report;
    expect(mountainOf(bare)).toBeUndefined();
    expect(chartLines(bare, { language: "en", paint: plain, width: 80, unicode: true }, words)).toEqual([]);
    expect(renderHtml(bare, "en")).toContain("no timeline");
  });
});

describe("svg", () => {
  it("is well-formed XML in every language, whatever the config is called", () => {
    for (const language of languages) {
      const svg = renderSvg({ ...report, config: nasty }, wordsOf(language));
      expect(() => checkXml(svg)).not.toThrow();
      expect(svg).not.toContain("<script");
    }
  });

  it("says the verdict, the peak and the limit", () => {
    const svg = renderSvg(report, words);
    expect(svg).toContain("does not fit");
    expect(svg).toContain(`${formatBytes(report.training.allocated.lowBytes)}: multiply of OhemCrossEntropyLoss`);
    expect(svg).toContain("GeForce RTX 4070");
  });
});

describe("html", () => {
  const html = renderHtml(report, "en");

  it("asks for nothing from anywhere", () => {
    expect(html).not.toMatch(/\b(?:src|href)="(?!data:)/);
    expect(html).not.toMatch(/@import|url\(|fetch\(|XMLHttpRequest/);
  });

  it("cannot be broken out of by a name", () => {
    const text = renderHtml({ ...report, config: nasty }, "en");
    expect(text.match(/<script/g)).toHaveLength(3);
    expect(text).not.toContain("<b>");
  });

  it("holds the report as JSON", () => {
    const json = /<script type="application\/json" id="report">(.*?)<\/script>/s.exec(html)?.[1] ?? "";
    const held = JSON.parse(json);
    expect(held.training).toEqual(JSON.parse(JSON.stringify(report.training)));
    expect(held.timeline.parts[0].at).toEqual(parts[0]?.at);
  });

  it("is Chinese in Chinese", () => {
    const chinese = renderHtml(report, "zh-CN");
    expect(chinese).toContain('<html lang="zh-CN">');
    expect(chinese).toContain("放不下");
    expect(chinese).not.toMatch(/<h[23][^>]*>[^<]*[a-z]{4}/);
  });
});

describe("trace", () => {
  const { traceEvents } = traceOf(report);
  const of = (ph: TraceEvent["ph"], cat?: string): readonly TraceEvent[] =>
    traceEvents.filter((event) => event.ph === ph && event.cat === cat);

  it("counts each kind up to the reported peak", () => {
    const totals = of("C").filter(({ name, pid }) => name === "allocated" && pid === 1);
    const most = Math.max(...totals.map(({ args }) => Number(args?.bytes)));
    expect(most).toBe(report.training.allocated.lowBytes);
    const top = totals.find(({ args }) => args?.bytes === most);
    const kinds = of("C").filter(({ name, pid, ts }) => name !== "allocated" && pid === 1 && ts === top?.ts);
    expect(Object.fromEntries(kinds.map(({ name, args }) => [name, args?.bytes]))).toEqual(
      Object.fromEntries(Object.entries(report.training.byKind).filter(([, bytes]) => bytes > 0)),
    );
  });

  it("has slices that nest: each ends inside the one it began in", () => {
    for (const cat of ["phase", "layer", "op"]) {
      for (const pid of [1, 2]) {
        const slices = of("X", cat).filter((slice) => slice.pid === pid);
        expect(slices.length, cat).toBeGreaterThan(1);
        const open: number[] = [];
        let before = -1;
        for (const { ts = 0, dur = 0 } of slices) {
          expect(ts).toBeGreaterThanOrEqual(before);
          expect(dur).toBeGreaterThan(0);
          while (open.length > 0 && (open.at(-1) ?? 0) <= ts) open.pop();
          if (open.length > 0) expect(ts + dur).toBeLessThanOrEqual(open.at(-1) ?? 0);
          open.push(ts + dur);
          before = ts;
        }
      }
    }
    const layers = new Set(of("X", "layer").map(({ name }) => name));
    expect([...layers]).toEqual(expect.arrayContaining(["model", "backbone", "backbone.features.2"]));
  });

  it("has only fields of the Trace Event Format, all of them whole numbers where numbers", () => {
    for (const event of traceEvents) {
      expect(["M", "C", "X", "i"]).toContain(event.ph);
      expect(Number.isInteger(event.pid)).toBe(true);
      if (event.ph !== "M") expect(Number.isInteger(event.ts)).toBe(true);
    }
  });
});

describe("chart", () => {
  it("keeps to the width, and to ASCII where it has to", () => {
    const lines = chartLines(report, { language: "en", paint: plain, width: 60, unicode: false }, words);
    for (const line of lines) {
      expect(line.length).toBeLessThanOrEqual(60);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII.
      expect(line).toMatch(/^[\x00-\x7f]*$/);
    }
  });

  it("reaches its top in the first row", () => {
    const lines = chartLines(report, { language: "en", paint: plain, width: 100, unicode: true }, words);
    const first = lines.find((line) => line.includes("┤")) ?? "";
    expect(first).toContain(formatBytes(report.training.allocated.lowBytes));
    expect(first).toMatch(/[▁-█]/);
  });
});

describe("the command line", () => {
  it("writes several formats at once and keeps stdout for the one without a file", async () => {
    const args = ["estimate", recipe, "--gpu", "rtx4070", "--format", "html=r.html", "--format", "svg=r.svg"];
    const { code, out, err, written } = await vramPlan([...args, "--format", "json"]);
    expect(code).toBe(1);
    expect([...written.keys()].sort()).toEqual(["r.html", "r.svg"]);
    expect(JSON.parse(out)).not.toHaveProperty("timeline");
    expect(err).toContain("note: written: r.svg");
    expect(written.get("r.html")).toContain('<html lang="en">');
  });

  it("takes the language from the locale, --lang over it", async () => {
    const args = ["estimate", recipe, "--format", "svg"];
    expect((await vramPlan(args, { env: { LANG: "zh_CN.UTF-8" } })).out).toContain("训练");
    expect((await vramPlan([...args, "--lang", "en"], { env: { LANG: "zh_CN.UTF-8" } })).out).toContain("training");
  });

  it("refuses a format that it does not know, and to write over its input", async () => {
    const unknown = await vramPlan(["estimate", recipe, "--format", "htm=x"]);
    expect(unknown.code).toBe(2);
    expect(unknown.err).toContain("html");
    const over = await vramPlan(["estimate", recipe, "--format", `svg=${recipe}`]);
    expect(over.code).toBe(2);
    expect(over.written.size).toBe(0);
  });
});
