/**
 * @file Networks and options that no packed case has, against whole runs of PaddleSeg on Paddle 2.6.2 (256×128, batch 2,
 * kernels that compute nothing). In MscaleOCRNet's case all losses were CrossEntropyLoss.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { ConfigMap } from "../../src/config/types.ts";
import { configFromResolved, loadProgram, settingsOf } from "../tools/program.ts";

interface Case {
  readonly title: string;
  readonly batch: number;
  readonly crop: readonly [number, number];
  readonly amp: "off" | "O1";
  readonly evalSize: readonly [number, number];
  readonly resolved: ConfigMap;
  readonly parameters: number;
  readonly afterStep: number;
  readonly peak: number;
  readonly reserved: number;
  readonly evalReserved: number;
}

const file = new URL("./hrnet-family.json", import.meta.url);
const cases = JSON.parse(readFileSync(file, "utf8")) as readonly Case[];
const program = loadProgram();

describe("measured networks and options", () => {
  it.each(cases)("$title: bytes as Paddle's statistics have them", (c) => {
    const config = configFromResolved(c.resolved);
    const { parameters, training, evaluation } = program.estimate(config, settingsOf(c));
    expect({
      parameters: parameters.count,
      afterStep: training.afterStepBytes,
      peak: training.allocated.lowBytes,
      reserved: training.reserved.lowBytes,
      evalReserved: evaluation?.reserved.lowBytes,
    }).toEqual({
      parameters: c.parameters,
      afterStep: c.afterStep,
      peak: c.peak,
      reserved: c.reserved,
      evalReserved: c.evalReserved,
    });
  });
});
