/** @file check and diff where a run takes place: a desktop, what is free, the Paddle version; saving as a part of its own. */
import { describe, expect, it } from "vitest";
import { checkSchema, reportSchema } from "../../../src/report/schema.ts";
import { recipe, vramPlan } from "../support.ts";

async function usable(...args: readonly string[]): Promise<number | undefined> {
  const { out } = await vramPlan(["check", recipe, "--gpu", "rtx4070", ...args, "--json"]);
  return checkSchema.parse(JSON.parse(out)).configs[0]?.cards[0]?.gpu.usableBytes;
}

describe("check and diff take the place", () => {
  it("judge what a desktop, Windows and others leave of the card", async () => {
    expect(await usable()).toBe(11_994 * 2 ** 20);
    expect(await usable("--display")).toBe(11_294 * 2 ** 20);
    expect(await usable("--gpu-free", "4GiB")).toBe(4 * 2 ** 30);
    expect(await usable("--system", "windows")).toBeGreaterThan(11_600 * 2 ** 20);
  });

  it("refuse a runtime that is not known", async () => {
    for (const command of [
      ["check", recipe],
      ["diff", recipe, recipe],
    ]) {
      const { code, err } = await vramPlan([...command, "--gpu", "rtx4070", "--runtime", "1.8"]);
      expect(code).toBe(2);
      expect(err).toContain("1.8");
    }
  });
});

describe("saving under O2", () => {
  it("is a row, a part of the JSON and of the verdict where it sets the peak", async () => {
    const small = ["estimate", recipe, "--batch-size", "1", "--crop-size", "256x128", "--no-do-eval"];
    const o2 = [...small, "--precision", "fp16", "--amp-level", "O2"];
    const text = await vramPlan([...o2, "--gpu", "24GiB"]);
    expect(text.out).toMatch(/\n\s*saving {2}/);
    const { saving, training, headroomBytes, gpu } = reportSchema.parse(
      JSON.parse((await vramPlan([...o2, "--gpu", "24GiB", "--json"])).out),
    );
    expect(saving?.peak.stage).toBe("save");
    expect(saving?.allocated.lowBytes).toBeGreaterThan(training.allocated.lowBytes);
    expect(headroomBytes).toBe((gpu?.usableBytes ?? 0) - (saving?.process.highBytes ?? 0));
    const html = (await vramPlan([...o2, "--gpu", "24GiB", "--format", "html"])).out;
    expect(html).toContain(`<data value="${saving?.process.highBytes}" data-path="saving.process.highBytes">`);
    expect(html).toContain(`data-path="saving.reserved.lowBytes"`);
    expect((await vramPlan([...small, "--json"])).out).not.toContain('"saving"');
  });
});
