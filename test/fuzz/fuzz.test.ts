/**
 * @file Damaged configs through the command line: never a stack trace, a hang, a file written; an error with a message, or a report
 * that holds numbers. 600 cases by seed; VRAM_PLAN_FUZZ_CASES=1000 and VRAM_PLAN_FUZZ_FROM ask for others, `test/tools/fuzz.ts` for many.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { hasPaddleseg, readBases } from "./bases.ts";
import { complaint, makeCase, runCase } from "./case.ts";
import { jobFiles, makeJob, runJob } from "./jobs.ts";

const count = Number(process.env.VRAM_PLAN_FUZZ_CASES ?? 600);
const from = Number(process.env.VRAM_PLAN_FUZZ_FROM ?? 1);
const bases = readBases();
const cli = join(import.meta.dirname, "../../dist/cli.cjs");

describe("a damaged config", () => {
  const where = hasPaddleseg ? "" : " (PaddleSeg's configs are not beside the project: the measured ones alone)";

  it(`ends in one message or in a report: ${count} cases${where}`, async () => {
    const wrong: string[] = [];
    const codes = [0, 0, 0];
    for (let seed = from; seed < from + count; seed++) {
      const one = makeCase(seed, bases);
      const result = await runCase(one);
      codes[result.code] = (codes[result.code] ?? 0) + 1;
      const found = complaint(one, result);
      if (found !== undefined) wrong.push(`seed ${seed}, ${one.told}: ${found}`);
    }
    expect(wrong).toEqual([]);
    // Damage that is never refused, or always, tests nothing.
    if (count >= 100) expect(Math.min(codes[0] ?? 0, codes[2] ?? 0)).toBeGreaterThan(count / 20);
  }, 300_000);
});

describe("a damaged budget, baseline, receipt or --opts", () => {
  it("ends in one message or in a report: 300 cases", async () => {
    const wrong: string[] = [];
    for (let seed = from; seed < from + 300; seed++) {
      const job = makeJob(seed);
      const found = complaint(job, await runJob(job));
      if (found !== undefined) wrong.push(`seed ${seed}, ${job.told}: ${found}`);
    }
    expect(wrong).toEqual([]);
  }, 120_000);
});

describe.skipIf(!existsSync(cli))("as a process", () => {
  const folder = mkdtempSync(join(tmpdir(), "vram-plan-fuzz-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("24 damaged configs, their bytes as they are: no file beside them, 2 s at most", () => {
    const wrong: string[] = [];
    for (let seed = from; seed < from + 24; seed++) {
      const one = makeCase(seed, bases);
      const files = Object.entries({ ...one.files, ...jobFiles });
      for (const [name, text] of files) writeFileSync(join(folder, name), text);
      // Wrong UTF-8, which no JavaScript string holds.
      if (seed % 3 === 0)
        writeFileSync(
          join(folder, "c.yml"),
          Buffer.concat([Buffer.from(`${one.files["c.yml"]}\n`), Buffer.from([0xc3, 0x28, 0xff])]),
        );
      const before = readdirSync(folder).length;
      const { status, stdout, stderr, error } = spawnSync(process.execPath, [cli, ...one.args], {
        cwd: folder,
        encoding: "utf8",
        input: one.stdin ?? "",
        timeout: 20_000,
      });
      const written = readdirSync(folder).length === before ? [] : ["a file"];
      const result = {
        code: status ?? -1,
        out: stdout,
        err: error === undefined ? stderr : String(error),
        written,
        milliseconds: 0,
      };
      const found = complaint(one, result);
      if (found !== undefined) wrong.push(`seed ${seed}, ${one.told}: ${found}`);
    }
    expect(wrong).toEqual([]);
  }, 300_000);
});
