/** @file The YAML files of presets/: their schemas, and how a file becomes a card or a runtime. Pure; reading is presets.ts's. */
import { parse } from "yaml";
import { z } from "zod";
import { UserError } from "./errors.ts";
import { deriveCudaTotal, type Gpu, type MemoryRuntime } from "./memory/card.ts";
import { allocatorAlignment } from "./memory/rounding.ts";
import { GiB, MiB } from "./units.ts";
import { asIs } from "./words/phrase.ts";

/** One Paddle version: what the memory model needs, and the op lists of auto_cast. */
export interface Runtime extends MemoryRuntime {
  readonly paddle: string;
  readonly cuda: string;
  /** Paddle's own lists for float16 by level, and what PaddleSeg adds to them. */
  readonly amp: {
    readonly white: Readonly<Record<"O1" | "O2", readonly string[]>>;
    readonly black: Readonly<Record<"O1" | "O2", readonly string[]>>;
    readonly customWhite: readonly string[];
    readonly customBlack: readonly string[];
  };
}

// Schemas are made when a file is read: the program itself reads the index and mostly needs none.
function gpuSchema() {
  const mebibytes = z.number().int().positive().nullable();
  return z.strictObject({
    name: z.string(),
    aliases: z.array(z.string()),
    form: z.enum(["desktop", "laptop", "workstation", "server", "embedded"]),
    architecture: z.string(),
    compute_capability: z.string().regex(/^\d+\.\d$/),
    multiprocessors: z.number().int().positive(),
    tensor_cores: z.boolean(),
    nvlink: z.boolean().optional(),
    bandwidth_gb_per_s: z.number().positive(),
    nominal_gb: z.number().positive(),
    smi_total_mib: mebibytes,
    cuda_total_mib: z.strictObject({ linux: mebibytes, windows: mebibytes }),
    source: z.array(z.string()).min(1),
  });
}

function runtimeSchema() {
  const ops = z.array(z.string());
  const levels = z.strictObject({ O1: ops, O2: ops });
  return z.strictObject({
    name: z.string(),
    paddle: z.string(),
    cuda: z.strictObject({ version: z.string(), lazy_loading: z.boolean() }),
    allocator: z.strictObject({
      strategy: z.literal("auto_growth"),
      alignment_bytes: z.literal(allocatorAlignment),
      chunk_floor_mib: z.number().int().nonnegative(),
    }),
    conv_workspace_limit_mib: z.number().int(),
    amp: z.strictObject({ white: levels, black: levels, custom_white: ops, custom_black: ops }),
  });
}

/** Checks the text of one file. Throws `preset-invalid` with the file and the first thing that is wrong. */
function check<T>(schema: z.ZodType<T>, file: string, text: string): T {
  const result = schema.safeParse(parse(text));
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new UserError("preset-invalid", { file, reason: asIs(`${issue?.path.join(".")}: ${issue?.message}`) });
}

/** A card of its YAML text; `id` is the file's name without its ending. */
export function parseGpuFile(id: string, file: string, text: string): Gpu {
  const data = check(gpuSchema(), file, text);
  const smiTotalBytes = data.smi_total_mib === null ? data.nominal_gb * GiB : data.smi_total_mib * MiB;
  const { linux, windows } = data.cuda_total_mib;
  return {
    id,
    name: data.name,
    aliases: data.aliases,
    form: data.form,
    architecture: data.architecture,
    computeCapability: Number(data.compute_capability),
    multiprocessorCount: data.multiprocessors,
    hasTensorCores: data.tensor_cores,
    hasNvlink: data.nvlink ?? false,
    bandwidthGBPerSecond: data.bandwidth_gb_per_s,
    smiTotalBytes,
    // On Windows CUDA reports the whole total (RTX 4070: 12,282 MiB; RTX 4060 Laptop: 8,188 MiB).
    cudaTotalBytes: {
      linux: linux === null ? deriveCudaTotal(smiTotalBytes) : linux * MiB,
      windows: windows === null ? smiTotalBytes : windows * MiB,
    },
    isCudaTotalDerived: linux === null,
    sources: data.source,
  };
}

/** A runtime of its YAML text. */
export function parseRuntimeFile(id: string, file: string, text: string): Runtime {
  const data = check(runtimeSchema(), file, text);
  return {
    name: id,
    paddle: data.paddle,
    cuda: data.cuda.version,
    chunkFloorBytes: data.allocator.chunk_floor_mib * MiB,
    convWorkspaceLimitBytes: data.conv_workspace_limit_mib * MiB,
    lazyLoading: data.cuda.lazy_loading,
    amp: {
      white: data.amp.white,
      black: data.amp.black,
      customWhite: data.amp.custom_white,
      customBlack: data.amp.custom_black,
    },
  };
}
