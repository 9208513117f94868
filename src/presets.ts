/** @file Finds presets by name: cards and Paddle versions. An index made from the YAML files saves parsing them at each start. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { type DatasetPreset, parseDatasetPreset } from "./config/image-size.ts";
import { suggest, UserError } from "./errors.ts";
import type { Gpu } from "./memory/card.ts";
import { parseGpuFile, parseRuntimeFile, type Runtime } from "./preset-files.ts";
import type { GpuBudget } from "./report/report.ts";
import { formatBytes, parseBytes } from "./units.ts";

export type { Runtime } from "./preset-files.ts";

/** Every preset by id, as its YAML file says. Written by `npx vitest run test/presets.test.ts --update`, checked by the same test. */
export interface PresetIndex {
  readonly gpus: Readonly<Record<string, Gpu>>;
  readonly runtimes: Readonly<Record<string, Runtime>>;
}

let folder: string | undefined;
let index: PresetIndex | undefined;

/** The folder `presets`: beside the folder of the running file (dist/cli.cjs, src/presets.ts), or of a folder around it. */
export function presetsFolder(): string {
  if (folder !== undefined) return folder;
  // An ES module has no __dirname; there the program that was started says where to look.
  let around = typeof __dirname === "string" ? __dirname : dirname(process.argv[1] ?? "");
  while (!existsSync(join(around, "presets", "gpus"))) {
    const parent = dirname(around);
    if (parent === around) throw new Error("the folder presets/ of vram-plan is missing");
    around = parent;
  }
  folder = join(around, "presets");
  return folder;
}

/** What counts in a name: letters and digits, without the vendor. `NVIDIA RTX-4070` and `rtx4070` are one. */
export function nameKey(name: string): string {
  const key = name.toLowerCase().replace(/[^a-z0-9]/g, "");
  return key.startsWith("nvidia") ? key.slice("nvidia".length) : key;
}

/** The ids in presets/gpus or presets/runtimes: its file names. */
function listIds(kind: keyof PresetIndex): readonly string[] {
  const files = readdirSync(join(presetsFolder(), kind)).filter((file) => file.endsWith(".yaml"));
  return files.map((file) => file.slice(0, -".yaml".length)).sort();
}

function readFrom<T>(kind: keyof PresetIndex, id: string, parse: (id: string, file: string, text: string) => T): T {
  const file = join(presetsFolder(), kind, `${id}.yaml`);
  return parse(id, file, readFileSync(file, "utf8"));
}

/** The index as the YAML files say now, every one of them read and checked. */
export function buildIndex(): PresetIndex {
  return {
    gpus: Object.fromEntries(listIds("gpus").map((id) => [id, readFrom("gpus", id, parseGpuFile)])),
    runtimes: Object.fromEntries(listIds("runtimes").map((id) => [id, readFrom("runtimes", id, parseRuntimeFile)])),
  };
}

/** The index on disk. It is the program's own file and checked when made, so its form is taken on trust. */
function readIndex(): PresetIndex {
  if (index !== undefined) return index;
  const file = join(presetsFolder(), "index.json");
  const read: PresetIndex = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : buildIndex();
  index = read;
  return read;
}

/** All cards, by id. A YAML file that the index does not know yet is read as well. */
export function listGpus(): readonly Gpu[] {
  const { gpus } = readIndex();
  return listIds("gpus").map((id) => gpus[id] ?? readFrom("gpus", id, parseGpuFile));
}

function matchGpu(name: string, gpus: readonly Gpu[]): Gpu | undefined {
  const key = nameKey(name);
  if (key === "") return undefined;
  return gpus.find((gpu) => [gpu.id, gpu.name, ...gpu.aliases].some((known) => nameKey(known) === key));
}

/** Whether a card of this name has a preset. */
export function isGpuKnown(name: string): boolean {
  return matchGpu(name, listGpus()) !== undefined;
}

/** The card that a person means by `4070`, `rtx-4070` or `RTX 4070`. Throws `gpu-not-known` with the nearest names. */
export function findGpu(name: string): Gpu {
  const gpus = listGpus();
  const found = matchGpu(name, gpus);
  if (found !== undefined) return found;
  throw new UserError("gpu-not-known", { name, near: suggestGpus(name, gpus) });
}

/** A near name may be an alias (`4070 super`); what is suggested is the card's id. */
function suggestGpus(name: string, gpus: readonly Gpu[]): readonly string[] {
  const ids = new Map(gpus.flatMap((gpu) => [gpu.id, ...gpu.aliases].map((known) => [known, gpu.id] as const)));
  const near = suggest(name, ids.keys(), 6).map((known) => ids.get(known) ?? known);
  return [...new Set(near)].slice(0, 3);
}

/** What `--gpu` says: a card, or a size such as `12GiB`, which is then all usable. A bare number is a card's name. */
export function resolveGpu(text: string): { readonly gpu: Gpu } | { readonly budget: GpuBudget } {
  const bytes = /[a-z]\s*$/i.test(text) ? parseBytes(text) : undefined;
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
  return readIndex().runtimes[id] ?? readFrom("runtimes", id, parseRuntimeFile);
}

/** The preset of a public data set by its file's name, such as `cityscapes`; undefined where there is none. */
export function findDataset(name: string): DatasetPreset | undefined {
  if (!/^[a-z0-9]+$/.test(name)) return undefined;
  const file = join(presetsFolder(), "datasets", `${name}.yaml`);
  return existsSync(file) ? parseDatasetPreset(readFileSync(file, "utf8"), file) : undefined;
}

/** Where a file of the launcher lies. */
export function launcherFile(name: string): string {
  return join(presetsFolder(), "launcher", name);
}

/** Its text. */
export function launcherText(name: string): string {
  return readFileSync(launcherFile(name), "utf8");
}
