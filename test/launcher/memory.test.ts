/**
 * @file What the launcher takes on the card is what is simulated: every device event of a run through vram_train.py's train(), measured on
 * the GPU build of Paddle 2.6.2 with kernels that compute nothing, kernel temporaries included. In `measured/`: settings and trace of each run.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ConfigMap } from "../../src/config/types.ts";
import { compareTraces } from "../tools/lib/compare.ts";
import { readTrace } from "../tools/lib/packed.ts";
import { logRows } from "../tools/lib/rows.ts";
import { span } from "../tools/lib/span.ts";
import { loadProgram, type Runnable, settingsOf } from "../tools/program.ts";

type Measured = Runnable & { readonly resolved: ConfigMap; readonly allocated: number; readonly reserved: number };

const folder = join(import.meta.dirname, "measured");
const names = readdirSync(folder).flatMap((file) => (file.endsWith(".json") ? [file.slice(0, -".json".length)] : []));

describe("the launcher's runs, event by event", { timeout: 120_000 }, () => {
  it("are in fp32, O1 and O2, with accumulation and with recompute", () => {
    expect(names.map((name) => name.split("_").at(-1)).sort()).toEqual(["O1", "O1", "O2", "fp32"]);
  });

  it.each(names)("%s", (name) => {
    const measured = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")) as Measured;
    expect(measured.accumulate).toBeGreaterThan(1);
    const program = loadProgram();
    const config = program.config(measured.resolved);
    const settings = settingsOf(measured);
    const { log } = program.simulate(config, settings);
    // A packed trace has the kernels' temporaries, but not the mark that they are.
    const ours = logRows(log, ...span(log, "raw"), true).map((row) => ({ ...row, kernel: false }));
    const found = compareTraces(ours, readTrace(join(folder, `${name}.trace.gz`)));
    expect(found.hunks).toEqual([]);
    const { allocated, reserved } = program.estimate(config, settings).training;
    expect([allocated.lowBytes, reserved.lowBytes]).toEqual([measured.allocated, measured.reserved]);
  });
});
