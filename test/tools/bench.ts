/**
 * @file How long things take: `npm run bench [-- --runs 15]`. Whole commands as ratios to an empty Node process, measured
 * alternately in the same run; warm simulations in process, in ms and as the same ratio. Prints; never asserts.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { estimateMemory } from "../../src/memory/estimate.ts";
import { projectRoot } from "./lib/cases.ts";
import { readPackedCases, readPackedConfigs } from "./lib/packed.ts";
import { quantile } from "./lib/statistics.ts";
import { table } from "./lib/table.ts";
import { loadProgram, type Program, settingsOf } from "./program.ts";

const { values } = parseArgs({ options: { runs: { type: "string", default: "11" } } });
const runs = Number(values.runs);
const root = projectRoot();
const cli = join(root, "dist", "cli.cjs");

/** The config that the project ships for its example; the first one if that is not there. */
function recipe(): string | undefined {
  const folder = join(root, "presets", "recipes");
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => /\.ya?ml$/.test(file)) : [];
  const file = files.find((name) => name.includes("liteseg")) ?? files[0];
  return file && join(folder, file);
}

/** Milliseconds and exit status of one process. */
function time(args: readonly string[]): { milliseconds: number; status: number | null } {
  const start = process.hrtime.bigint();
  const { status } = spawnSync(process.execPath, args, { stdio: "ignore" });
  return { milliseconds: Number(process.hrtime.bigint() - start) / 1e6, status };
}

/** Times all commands in turn, `runs` times, so that a slow moment of the machine meets all of them. */
function commands(): number {
  const config = recipe();
  const list: { name: string; args: string[] }[] = [
    { name: "empty process", args: ["-e", ""] },
    { name: "vram-plan --version", args: [cli, "--version"] },
    { name: "vram-plan --help", args: [cli, "--help"] },
  ];
  if (config) {
    const gpu = ["--gpu", "rtx4070"];
    list.push({ name: "vram-plan estimate CONFIG", args: [cli, "estimate", config] });
    list.push({ name: "vram-plan estimate CONFIG --gpu", args: [cli, "estimate", config, ...gpu] });
    list.push({ name: "vram-plan CONFIG --gpu (plan)", args: [cli, config, ...gpu] });
    list.push({ name: "vram-plan CONFIG --gpu --json", args: [cli, config, ...gpu, "--json"] });
  } else console.log("no config in presets/recipes: estimate and plan are not timed\n");
  const times = list.map(() => [] as number[]);
  const status = list.map(() => 0 as number | null);
  for (let run = 0; run <= runs; run++) {
    list.forEach(({ args }, i) => {
      const measured = time(args);
      status[i] = measured.status;
      if (run > 0) times[i]!.push(measured.milliseconds); // run 0 only fills the disk cache
    });
  }
  const empty = quantile(times[0]!, 0.5);
  const body = list.map(({ name }, i) => {
    const median = quantile(times[i]!, 0.5);
    const range = `${Math.min(...times[i]!).toFixed(0)}–${Math.max(...times[i]!).toFixed(0)}`;
    return [name, median.toFixed(1), range, `${(median / empty).toFixed(2)} ×`, String(status[i])];
  });
  console.log(table([["command", "median ms", "range", "ratio", "exit"], ...body]));
  return empty;
}

/** One network of each size; names as in test/truth. */
const networks = {
  small: "pp_humanseg_lite__pp_humanseg_lite_mini_supervisely__off",
  "small O1": "pp_humanseg_lite__pp_humanseg_lite_mini_supervisely__O1",
  medium: "pp_liteseg__pp_liteseg_stdc2_cityscapes_1024x512_scale0.5_160k__off",
  "medium O1": "pp_liteseg__pp_liteseg_stdc2_cityscapes_1024x512_scale0.5_160k__O1",
  large: "deeplabv3p__deeplabv3p_resnet101_os8_cityscapes_1024x512_80k__off",
  "large O1": "segformer__segformer_b4_cityscapes_1024x1024_160k__O1",
};

/** Median of `runs` calls in ms, after enough calls for the compiler to have warmed up. */
function warm(call: () => unknown): number {
  const warmUp = 5;
  const times: number[] = [];
  for (let i = 0; i < warmUp + runs; i++) {
    const start = performance.now();
    call();
    if (i >= warmUp) times.push(performance.now() - start);
  }
  return quantile(times, 0.5);
}

/** Warm simulations: the event log alone, and with the memory model (allocator included). */
function simulations(program: Program, empty: number): void {
  const [cases, configs] = [readPackedCases(), readPackedConfigs()];
  const rows = [["simulation (warm)", "events", "log ms", "memory ms", "both ms", "ratio"]];
  for (const [size, id] of Object.entries(networks)) {
    const c = cases.find((one) => one.id === id);
    if (!c) {
      rows.push([`${size}: no case ${id}`]);
      continue;
    }
    try {
      const resolved = configs.get(c.resolved)!;
      const [config, settings] = [program.config(resolved), settingsOf({ ...c, resolved, evalSize: c.evalSize })];
      const { log } = program.simulate(config, settings);
      const [logTime, memoryTime] = [warm(() => program.simulate(config, settings)), warm(() => estimateMemory(log))];
      const both = warm(() => program.estimate(config, settings));
      const numbers = [logTime, memoryTime, both].map((value) => value.toFixed(1));
      rows.push([`${size}: ${id}`, String(log.length), ...numbers, `${(both / empty).toFixed(2)} ×`]);
    } catch (error) {
      const reason = error instanceof Error ? error.message.split("\n")[0]!.slice(0, 80) : String(error);
      rows.push([`${size}: ${id}`, `refused: ${reason}`]);
    }
  }
  console.log(`\n${table(rows)}`);
}

if (!existsSync(cli)) throw new Error(`${cli} is not there: npm run build`);
console.log(`node ${process.version}, median of ${runs}\n`);
const empty = commands();
simulations(loadProgram(), empty);
