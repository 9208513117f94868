/** @file The few lines that tie the tools to the program under test: a config from a resolved dict, and a run of it. */
import type { ConfigMap, ConfigValue, Size, TrainConfig } from "../../src/config/types.ts";
import type { EventLog } from "../../src/engine/events.ts";
import type { Estimate } from "../../src/report/report.ts";
import { defaultSettings, type Settings } from "../../src/step/settings.ts";

/** What `simulate` gives back. */
export interface Run {
  readonly log: EventLog;
  readonly parameters: { readonly count: number; readonly bytes: number; readonly trainableCount: number };
}

/** What a case needs to be run: enough of a measured case. */
export interface Runnable {
  readonly batch: number;
  readonly crop: readonly [number, number];
  readonly amp: "off" | "O1" | "O2";
  readonly resolved: ConfigMap;
  readonly evalSize: readonly [number, number] | undefined;
}

export interface Program {
  config(resolved: ConfigMap): TrainConfig;
  simulate(config: TrainConfig, settings: Settings): Run;
  estimate(config: TrainConfig, settings: Settings): Estimate;
}

/** A part of the program that is not there yet, by name. */
async function part<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    throw new Error(`the program has no ${name} yet: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Loads the program under test. */
export async function loadProgram(): Promise<Program> {
  const config = await part("src/config/load.ts", async () => {
    try {
      return await import("../../src/config/load.ts");
    } catch (error) {
      throw new Error(String(error));
    }
  });
  const step = await part("src/step/simulate.ts", async () => {
    try {
      return await import("../../src/step/simulate.ts");
    } catch (error) {
      throw new Error(String(error));
    }
  });
  return {
    config: (resolved) => config.loadConfig("resolved.yml", { readText: () => toYaml(resolved) }) as TrainConfig,
    simulate: (c, settings) => step.simulate(c, settings, undefined) as Run,
    estimate: () => {
      throw new Error("the program has no src/memory/estimate.ts yet");
    },
  };
}

/** A dict as YAML 1.1 text: JSON, but for small and large floats, which PyYAML takes as text without a dot. */
export function toYaml(value: ConfigValue): string {
  if (typeof value === "number") {
    const text = String(value);
    return /^-?\d+e/.test(text) ? text.replace("e", ".0e") : text;
  }
  if (Array.isArray(value)) return `[${value.map(toYaml).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(([key, v]) => `${JSON.stringify(key)}: ${toYaml(v)}`);
    return `{${entries.join(", ")}}`;
  }
  return JSON.stringify(value);
}

const size = ([width, height]: readonly [number, number]): Size => ({ width, height });

/** The settings under which a case was measured: no prefetch, its own batch, crop, precision and evaluation size. */
export function settingsOf(c: Runnable): Settings {
  return {
    ...defaultSettings,
    batchSize: c.batch,
    cropSize: size(c.crop),
    precision: c.amp === "off" ? "fp32" : "fp16",
    ampLevel: c.amp === "O2" ? "O2" : "O1",
    doEval: c.evalSize !== undefined,
    evaluation: c.evalSize ? { size: size(c.evalSize) } : {},
    prefetch: 0,
  };
}
