/** @file A log against the run that it is of: levels, growth, the layer of an out-of-memory message, and the receipt. Pure. */
import type { TrainConfig } from "../config/types.ts";
import type { Gpu, MemoryRuntime } from "../memory/card.ts";
import { estimateMemory, type MemoryEstimate } from "../memory/estimate.ts";
import { humanReadableSize } from "../memory/message.ts";
import { narrowPart } from "../memory/narrow.ts";
import { placeOf } from "../memory/place.ts";
import type { CalibrateResult, LoggedOutOfMemory, MatchedRequest, NoReceipt } from "../report/calibrate.ts";
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
  /** The config's file, or the log's where the log holds it. */
  readonly configName: string;
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
  // What losses assume of values has codes of its own.
  const worstCases = simulation.assumptions.filter(({ code }) => code.startsWith("loss-"));
  const isWorstCase = worstCases.length > 0;
  const isBelow = compare(peaks, predicted, predicted, isWorstCase).some((row) => row.place === "below");
  const [training, evaluation] = [
    measuredPart(peaks.training, predicted.training),
    measuredPart(peaks.evaluation, predicted.evaluation),
  ];
  const { paddle, cudnn } = log;
  const reasons: readonly (readonly [NoReceipt, boolean])[] = [
    ["growing", growth !== undefined],
    ["out-of-memory", log.outOfMemory !== undefined],
    ["several-cards", log.gpuCount !== undefined && log.gpuCount > 1],
    ["worst-case", isBelow && isWorstCase],
    ["other-run", isBelow],
    ["no-measure", training === undefined],
    ["size-only", gpu === undefined],
    ["versions-missing", paddle === undefined || cudnn === undefined],
  ];
  const missing = reasons.find(([, isSo]) => isSo)?.[0];
  const isWhole = missing === undefined && training && gpu && paddle !== undefined && cudnn !== undefined;
  const receipt = isWhole
    ? { config: request.configName, run: request.runName, gpu: gpu.id, paddle, cudnn, training, evaluation }
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
    config: request.configName,
    run: request.run,
    gpu: gpu?.name,
    paddle,
    cudnn,
    memoryLines: log.memory.length,
    levels: compare(peaks, predicted, narrowed, isWorstCase),
    worstCases,
    growth,
    outOfMemory: outOfMemory(request, simulation, predicted),
    receipt: receipt === undefined ? { missing: missing ?? "no-measure" } : { file: request.receiptsFile },
  };
  return { result, receipt };
}

function outOfMemory(
  { log, settings, memory }: CalibrateRequest,
  run: Simulation,
  predicted: MemoryEstimate,
): LoggedOutOfMemory | undefined {
  if (log.outOfMemory === undefined) return undefined;
  const { asked, allocated, available, isInEvaluation } = log.outOfMemory;
  const convWorkspaceLimitBytes = settings.convWorkspaceLimitBytes ?? memory.convWorkspaceLimitBytes;
  const options = { chunkFloorBytes: memory.chunkFloorBytes, convWorkspaceLimitBytes, isInEvaluation };
  const matches = matchRequests(run.log, asked, options);
  const nearestBytes = matches.length > 0 ? [] : nearestSizes(run.log, bytesOfSize(asked), options);
  const at =
    allocated === undefined || available === undefined
      ? undefined
      : replayedMatch(matches, asked, predicted, bytesOfSize(allocated) + bytesOfSize(available));
  const ordered = at === undefined ? matches : [at, ...matches.filter((one) => one !== at)];
  return { ...log.outOfMemory, matches: ordered, isReplayed: at !== undefined, nearestBytes };
}

/** The match at which our run ends on a card of so many bytes, by the expected workspaces or else the high ones. */
function replayedMatch(
  matches: readonly MatchedRequest[],
  asked: string,
  { replayOn }: MemoryEstimate,
  cardBytes: number,
): MatchedRequest | undefined {
  if (matches.length === 0) return undefined;
  for (const end of ["expected", "high"] as const) {
    const { replay, log } = replayOn(end, cardBytes);
    const failure = replay.outOfMemory;
    if (failure === undefined || humanReadableSize(failure.chunkBytes) !== asked) continue;
    const { part } = placeOf(log, failure.event);
    const found = matches.find(
      (one) => one.part === part && one.layer === failure.site?.layer && one.op === failure.site.op,
    );
    if (found !== undefined) return found;
  }
  return undefined;
}
