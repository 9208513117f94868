/** @file A PaddleSeg training log as facts: environment, config dump, memory lines, evaluations, an out-of-memory message. */
import { MiB } from "../units.ts";

/** One `max_mem_reserved: …, max_mem_allocated: …`. Each is the highest value since the start of the process. */
export interface MemoryLine {
  /** From 1. */
  readonly line: number;
  readonly iteration: number | undefined;
  readonly reservedBytes: number;
  readonly allocatedBytes: number;
  /** What was cut off is less than this: 1 B, or 1 MiB where PaddleSeg divides and drops the rest. */
  readonly unitBytes: number;
  /** Whether an evaluation had begun before it. */
  readonly isAfterEvaluation: boolean;
}

/** Paddle's words when the driver refuses a chunk; sizes as printed, such as `33.910150GB`. */
export interface OutOfMemoryLine {
  readonly line: number;
  readonly asked: string;
  readonly allocated: string | undefined;
  readonly available: string | undefined;
  /** Whether an evaluation was under way. */
  readonly isInEvaluation: boolean;
}

/** A log, or its last run where it holds several. */
export interface TrainingLog {
  /** Cards by `nvidia-smi -L`, which PaddleSeg cuts after four words: `NVIDIA GeForce`. */
  readonly gpus: readonly string[];
  readonly gpuCount: number | undefined;
  readonly paddle: string | undefined;
  readonly cudnn: string | undefined;
  /** `O1` or `O2` where the run used AMP. */
  readonly ampLevel: "O1" | "O2" | undefined;
  /** The config as it was dumped, on its own lines: all else is blank. */
  readonly configText: string | undefined;
  readonly memory: readonly MemoryLine[];
  readonly hasEvaluation: boolean;
  readonly outOfMemory: OutOfMemoryLine | undefined;
}

const memoryPattern = /max_mem_reserved:\s*(\d+)\s*(MB|B)?\b,?\s*max_mem_allocated:\s*(\d+)\s*(MB|B)?\b/;
const outOfMemoryPattern =
  /Cannot allocate (\d[\d.]*(?:B|[kKMGT]B)) (?:GPU )?memory(?: on GPU \d+)?(?:, (\d[\d.]*(?:B|[kKMGT]B)) memory has been allocated)?(?:,? (?:and )?available memory is(?: only)? (\d[\d.]*(?:B|[kKMGT]B)))?/;

/** PaddleSeg's first benchmark lines have bytes without a unit (PaddleSeg PR #3577), later ones MB, which are 2^20 bytes (core/train.py). */
function bytesOf(number: string | undefined, unit: string | undefined): number {
  return Number(number) * (unit === "MB" ? MiB : 1);
}

interface Draft {
  gpus: string[];
  gpuCount: number | undefined;
  paddle: string | undefined;
  cudnn: string | undefined;
  ampLevel: "O1" | "O2" | undefined;
  config: Map<number, string> | undefined;
  memory: MemoryLine[];
  hasEvaluation: boolean;
  isEvaluating: boolean;
  outOfMemory: OutOfMemoryLine | undefined;
}

function emptyDraft(): Draft {
  return {
    gpus: [],
    gpuCount: undefined,
    paddle: undefined,
    cudnn: undefined,
    ampLevel: undefined,
    config: undefined,
    memory: [],
    hasEvaluation: false,
    isEvaluating: false,
    outOfMemory: undefined,
  };
}

/** Reads a log. Nothing that is missing is made up; a header or a lower iteration starts a new run. */
export function parseLog(text: string): TrainingLog {
  const lines = text.split(/\r\n|\r|\n/);
  let draft = emptyDraft();
  let isInConfig = false;
  for (const [index, line] of lines.entries()) {
    if (/-{3,}\s*Environment Information\s*-{3,}/.test(line)) draft = emptyDraft();
    if (/-{3,}\s*Config Information\s*-{3,}/.test(line)) {
      isInConfig = true;
      draft.config = new Map();
    } else if (isInConfig && /^-{20,}$/.test(line)) isInConfig = false;
    else if (isInConfig) draft.config?.set(index, line);
    else readLine(draft, line, index + 1);
  }
  const { config, isEvaluating: _, ...facts } = draft;
  const configText = config && lines.map((_line, index) => config.get(index) ?? "").join("\n");
  return { ...facts, configText };
}

function readLine(draft: Draft, line: string, number: number): void {
  readEnvironment(draft, line);
  if (/Start evaluating/.test(line)) [draft.hasEvaluation, draft.isEvaluating] = [true, true];
  if (/\[EVAL\]/.test(line)) [draft.hasEvaluation, draft.isEvaluating] = [true, false];
  if (/\[TRAIN\]/.test(line)) draft.isEvaluating = false;
  const memory = memoryPattern.exec(line);
  if (memory !== null) addMemory(draft, memory, line, number);
  const failed = outOfMemoryPattern.exec(line);
  if (failed?.[1] !== undefined) {
    const [, asked, allocated, available] = failed;
    draft.outOfMemory ??= { line: number, asked, allocated, available, isInEvaluation: draft.isEvaluating };
  }
}

function readEnvironment(draft: Draft, line: string): void {
  const [, key, value = ""] = /^(GPU|GPUs used|PaddlePaddle|cudnn): (.*)$/.exec(line) ?? [];
  if (key === "GPUs used") draft.gpuCount = Number(value) || undefined;
  else if (key === "PaddlePaddle") draft.paddle = value.trim();
  else if (key === "cudnn") draft.cudnn = value.trim();
  else if (key === "GPU") draft.gpus = [...value.matchAll(/GPU \d+: ([^'"\]]+)/g)].map(([, name = ""]) => name.trim());
  const [, level] = /use AMP to train\. AMP level = (O1|O2)/.exec(line) ?? [];
  if (level === "O1" || level === "O2") draft.ampLevel = level;
}

function addMemory(draft: Draft, match: RegExpExecArray, line: string, number: number): void {
  const [, reserved, reservedUnit, allocated, allocatedUnit] = match;
  const [, iter] = /\biter: (\d+)/.exec(line) ?? [];
  const iteration = iter === undefined ? undefined : Number(iter);
  const before = draft.memory.at(-1)?.iteration;
  if (iteration !== undefined && before !== undefined && iteration < before) {
    [draft.memory, draft.hasEvaluation, draft.outOfMemory] = [[], false, undefined];
  }
  draft.memory.push({
    line: number,
    iteration,
    reservedBytes: bytesOf(reserved, reservedUnit),
    allocatedBytes: bytesOf(allocated, allocatedUnit),
    unitBytes: allocatedUnit === "MB" ? MiB : 1,
    isAfterEvaluation: draft.hasEvaluation,
  });
}
