/** @file `--out`: the fitted config beside the original, read back by a second search; nothing else is ever written. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { recipe, recipes, vramPlan } from "./support.ts";

const text = readFileSync(join(recipes, recipe), "utf8");
/** A card on which the batch itself has to shrink. */
const small = "4GiB";

// Each case is a search; on a busy machine it takes longer than the usual five seconds.
describe("--out", { timeout: 60_000 }, () => {
  it("writes the edits and nothing else, and a second search finds that it fits as it is", async () => {
    const first = await vramPlan([recipe, "--gpu", small, "--out", "fitted.yml", "--json"]);
    expect(first.code).toBe(0);
    expect([...first.written.keys()].slice(0, 2)).toEqual(["fitted.yml", "fitted.launch.sh"]);
    const fitted = first.written.get("fitted.yml") ?? "";
    const { plan } = JSON.parse(first.out);
    expect(plan.launch).toContain("--config fitted.yml");
    const before = text.split("\n");
    const after = fitted.slice(0, fitted.indexOf("\n# Fitted by vram-plan") + 1).split("\n");
    const own = plan.changes.flatMap((change: { via: { kind: string; file: string }[] }) => change.via);
    expect(own.some((via: { kind: string }) => via.kind === "yaml")).toBe(true);
    const kept = before.filter((line) => after.includes(line));
    expect(before.length - kept.length).toBeLessThanOrEqual(plan.edits.length);
    for (const spelling of ["5.0e-4", "1.0e-5", "# One loss for each of the three outputs."])
      expect(fitted).toContain(spelling);

    const second = await vramPlan(["fitted.yml", "--gpu", small, "--json"], { files: { "fitted.yml": fitted } });
    expect(second.code).toBe(0);
    const report = JSON.parse(second.out);
    expect(report.verdict).toBe("fits");
    expect(report.plan.changes).toEqual([]);
    expect(report.training.process).toEqual(plan.estimate.training.process);
    const spoken = await vramPlan(["fitted.yml", "--gpu", small], { files: { "fitted.yml": fitted } });
    expect(spoken.out).toContain("fits as it is");
    const stated = plan.settings.precision === "fp16" ? "--precision fp16" : "--accumulation";
    expect(spoken.err).toContain(stated);
  });

  it("may replace what it wrote itself", async () => {
    const first = await vramPlan([recipe, "--gpu", "rtx4070", "--out", "f.yml"]);
    const fitted = first.written.get("f.yml") ?? "";
    const again = await vramPlan([recipe, "--gpu", "rtx4070", "--out", "f.yml"], { files: { "f.yml": fitted } });
    expect(again.code).toBe(0);
    expect(again.written.get("f.yml")).toBe(fitted);
    expect(again.out).toContain("Written: f.yml");
  });

  it("has what flags said of the run", async () => {
    const flags = ["--batch-size", "8", "--crop-size", "512x256", "--use-ema", "--opts", "iters=1000"];
    const { written, code } = await vramPlan([recipe, "--gpu", "rtx4070", "--out", "f.yml", ...flags]);
    expect(code).toBe(0);
    const fitted = written.get("f.yml") ?? "";
    expect(fitted).toMatch(/^batch_size: 8$/m);
    expect(fitted).toMatch(/crop_size: \[512, 256\]/);
    expect(fitted).toMatch(/^# vram-plan flags: .*--use-ema --opts iters=1000$/m);
    const second = await vramPlan(["f.yml", "--gpu", "rtx4070", "--json"], { files: { "f.yml": fitted } });
    expect(JSON.parse(second.out).run).toMatchObject({ batchSize: 8, cropSize: [512, 256] });
  });

  it.each([
    [recipe, {}, "never changes those"],
    [`./${recipe}`, {}, "never changes those"],
    ["mine.yml", { "mine.yml": "a: 1\n" }, "did not write it"],
    ["fitted.txt", {}, "does not end in .yml"],
  ])("refuses %s", async (out, files, message) => {
    const { code, err, written } = await vramPlan([recipe, "--gpu", "rtx4070", "--out", out], { files });
    expect(code).toBe(2);
    expect(err).toContain(message);
    expect([...written.keys()]).toEqual([]);
  });

  it("says why a file cannot be written", async () => {
    const world = { writeFails: "ENOENT" };
    const { code, err } = await vramPlan([recipe, "--gpu", "a100-80gb", "--out", "no/such/f.yml"], world);
    expect(code).toBe(2);
    expect(err).toContain("its folder does not exist");
  });

  it("writes nothing where no plan was found", async () => {
    const { code, err, written } = await vramPlan([recipe, "--gpu", "1GiB", "--out", "f.yml"]);
    expect([code, [...written.keys()]]).toEqual([1, []]);
    expect(err).toContain("was not written");
  });
});
