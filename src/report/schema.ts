/** @file The JSON of reports and of check's result as schemas: what other programs may count on, and how saved reports are read back. */
import { z } from "zod";
import { storageKinds } from "../engine/events.ts";
import { checkNames } from "./finding-words.ts";

// Sums and differences of whole bytes; a difference may be negative.
const bytes = z.int().nonnegative();
const range = z.object({ lowBytes: bytes, expectedBytes: bytes, highBytes: bytes });
const phase = z.enum(["forward", "loss", "backward", "optimizer", "other"]);
const stage = z.enum(["build", "data", "forward", "loss", "backward", "optimizer", "metrics", "save"]);
const size = z.tuple([z.int(), z.int()]).describe("width and height in pixels");

const assumption = z
  .object({ code: z.string(), data: z.unknown(), text: z.string().describe("In English.") })
  .describe("What was taken for granted: a code with its facts, and both as a sentence.");

const part = z.object({
  allocated: range.describe("Live tensors; max_mem_allocated in PaddleSeg's log. lowBytes is exact."),
  reserved: range.describe("Held by the caching allocator; max_mem_reserved in PaddleSeg's log."),
  process: range.describe("With CUDA context and libraries; what nvidia-smi shows."),
  settledBytes: bytes.optional().describe("What reserved.lowBytes grows to in a longer run, where it grows."),
  peak: z.object({ phase, stage, layer: z.string(), op: z.string(), index: z.int() }),
  byKind: z
    .record(z.enum(storageKinds), bytes)
    .describe("Bytes alive at the allocated peak; they add up to allocated.lowBytes."),
  byPhase: z.array(z.object({ phase, bytes, layer: z.string(), op: z.string() })),
  holders: z.array(
    z.object({ layer: z.string(), op: z.string(), phase, kind: z.enum(storageKinds), bytes, count: z.int() }),
  ),
});

const run = z.object({
  batchSize: z.int().positive().describe("Images that one card takes at once."),
  gpus: z.int().positive().optional().describe("Cards that train together, where there are several."),
  accumulation: z.int().positive(),
  cropSize: size,
  precision: z.string(),
  ampLevel: z.string(),
  recompute: z.array(z.string()),
  lean: z.array(z.string()).optional(),
  convWorkspaceLimitBytes: bytes.nullish(),
});

const layer = z.object({
  layer: z.string(),
  type: z.string(),
  savedBytes: bytes,
  parameterCount: z.int().nonnegative(),
  parameterBytes: bytes,
  peakBytes: bytes,
});

const training = part.extend({ afterStepBytes: bytes });
const gpu = z.object({ name: z.string(), totalBytes: bytes, usableBytes: bytes });
const verdict = z.enum(["fits", "tight", "does-not-fit"]);
const parameters = z.object({ count: z.int(), bytes, trainableCount: z.int() });
const nccl = range.optional().describe("NCCL's part of the process, on several cards.");
const saving = part
  .optional()
  .describe("Saving a checkpoint, where that takes more than training and evaluation (AMP O2: float32 copies).");
const estimate = { parameters, training, evaluation: part.nullable(), saving, layers: z.array(layer), nccl };

const via = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("yaml"), file: z.string(), line: z.int().nullable(), key: z.string() }),
  z.object({ kind: z.literal("flag"), flag: z.string() }),
  z.object({ kind: z.literal("environment"), variable: z.string() }),
  z.object({ kind: z.literal("launcher"), flag: z.string() }),
]);

const plan = z.object({
  feasible: z.boolean(),
  changes: z.array(
    z.object({
      knob: z.string(),
      from: z.string(),
      to: z.string(),
      via: z.array(via),
      savedBytes: z.int(),
      cost: z.string(),
      harm: z.int().min(1).max(6),
    }),
  ),
  edits: z.array(z.object({ path: z.array(z.string()), value: z.unknown() })),
  settings: run,
  estimate: z.object({ ...estimate, assumptions: z.array(assumption) }),
  verdict,
  headroomBytes: z.int(),
  launch: z.string(),
  command: z.object({
    environment: z.record(z.string(), z.string()),
    script: z.enum(["tools/train.py", "vram_train.py"]),
    distributed: z
      .array(z.string())
      .optional()
      .describe("Options of python -m paddle.distributed.launch; absent: one process."),
    config: z.string(),
    flags: z.array(z.string()),
  }),
});

/** `--json` of estimate and plan. */
export const reportSchema = z
  .object({
    version: z.literal(1),
    config: z.string(),
    run,
    ...estimate,
    gpu: gpu.nullable(),
    verdict: verdict.nullable(),
    headroomBytes: z.int().nullable(),
    plan: plan.nullable(),
    assumptions: z.array(assumption),
  })
  .describe("Report of vram-plan: one config, one run.");
/** A report as it is read back. */
export type SavedReport = z.infer<typeof reportSchema>;

const location = z.object({ file: z.string(), line: z.int().positive(), column: z.int().positive() });
const processBytes = z.object({ low: bytes, expected: bytes, high: bytes });

const judged = z.object({
  finding: z.object({
    code: z.enum(checkNames),
    config: z.string(),
    gpu: z.string().nullable(),
    key: z.string().nullable(),
    location: location.nullable(),
    size: z.number(),
    facts: z.record(z.string(), z.unknown()),
    suggestion: location
      .omit({ column: true })
      .extend({ column: z.int(), endColumn: z.int(), text: z.string() })
      .nullish(),
  }),
  level: z.enum(["warn", "error"]),
  status: z.enum(["new", "worse", "known", "hidden"]),
  fails: z.boolean(),
});

const cardResult = z.object({
  gpu,
  verdict: verdict.nullable(),
  headroomBytes: z.int().nullable(),
  process: processBytes.describe("High is what the verdict is taken on."),
  baseProcess: processBytes.nullable(),
});

const change = z.object({
  mark: z.enum(["~", "+", "-"]),
  key: z.string(),
  from: z.string().nullable(),
  to: z.string().nullable(),
});

/** `--format json` of check. */
export const checkSchema = z
  .object({
    version: z.literal(1),
    base: z.object({ ref: z.string(), commit: z.string() }).nullable(),
    prefix: z.string(),
    configs: z.array(
      z.object({
        config: z.string(),
        state: z.enum(["new", "changed", "unchanged", "no-base"]),
        run: run.nullable(),
        cards: z.array(cardResult),
        changes: z.array(change),
        findings: z.array(judged),
      }),
    ),
    failures: z.array(
      z.object({
        config: z.string(),
        code: z.string(),
        data: z.unknown().optional().describe("Facts of the code."),
        message: z.string(),
        location: location.nullable(),
        known: z.boolean(),
      }),
    ),
    skipped: z.array(z.string()),
    unchangedCount: z.int().nonnegative(),
    exitCode: z.union([z.literal(0), z.literal(1), z.literal(2)]),
    reports: z.array(reportSchema),
  })
  .describe("Result of vram-plan check.");

/** For `vram-plan schema report`. */
export function reportJsonSchema(): unknown {
  return z.toJSONSchema(reportSchema, { target: "draft-07", io: "input" });
}

/** For `vram-plan schema check`. */
export function checkJsonSchema(): unknown {
  return z.toJSONSchema(checkSchema, { target: "draft-07", io: "input" });
}
