/** @file Which of our figures stands beside which measured one, by a made-up program. */
import { describe, expect, it } from "vitest";
import { EventLog, type Mark, type StorageKind, storageKinds } from "../../src/engine/events.ts";
import type { PartEstimate, Range } from "../../src/report/report.ts";
import type { MeasuredCase } from "../tools/lib/cases.ts";
import { runCase } from "../tools/lib/figures.ts";
import { packCase, readPackedCases, readPackedConfigs } from "../tools/lib/packed.ts";
import { span } from "../tools/lib/span.ts";
import { configFromResolved, type Program, settingsOf } from "../tools/program.ts";

const id = "pp_liteseg__pp_liteseg_stdc2_cityscapes_1024x512_scale0.5_160k__O1";
const packed = readPackedCases().find((c) => c.id === id)!;
const resolved = readPackedConfigs().get(packed.resolved)!;

const range = (bytes: number): Range => ({ lowBytes: bytes, expectedBytes: bytes + 1, highBytes: bytes + 2 });
const byKind = Object.fromEntries(storageKinds.map((kind) => [kind, 0])) as Record<StorageKind, number>;

function part(allocated: number, reserved: number, layer: string, op: string): PartEstimate {
  const peak = { phase: "loss", stage: "loss", layer, op, index: 2 } as const;
  return {
    allocated: range(allocated),
    reserved: range(reserved),
    process: range(reserved),
    peak,
    byKind,
    byPhase: [],
    holders: [],
  };
}

/** A program that answers with the measured figures, but for those given. */
function program(wrong: { training?: number; op?: string } = {}): Program {
  const { training, evaluation, parameters } = packed;
  const place = training.place!;
  return {
    config: configFromResolved,
    simulate: () => {
      throw new Error("not asked for");
    },
    estimate: () => ({
      parameters: { count: parameters.count, bytes: parameters.bytes, trainableCount: parameters.trainable },
      training: {
        ...part(wrong.training ?? training.peak, training.reserved, place.layer!, wrong.op ?? place.op),
        afterStepBytes: packed.steps[2]![0],
      },
      evaluation: part(evaluation!.peak, evaluation!.reserved!, "", ""),
    }),
  };
}

describe("runCase", () => {
  it("finds every figure equal when the program answers with what was measured", () => {
    const result = runCase(program(), packed, resolved);
    expect(result.refused).toBeUndefined();
    expect(Object.keys(result.figures)).toHaveLength(8);
    for (const figure of Object.values(result.figures)) expect(figure.ours).toBe(figure.truth);
    expect(result.place).toEqual({ training: true, evaluation: false });
  });

  it("shows a figure and a place that are off", () => {
    const result = runCase(program({ training: 1, op: "relu" }), packed, resolved);
    expect(result.figures.training).toEqual({ ours: 1, truth: packed.training.peak });
    expect(result.place.training).toBe(false);
  });

  it("takes errors as refusals and tells crashes from messages for users", () => {
    const broken: Program = {
      ...program(),
      estimate: () => {
        throw new TypeError("x is undefined\n  at y");
      },
    };
    expect(runCase(broken, packed, resolved)).toMatchObject({ refused: "TypeError: x is undefined", crashed: true });
  });
});

describe("packCase", () => {
  const measured: MeasuredCase = {
    id: "x",
    config: "configs/x.yml",
    batch: 2,
    crop: [512, 256],
    amp: "O2",
    set: [],
    resolved: {},
    ok: true,
    after_build: 1,
    num_classes: 2,
    params: { tensors: 1, total: 2, trainable: 2, parameter_bytes: 8, buffer_bytes: 0 },
    steps: [{ allocated: 10, peak_allocated: 20, peak_reserved: 30 }],
    peak_allocated: 99,
    peak_reserved: 100,
  };

  it("takes training's peaks from before the evaluation, and none from after saving under O2", () => {
    const before = { allocated: 10, peak_allocated: 20, peak_reserved: 30 };
    const live = { phase: "other", fqn: "", op: "cast", bytes: 14 };
    const c = packCase({ ...measured, eval: { size: [4, 4], before, peak_live: live, peak_raw: 15 } }, "key");
    expect(c.training).toEqual({ peak: 20, reserved: 30 });
    expect(c.evaluation).toEqual({ peak: 15, live: 14, place: { op: "cast" } });
    expect(packCase(measured, "key").training).toEqual({ peak: 99, reserved: 100 });
  });
});

describe("settingsOf", () => {
  it("runs a case as it was measured", () => {
    const settings = settingsOf({ ...packed, resolved, evalSize: packed.evalSize });
    expect(settings).toMatchObject({
      batchSize: packed.batch,
      cropSize: { width: 1024, height: 512 },
      precision: "fp16",
      ampLevel: "O1",
      doEval: true,
      evaluation: { size: { width: 2048, height: 1024 } },
      prefetch: 0,
    });
  });
});

describe("span", () => {
  it("cuts our log where the measured traces begin and end, and names a missing mark", () => {
    const log = new EventLog();
    const add = (name: Mark["name"], index: number, at: number): number => log.marks.push({ name, index, at });
    add("step", 1, 3);
    expect(() => span(log, "train")).toThrow('our log has no mark "step" 3');
    add("step", 3, 9);
    expect(span(log, "train")).toEqual([3, 9]);
    expect(span(log, "raw")).toEqual([0, 9]);
    add("image", 2, 12);
    add("image-end", 2, 15);
    expect(span(log, "eval")).toEqual([12, 15]);
    expect(span(log, "raw")).toEqual([0, 15]);
  });
});
