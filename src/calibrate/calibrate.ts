/** @file A log against the run that it is of: levels, growth, the layer of an out-of-memory message, and the receipt. Pure. */
import type { TrainConfig } from "../config/types.ts";
import type { Gpu, MemoryRuntime } from "../memory/card.ts";
import { estimateMemory } from "../memory/estimate.ts";
import { narrowPart } from "../memory/narrow.ts";
import type { CalibrateResult, LoggedOutOfMemory, NoReceipt } from "../report/calibrate.ts";
import type { PlanSettings } from "../report/report.ts";
import type { StepRuntime } from "../step/runtime.ts";
import type { Settings } from "../step/settings.ts";
import { type Simulation, simulate } from "../step/simulate.ts";
import { compare, measuredPart, peaksOf } from "./compare.ts";
import { findGrowth } from "./growth.ts";
import type { TrainingLog } from "./log.ts";
import { calibrationOf, type Receipt, withReceipt } from "./receipts.ts";
import { bytesOfSize, matchRequests, nearestSizes } from "./requests.ts";

export interface CalibrateRequest {
  readonly logFile: string;
  readonly log: TrainingLog;
  readonly config: TrainConfig;
  readonly settings: Settings;
  /** The run in the words of a report, and as one line that names it in a receipt. */
  readonly run: PlanSettings;
  readonly runName: string;
  readonly gpu: Gpu | undefined;
  readonly memory: MemoryRuntime;
  readonly step: StepRuntime;
  /** Those that the project has already, and the name of their file. */
  readonly receipts: readonly Receipt[];
  readonly receiptsFile: string;
}

export interface Calibrated {
  readonly result: CalibrateResult;
  /** To be stored; undefined where the log is no measure of its config. */
  readonly receipt: Receipt | undefined;
}

/** Throws UserError where the config names what is not modelled. */
export function calibrate(request: CalibrateRequest): Calibrated {
  const { log, config, settings, gpu, memory } = request;
  const simulation = simulate(config, settings, request.step);
  const { convWorkspaceLimitBytes } = settings;
  const predicted = estimateMemory(simulation.log, {
    gpu,
    runtime: { ...memory, calibration: undefined },
    convWorkspaceLimitBytes,
  });
  const growth = findGrowth(log.memory);
  const peaks = peaksOf(log.memory);
  const isBelow = compare(peaks, predicted, predicted).some((row) => row.place === "below");
  const [training, evaluation] = [
    measuredPart(peaks.training, predicted.training),
    measuredPart(peaks.evaluation, predicted.evaluation),
  ];
  const { paddle, cudnn } = log;
  const missing: NoReceipt | undefined =
    growth !== undefined
      ? "growing"
      : log.outOfMemory !== undefined
        ? "out-of-memory"
        : isBelow
          ? "other-run"
          : training === undefined
            ? "no-measure"
            : gpu === undefined
              ? "size-only"
              : paddle === undefined || cudnn === undefined
                ? "versions-missing"
                : undefined;
  const isWhole = missing === undefined && training && gpu && paddle !== undefined && cudnn !== undefined;
  const receipt = isWhole
    ? { config: config.file, run: request.runName, gpu: gpu.id, paddle, cudnn, training, evaluation }
    : undefined;
  const receipts = receipt === undefined ? request.receipts : withReceipt(request.receipts, receipt);
  const calibration = gpu && paddle !== undefined ? calibrationOf(receipts, gpu.id, paddle) : undefined;
  const narrowed = {
    training: narrowPart(predicted.training, "training", calibration),
    evaluation: predicted.evaluation && narrowPart(predicted.evaluation, "evaluation", calibration),
  };
  const result: CalibrateResult = {
    version: 1,
    log: request.logFile,
    config: config.file,
    run: request.run,
    gpu: gpu?.name,
    paddle,
    cudnn,
    memoryLines: log.memory.length,
    levels: compare(peaks, predicted, narrowed),
    growth,
    outOfMemory: outOfMemory(request, simulation),
    receipt: receipt === undefined ? { missing: missing ?? "no-measure" } : { file: request.receiptsFile },
  };
  return { result, receipt };
}

function outOfMemory({ log, settings, memory }: CalibrateRequest, run: Simulation): LoggedOutOfMemory | undefined {
  if (log.outOfMemory === undefined) return undefined;
  const { asked, isInEvaluation } = log.outOfMemory;
  const convWorkspaceLimitBytes = settings.convWorkspaceLimitBytes ?? memory.convWorkspaceLimitBytes;
  const options = { chunkFloorBytes: memory.chunkFloorBytes, convWorkspaceLimitBytes, isInEvaluation };
  const matches = matchRequests(run.log, asked, options);
  const nearestBytes = matches.length > 0 ? [] : nearestSizes(run.log, bytesOfSize(asked), options);
  return { ...log.outOfMemory, matches, nearestBytes };
}
