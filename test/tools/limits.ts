/**
 * @file Compares runs that were measured under a memory limit (`FAKE_GPU_MEM_MIB`, `measure_raw.py --raw`) with a replay on that card:
 * `node dist/tools/limits.js FOLDER`; each case is ID_full.json with ID_0.json … beside it. Same survivor, same failing request.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import type { ConfigMap } from "../../src/config/types.ts";
import { humanReadableSize } from "../../src/memory/message.ts";
import { type Replay, replay } from "../../src/memory/replay.ts";
import { MiB } from "../../src/units.ts";
import { table } from "./lib/table.ts";
import { loadProgram, settingsOf } from "./program.ts";

interface Measured {
  readonly id: string;
  readonly ok: boolean;
  readonly error?: string;
  readonly batch: number;
  readonly crop: readonly [number, number];
  readonly amp: "off" | "O1" | "O2";
  readonly resolved: ConfigMap;
  readonly driver_peak: number;
  readonly eval?: { readonly size: readonly [number, number] };
}

type Row = readonly [phase: string, layer: string, op: string, bytes: number];

const folder = parseArgs({ allowPositionals: true }).positionals[0] ?? ".";
const program = loadProgram();
const read = (id: string): Measured | undefined => {
  const file = join(folder, `${id}.json`);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Measured) : undefined;
};
const rowsOf = (id: string): Row[] =>
  gunzipSync(readFileSync(join(folder, `${id}.raw.jsonl.gz`)))
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Row);

/** Allocations of the measured run before the one that failed: the place of the failing request in the whole run. */
const taken = (rows: readonly Row[]): number => rows.filter((row) => row[3] > 0).length;

const out = [["case", "limit", "ours", "measured", "verdict", "request"]];
const [verdicts, requests, fails] = [
  [0, 0],
  [0, 0],
  [0, 0],
] as [number[], number[], number[]];
for (const name of readdirSync(folder).filter((f) => f.endsWith("_full.json"))) {
  const id = name.slice(0, -"_full.json".length);
  const full = read(`${id}_full`)!;
  const allocations = rowsOf(`${id}_full`).filter((row) => row[3] > 0);
  const { log } = program.simulate(program.config(full.resolved), settingsOf({ ...full, evalSize: full.eval?.size }));
  const peak = replay(log).evaluation?.pagesBytes;
  out.push([id, "", `${peak}`, `${full.driver_peak}`, peak === full.driver_peak ? "=" : "driver's peak differs", ""]);
  for (let k = 0; existsSync(join(folder, `${id}_${k}.driver`)); k++) {
    const c = read(`${id}_${k}`);
    const driver = readFileSync(join(folder, `${id}_${k}.driver`), "utf8").split("\n");
    const refused = driver.findLast((line) => line.startsWith("oom "));
    const limit = Number(/limit (\d+)/.exec(readFileSync(join(folder, `${id}_${k}.limit`), "utf8"))?.[1]);
    const ours: Replay = replay(log, { cardBytes: limit * MiB });
    const survives = c?.ok ?? false;
    const same = survives === (ours.outOfMemory === undefined);
    verdicts[0]! += Number(same);
    verdicts[1]! += 1;
    let [mine, theirs, agrees] = [ours.outOfMemory ? "fails" : "runs", survives ? "runs" : "fails", ""];
    const failure = ours.outOfMemory;
    if (failure)
      mine = `${humanReadableSize(failure.chunkBytes)} ${failure.site?.phase} ${failure.site?.op} (${failure.asked})`;
    if (!survives) {
      const bytes = Number(refused?.split(" ")[1]);
      if (c) {
        const next = allocations[taken(rowsOf(`${id}_${k}`))];
        theirs = `${humanReadableSize(bytes)} ${next?.[0]} ${next?.[2]}`;
      } else theirs = `${humanReadableSize(bytes)} past the allocator`;
      requests[1]! += 1;
      const before = failure ? log.sign.slice(0, failure.event + (failure.asked === "tensor" ? 0 : 1)) : [];
      const count = before.filter((s) => s > 0).length;
      const place = c
        ? failure?.asked === "tensor" && count === taken(rowsOf(`${id}_${k}`))
        : failure?.asked === "library";
      const size = c ? failure?.chunkBytes === bytes : Math.abs((failure?.chunkBytes ?? 0) - bytes) < 256;
      agrees = place && size ? "same" : "OTHER";
      requests[0]! += Number(place && size);
    }
    fails[0]! += Number(!survives);
    out.push([id, `${limit}`, mine, theirs, same ? "same" : "OTHER", agrees]);
  }
}
console.log(table(out, 1));
console.log(
  `verdict the same in ${verdicts[0]} of ${verdicts[1]}; failing request in ${requests[0]} of ${requests[1]}`,
);
