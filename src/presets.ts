/** @file Finds and validates presets/ by name: cards and Paddle versions. Reads only the file it needs. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { parse } from "yaml";
import { z } from "zod";
import { suggest, UserError } from "./errors.ts";
import { deriveCudaTotal, type Gpu, type MemoryRuntime } from "./memory/card.ts";
import type { GpuBudget } from "./report/report.ts";
import { formatBytes, GiB, MiB, parseBytes } from "./units.ts";

const mebibytes = z.number().int().positive().nullable();

const gpuFile = z.strictObject({
  name: z.string(),
  aliases: z.array(z.string()),
  form: z.enum(["desktop", "laptop", "workstation", "server", "embedded"]),
  architecture: z.string(),
  compute_capability: z.string().regex(/^\d+\.\d$/),
  multiprocessors: z.number().int().positive(),
  tensor_cores: z.boolean(),
  bandwidth_gb_per_s: z.number().positive(),
  nominal_gb: z.number().positive(),
  smi_total_mib: mebibytes,
  cuda_total_mib: z.strictObject({ linux: mebibytes, windows: mebibytes }),
  source: z.array(z.string()).min(1),
});

const ops = z.array(z.string()).readonly();
const levels = z.strictObject({ O1: ops, O2: ops });
const runtimeFile = z.strictObject({
  name: z.string(),
  paddle: z.string(),
  cuda: z.strictObject({ version: z.string(), lazy_loading: z.boolean() }),
  allocator: z.strictObject({
    strategy: z.literal("auto_growth"),
    alignment_bytes: z.literal(256),
    chunk_floor_mib: z.number().int().nonnegative(),
  }),
  conv_workspace_limit_mib: z.number().int(),
  amp: z.strictObject({ white: levels, black: levels, custom_white: ops, custom_black: ops }),
});

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

let root: string | undefined;

/** The folder `presets`: beside the folder of the running file (dist/cli.cjs, src/presets.ts), or of a folder around it. */
export function presetsFolder(): string {
  if (root !== undefined) return root;
  // An ES module has no __dirname; there the program that was started says where to look.
  let folder = typeof __dirname === "string" ? __dirname : dirname(process.argv[1] ?? "");
  while (!existsSync(join(folder, "presets", "gpus"))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error("the folder presets/ of vram-plan is missing");
    folder = parent;
  }
  root = join(folder, "presets");
  return root;
}

/** What counts in a name: letters and digits, without the vendor. `NVIDIA RTX-4070` and `rtx4070` are one. */
export function nameKey(name: string): string {
  const key = name.toLowerCase().replace(/[^a-z0-9]/g, "");
  return key.startsWith("nvidia") ? key.slice("nvidia".length) : key;
}

/** Ids of a folder of presets: its file names. */
function listIds(folder: string): readonly string[] {
  const files = readdirSync(join(presetsFolder(), folder)).filter((file) => file.endsWith(".yaml"));
  return files.map((file) => file.slice(0, -".yaml".length)).sort();
}

/** Reads and checks one file of presets/; a wrong one is a broken installation, told with its path. */
function readPreset<T>(folder: string, id: string, schema: z.ZodType<T>): T {
  const file = join(presetsFolder(), folder, `${id}.yaml`);
  const result = schema.safeParse(parse(readFileSync(file, "utf8")));
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new UserError("preset-invalid", { file, reason: `${issue?.path.join(".")}: ${issue?.message}` });
}

/** Ids of all cards. */
export function listGpuIds(): readonly string[] {
  return listIds("gpus");
}

/** One card by its id, which is its file name. */
export function readGpu(id: string): Gpu {
  const file = readPreset("gpus", id, gpuFile);
  const smiTotal = file.smi_total_mib === null ? file.nominal_gb * GiB : file.smi_total_mib * MiB;
  const { linux, windows } = file.cuda_total_mib;
  return {
    id,
    name: file.name,
    aliases: file.aliases,
    form: file.form,
    architecture: file.architecture,
    computeCapability: Number(file.compute_capability),
    multiprocessorCount: file.multiprocessors,
    hasTensorCores: file.tensor_cores,
    bandwidthGBPerSecond: file.bandwidth_gb_per_s,
    smiTotalBytes: smiTotal,
    // On Windows CUDA reports the whole total (RTX 4070: 12,282 MiB; RTX 4060 Laptop: 8,188 MiB).
    cudaTotalBytes: {
      linux: linux === null ? deriveCudaTotal(smiTotal) : linux * MiB,
      windows: windows === null ? smiTotal : windows * MiB,
    },
    isCudaTotalDerived: linux === null,
    sources: file.source,
  };
}

/** Names and aliases of the given cards by key, in order of key: the text of presets/gpus/index.json. */
export function indexGpus(gpus: readonly Gpu[]): Readonly<Record<string, string>> {
  const entries = gpus.flatMap((gpu) =>
    [gpu.id, gpu.name, ...gpu.aliases].map((name) => [nameKey(name), gpu.id] as const),
  );
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const indexFile = z.record(z.string(), z.string());

/** The card of a name, an alias or an id; undefined if there is none. The index saves reading every file. */
function findGpuId(name: string): string | undefined {
  const index = indexFile.parse(JSON.parse(readFileSync(join(presetsFolder(), "gpus", "index.json"), "utf8")));
  return Object.hasOwn(index, nameKey(name)) ? index[nameKey(name)] : undefined;
}

/** The card that a person means by `4070`, `rtx-4070` or `RTX 4070`. Throws `gpu-not-known` with the nearest names. */
export function findGpu(name: string): Gpu {
  const id = findGpuId(name);
  if (id !== undefined) return readGpu(id);
  throw new UserError("gpu-not-known", { name, near: suggest(name, listGpuIds()) });
}

/** What `--gpu` says: a card, or a size such as `12GiB`, which is then all usable. A bare number is a card's name. */
export function resolveGpu(text: string): { readonly gpu: Gpu } | { readonly budget: GpuBudget } {
  const bytes = /[a-z]\s*$/i.test(text) && findGpuId(text) === undefined ? parseBytes(text) : undefined;
  if (bytes === undefined || bytes === 0) return { gpu: findGpu(text) };
  return { budget: { name: formatBytes(bytes), totalBytes: bytes, usableBytes: bytes } };
}

/** Names of all runtimes, such as `paddle-2.6`. */
export function listRuntimeIds(): readonly string[] {
  return listIds("runtimes");
}

/** A runtime by name; `2.6` will do for `paddle-2.6`. Throws `runtime-not-known`. */
export function findRuntime(name = "paddle-2.6"): Runtime {
  const known = listRuntimeIds();
  const id = known.find((candidate) => candidate === name || candidate === `paddle-${name}`);
  if (id === undefined) throw new UserError("runtime-not-known", { name, known });
  const file = readPreset("runtimes", id, runtimeFile);
  return {
    name: id,
    paddle: file.paddle,
    cuda: file.cuda.version,
    chunkFloorBytes: file.allocator.chunk_floor_mib * MiB,
    convWorkspaceLimitBytes: file.conv_workspace_limit_mib * MiB,
    lazyLoading: file.cuda.lazy_loading,
    amp: {
      white: file.amp.white,
      black: file.amp.black,
      customWhite: file.amp.custom_white,
      customBlack: file.amp.custom_black,
    },
  };
}
