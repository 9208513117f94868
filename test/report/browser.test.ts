/** @file The HTML report in a real browser: it renders, complains of nothing, and its numbers are the JSON's. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recipe, vramPlan } from "../cli/support.ts";
import { Browser, findChromium } from "./support/browser.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const chromium = findChromium();
const why = chromium === undefined ? " (skipped: there is no Chromium on this machine)" : "";

interface Datum {
  readonly path: string;
  readonly value: string;
  readonly text: string;
}

/** `training.holders.3.bytes` in a report. */
function valueAt(report: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((at, key) => Object(at)[key], report);
}

describe.skipIf(chromium === undefined)(`HTML in a browser${why}`, { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "vram-plan-html-"));
  const [page, chinese] = [join(folder, "report.html"), join(folder, "chinese.html")];
  let browser: Browser;
  let report: unknown;

  beforeAll(async () => {
    const args = [recipe, "--gpu", "rtx4070"];
    const { out, written } = await vramPlan([...args, "--format", "html=report.html", "--format", "json"]);
    report = JSON.parse(out);
    writeFileSync(page, written.get("report.html") ?? "");
    writeFileSync(chinese, (await vramPlan([...args, "--format", "html", "--lang", "zh-CN"])).out);
    browser = await Browser.start(chromium ?? "");
  }, 120_000);

  afterAll(async () => {
    await browser?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const data = (): Promise<readonly Datum[]> =>
    browser.evaluate(
      `[...document.querySelectorAll("data")].map((one) => ({ path: one.dataset.path, value: one.value, text: one.textContent }))`,
    );
  const width = (): Promise<number> => browser.evaluate("document.documentElement.scrollWidth");

  it.each([
    ["light", 1280],
    ["light", 400],
    ["dark", 1280],
    ["dark", 400],
  ] as const)("renders in %s at %d pixels, no wider than the window", async (scheme, pixels) => {
    await browser.open(page, { width: pixels, scheme });
    expect(await width()).toBeLessThanOrEqual(pixels);
    const heights = await browser.evaluate<number[]>(
      `[...document.querySelectorAll("section, svg, .icicle, .stack")].map((one) => one.getBoundingClientRect().height)`,
    );
    expect(heights.length).toBeGreaterThan(8);
    expect(Math.min(...heights)).toBeGreaterThan(10);
    const paper = await browser.evaluate<string>("getComputedStyle(document.body).backgroundColor");
    expect(paper).toBe(scheme === "light" ? "rgb(255, 255, 255)" : "rgb(20, 23, 26)");
  });

  it("shows the JSON's numbers, each at its path", async () => {
    await browser.open(page, { width: 1280 });
    const shown = await data();
    expect(shown.length).toBeGreaterThan(50);
    for (const { path, value } of shown) expect(Number(value), path).toBe(valueAt(report, path));
    expect(shown.map(({ path }) => path)).toEqual(
      expect.arrayContaining(["headroomBytes", "training.allocated.lowBytes", "evaluation.reserved.lowBytes"]),
    );
  });

  it("says the same without script", async () => {
    await browser.open(page, { width: 1280 });
    const withScript = await data();
    await browser.open(page, { width: 1280, script: false });
    expect(await data()).toEqual(withScript);
    expect(await browser.evaluate(`document.querySelector(".tools").hidden`)).toBe(true);
  });

  it("shows what is alive under the pointer and under the keys", async () => {
    await browser.open(page, { width: 1280 });
    const total = (): Promise<number> =>
      browser.evaluate(`Number(document.querySelector("#alive [data-total]").dataset.total)`);
    await browser.evaluate(`document.querySelector("#chart").scrollIntoView({ block: "center" })`);
    const [x = 0, y = 0] = await browser.evaluate<number[]>(
      `(({ left, top }) => [left, top])(document.querySelector(".peak").getBoundingClientRect())`,
    );
    await browser.moveTo(x + 5, y + 5);
    const first = await total();
    await browser.evaluate(`document.querySelector("#chart").focus()`);
    let most = first;
    for (const key of ["PageUp", ...Array.from({ length: 60 }, () => "ArrowRight")]) {
      await browser.press(key);
      most = Math.max(most, await total());
    }
    expect(most).toBe(valueAt(report, "training.allocated.lowBytes"));
    expect(await browser.evaluate(`document.querySelectorAll("#alive li").length`)).toBe(9);
  });

  it("zooms, and marks the layer that is clicked", async () => {
    await browser.open(page, { width: 1280 });
    await browser.evaluate(`document.querySelector("[data-zoom=in]").click()`);
    expect(await browser.evaluate(`document.querySelector(".canvas").style.width`)).toBe("200%");
    expect(await width()).toBeLessThanOrEqual(1280);
    await browser.evaluate(`document.querySelector("[data-layer='backbone']").click()`);
    expect(await browser.evaluate(`document.querySelector("[data-layer='backbone']").style.width`)).toBe("100%");
    expect(await browser.evaluate(`document.querySelector("#layer").textContent`)).toContain("backbone");
    expect(await browser.evaluate(`document.querySelectorAll(".marks i").length`)).toBeGreaterThan(0);
  });

  it("is Chinese where Chinese is asked for", async () => {
    await browser.open(chinese, { width: 1280 });
    expect(await browser.evaluate(`document.documentElement.lang`)).toBe("zh-CN");
    expect(await browser.evaluate(`document.querySelector("h2").textContent`)).toBe("存活字节");
  });

  it("gives a name to whatever can be focused, and heads to tables", async () => {
    await browser.open(page, { width: 1280 });
    const nameless = await browser.evaluate(
      `[...document.querySelectorAll("button, [tabindex], summary")].filter((one) => !(one.getAttribute("aria-label") ?? one.textContent).trim()).length`,
    );
    expect(nameless).toBe(0);
    expect(await browser.evaluate(`document.querySelectorAll("h1").length`)).toBe(1);
  });

  it.each(["light", "dark"] as const)("passes axe in %s, contrast included", async (scheme) => {
    await browser.open(page, { width: 1280, scheme });
    await browser.evaluate(`${axe};0`);
    const violations = await browser.evaluate(
      `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + " " + nodes[0].html.slice(0, 200)))`,
    );
    expect(violations).toEqual([]);
  });

  it("complains of nothing and asks for nothing", () => {
    expect(browser.complaints).toEqual([]);
    expect(browser.requests.filter((url) => !/^(file|data|about):/.test(url))).toEqual([]);
  });
});
