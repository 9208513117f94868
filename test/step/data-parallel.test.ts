/**
 * @file Training on several cards: groups of gradients, and every device event of PaddleSeg's train() as one of 2 or 4 processes, measured
 * on the GPU build of Paddle 2.6.2 with a stand-in for NCCL whose collectives do nothing. In `test/truth/several`: settings and trace.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ConfigMap } from "../../src/config/types.ts";
import { Engine, withEngine } from "../../src/engine/engine.ts";
import { Parameter } from "../../src/nn/layer.ts";
import { assignGroups, Reducer } from "../../src/step/data-parallel.ts";
import { MiB } from "../../src/units.ts";
import { compareTraces } from "../tools/lib/compare.ts";
import { packedTruth, readTrace } from "../tools/lib/packed.ts";
import { logRows } from "../tools/lib/rows.ts";
import { span } from "../tools/lib/span.ts";
import { loadProgram, type Runnable, settingsOf } from "../tools/program.ts";

interface Measured extends Runnable {
  readonly resolved: ConfigMap;
  readonly allocated: number;
  readonly reserved: number;
  readonly reservedEvaluation?: number;
}

const folder = join(packedTruth(), "several");
const names = readdirSync(folder).flatMap((file) => (file.endsWith(".json") ? [file.slice(0, -".json".length)] : []));
const measured = (name: string) => JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")) as Measured;

describe("one of several cards, event by event", { timeout: 120_000 }, () => {
  it.each(names)("%s", (name) => {
    const truth = measured(name);
    expect(truth.gpus).toBeGreaterThan(1);
    const program = loadProgram();
    const config = program.config(truth.resolved);
    const settings = settingsOf(truth);
    const { log } = program.simulate(config, settings);
    // A packed trace has the kernels' temporaries, but not the mark that they are.
    const ours = logRows(log, ...span(log, "raw"), true).map((row) => ({ ...row, kernel: false }));
    expect(compareTraces(ours, readTrace(join(folder, `${name}.trace.gz`))).hunks).toEqual([]);
    const { training, evaluation } = program.estimate(config, settings);
    expect([training.allocated.lowBytes, training.reserved.lowBytes]).toEqual([truth.allocated, truth.reserved]);
    expect(evaluation?.reserved.lowBytes).toBe(truth.reservedEvaluation);
  });
});

describe("the reducer", () => {
  const runtime = loadProgram();
  const first = measured("pp_liteseg_2cards_O1");

  it("lets go of its buffers: after a step as much is alive as on one card", () => {
    const config = runtime.config(first.resolved);
    const [one, four] = [1, 4].map((gpus) => runtime.estimate(config, { ...settingsOf(first), gpus }).training);
    expect(four?.afterStepBytes).toBe(one?.afterStepBytes);
  });

  it("holds blocks longer in expected and high, never in low", () => {
    const config = runtime.config(first.resolved);
    const { reserved } = runtime.estimate(config, settingsOf(first)).training;
    expect(reserved.lowBytes).toBe(first.reserved);
    expect(reserved.highBytes).toBeGreaterThanOrEqual(reserved.lowBytes);
  });

  const parameters = (...sizes: number[]) => sizes.map((n) => new Parameter([n]));
  const grouped = (make: () => Parameter[]) =>
    withEngine(new Engine(), () => assignGroups(make()).map((group) => group.parameters.map((p) => p.shape[0])));
  const million = MiB / 4;

  it("closes the first group at 1 MB, the others at 32 MB", () => {
    expect(grouped(() => parameters(10, million, 5, 20 * million, 12 * million, 7))).toEqual([
      [10, million],
      [5, 20 * million, 12 * million],
      [7],
    ]);
  });

  it("has groups of one type, in the order of their first parameters", () => {
    const mixed = () => parameters(10, 20, 30, 40).map((p, i) => Object.assign(p, i % 2 ? { dtype: "float16" } : {}));
    expect(grouped(mixed)).toEqual([
      [10, 30],
      [20, 40],
    ]);
  });

  it("leaves out parameters that are not trained", () => {
    withEngine(new Engine(), () => {
      const reducer = new Reducer([new Parameter([4]), new Parameter([8], { trainable: false })]);
      expect(reducer.groups.flatMap((group) => group.parameters)).toHaveLength(1);
    });
  });
});
