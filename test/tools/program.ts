/** @file The few lines that tie the tools to the program under test: a config from a resolved dict, and a run of it. */
import { loadConfig } from "../../src/config/load.ts";
import type { ConfigMap, ConfigValue, Size, TrainConfig } from "../../src/config/types.ts";
import type { EventLog } from "../../src/engine/events.ts";
import { estimateMemory } from "../../src/memory/estimate.ts";
import { findRuntime } from "../../src/presets.ts";
import type { Estimate } from "../../src/report/report.ts";
import { stepRuntime } from "../../src/step/runtime.ts";
import { defaultSettings, type LeanMeans, type Settings } from "../../src/step/settings.ts";
import { simulate } from "../../src/step/simulate.ts";

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
  /** Layers whose forward ran again in backward, and batches kept ahead: where the measured run had them. */
  readonly recompute?: readonly string[] | undefined;
  readonly prefetch?: boolean | undefined;
  /** The data sets had more than was run; else the measurement ended with its data. */
  readonly dataLeft?: boolean | undefined;
  /** Means of lean training that were on. */
  readonly lean?: readonly LeanMeans[] | undefined;
  /** Micro-batches per optimizer step. */
  readonly accumulate?: number | undefined;
  /** Cards that trained together. */
  readonly gpus?: number | undefined;
  readonly useEma?: boolean | undefined;
}

/** The figures of a run that the tools compare. */
export type RunEstimate = Pick<Estimate, "parameters" | "training" | "evaluation" | "saving">;

export interface Program {
  config(resolved: ConfigMap): TrainConfig;
  simulate(config: TrainConfig, settings: Settings): Run;
  estimate(config: TrainConfig, settings: Settings): RunEstimate;
}

/** A config from a resolved dict, as the program's own loader reads it. */
export function configFromResolved(resolved: ConfigMap): TrainConfig {
  return loadConfig("resolved.yml", { readText: () => toYaml(resolved) });
}

/** The program under test. */
export function loadProgram(): Program {
  const runtime = stepRuntime(findRuntime());
  const run = (config: TrainConfig, settings: Settings): Run => simulate(config, settings, runtime);
  return {
    config: configFromResolved,
    simulate: run,
    estimate: (config, settings) => {
      const { log, parameters } = run(config, settings);
      const { training, evaluation, saving } = estimateMemory(log);
      return { parameters, training, evaluation, saving };
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
    prefetch: c.prefetch ? 1 : 0,
    dataLeft: c.dataLeft ?? false,
    recompute: c.recompute ?? [],
    lean: c.lean ?? [],
    accumulation: c.accumulate ?? 1,
    gpus: c.gpus ?? 1,
    useEma: c.useEma ?? false,
  };
}
