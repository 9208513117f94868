/**
 * @file Fuzzing at length: `npm run -s build:tools && node dist/tools/fuzz.js --from 0 --count 5000 [--show]`. Prints every case whose outcome is wrong, grouped by
 * what went wrong; `--show` with `--count 1` prints the case itself.
 */
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readBases } from "../fuzz/bases.ts";
import { complaint, makeCase, runCase } from "../fuzz/case.ts";
import { projectRoot } from "./lib/cases.ts";

process.env.VRAM_PLAN_ROOT ??= projectRoot();
const { values } = parseArgs({
  options: {
    from: { type: "string", default: "0" },
    count: { type: "string", default: "1000" },
    show: { type: "boolean" },
  },
});
const [from, count] = [Number(values.from), Number(values.count)];
const bases = readBases();
const found = new Map<string, { seeds: number[]; text: string }>();
const codes = new Map<number, number>();
let slowest = { seed: 0, milliseconds: 0 };
const start = process.cpuUsage();
for (let seed = from; seed < from + count; seed++) {
  const one = makeCase(seed, bases);
  // A hang leaves the seed behind.
  if (seed % 50 === 0 || values.show === true) writeFileSync(join(tmpdir(), "vram-plan-fuzz-seed"), String(seed));
  if (values.show === true) console.log(one.args.join(" "), one.told, `\n${one.files["c.yml"]}`);
  const result = await runCase(one);
  if (values.show === true) console.log(result);
  codes.set(result.code, (codes.get(result.code) ?? 0) + 1);
  if (result.milliseconds > slowest.milliseconds) slowest = { seed, milliseconds: result.milliseconds };
  const wrong = complaint(one, result);
  if (wrong === undefined) continue;
  const lines = wrong.split("\n");
  const key = lines
    .filter((line, i) => i === 0 || /^\w*Error/.test(line.trim()) || /^\s+at /.test(line))
    .slice(0, 4)
    .join("\n")
    .replace(/\d+/g, "N");
  const group = found.get(key) ?? { seeds: [], text: wrong };
  group.seeds.push(seed);
  found.set(key, group);
}
for (const { seeds, text } of [...found.values()].sort((a, b) => b.seeds.length - a.seeds.length)) {
  console.log(`${seeds.length} x, seeds ${seeds.slice(0, 5).join(" ")}: ${text}\n`);
}
const { user, system } = process.cpuUsage(start);
console.log(
  `${count} cases; exit codes ${JSON.stringify(Object.fromEntries(codes))}; ${found.size} kinds of wrong outcome`,
);
console.log(
  `${((user + system) / 1e6).toFixed(1)} s of processor time; slowest: seed ${slowest.seed}, ${Math.round(slowest.milliseconds)} ms`,
);
