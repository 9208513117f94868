/**
 * @file Makes `test/truth/` from ../shared/truth: `npm run -s build:tools && node dist/tools/pack-truth.js`.
 *
 * `configs.jsonl` has each distinct resolved config once, `cases.jsonl` one line of figures a case, `*.trace.gz` the event
 * traces of a few cases, for tests that compare event by event. FOLDER has raw traces under the cases' names: they give
 * the places of peaks and the event traces of cases that were measured without traces (all of O2).
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { ConfigValue } from "../../src/config/types.ts";
import { caseNames, type MeasuredCase, readCase, sharedTruth } from "./lib/cases.ts";
import { packCase, packedTruth, packTrace, readTrace } from "./lib/packed.ts";
import { type TraceRow, withoutKernel } from "./lib/rows.ts";

/** Cases whose event traces are kept: small networks of each kind, fp32, O1, O2. */
const traced = [
  "pp_liteseg__pp_liteseg_stdc2_cityscapes_1024x512_scale0.5_160k__off",
  "pp_liteseg__pp_liteseg_stdc2_cityscapes_1024x512_scale0.5_160k__O1",
  "pp_liteseg__pp_liteseg_stdc2_cityscapes_1024x512_scale0.5_160k__O2",
  "pp_liteseg__pp_liteseg_stdc1_cityscapes_1024x512_scale0.5_160k__off",
  "pp_liteseg__pp_liteseg_stdc1_cityscapes_1024x512_scale0.5_160k__O1",
  "pp_humanseg_lite__pp_humanseg_lite_mini_supervisely__off",
  "pp_humanseg_lite__pp_humanseg_lite_mini_supervisely__O1",
  "pp_humanseg_lite__pp_humanseg_lite_mini_supervisely__O2",
  "quick_start__pp_liteseg_optic_disc_512x512_1k__off",
  "quick_start__pp_liteseg_optic_disc_512x512_1k__O2",
  "unet__unet_cityscapes_1024x512_160k__off",
  "bisenet__bisenet_cityscapes_1024x1024_160k__off",
  "bisenet__bisenet_cityscapes_1024x1024_160k__O1",
  "deeplabv3p__deeplabv3p_resnet50_os8_cityscapes_1024x512_80k__off",
];

/** Without the addresses of weights that the measuring program blanked: they take no memory. */
function withoutBlankWeights(value: ConfigValue): ConfigValue {
  if (Array.isArray(value)) return value.map(withoutBlankWeights);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(
    ([k, v]) => v !== null || !["pretrained", "pretrained_model"].includes(k),
  );
  return Object.fromEntries(entries.map(([k, v]) => [k, withoutBlankWeights(v)]));
}

const { values } = parseArgs({ options: { raw: { type: "string" } } });

/** Rows of iterations 2 and 3 and of the second image from a case's raw trace, if there is one. */
function rawParts(name: string): { train: TraceRow[]; eval: TraceRow[] } | undefined {
  if (!values.raw || !existsSync(join(values.raw, `${name}.raw.jsonl.gz`))) return undefined;
  const marks = readCase(name, values.raw).raw!.marks;
  const rows = readTrace(join(values.raw, `${name}.raw.jsonl.gz`));
  const cut = (start: string, end: string): TraceRow[] => withoutKernel(rows.slice(marks[start], marks[end]));
  return { train: cut("step 1", "step 3"), eval: marks["image 2"] === undefined ? [] : cut("image 2", "image-end 2") };
}

/** Fills in what a case without traces lacks: the peaks without kernel temporaries, and their places. */
function withPlaces(c: MeasuredCase): MeasuredCase {
  const parts = c.trace ? undefined : rawParts(c.id);
  if (!parts) return c;
  const highest = (rows: readonly TraceRow[]) => {
    const row = rows.reduce((a, b) => (b.total > a.total ? b : a));
    return { phase: row.phase, fqn: row.layer, op: row.op, bytes: row.total };
  };
  const live = highest(parts.train);
  return {
    ...c,
    trace: { peak_live: live, peak_raw: live.bytes },
    ...(c.eval && parts.eval.length > 0 ? { eval: { ...c.eval, peak_live: highest(parts.eval) } } : {}),
  };
}

const [from, to] = [sharedTruth(), packedTruth()];
if (!existsSync(from)) throw new Error(`no measured truth at ${from}`);
mkdirSync(to, { recursive: true });
const configs = new Map<string, string>();
const lines: string[] = [];
for (const name of caseNames(from)) {
  const measured = readCase(name, from);
  if (!measured.ok) continue;
  const text = JSON.stringify(withoutBlankWeights(measured.resolved));
  const key = createHash("sha256").update(text).digest("hex").slice(0, 12);
  configs.set(key, text);
  lines.push(JSON.stringify(packCase(withPlaces(measured), key)));
}
const configLines = [...configs].map(([key, text]) => `{"key":"${key}","resolved":${text}}`);
writeFileSync(join(to, "configs.jsonl"), `${configLines.join("\n")}\n`);
writeFileSync(join(to, "cases.jsonl"), `${lines.join("\n")}\n`);

for (const old of readdirSync(to)) if (old.endsWith(".trace.gz")) rmSync(join(to, old));
for (const name of traced) {
  const parts = rawParts(name);
  for (const part of ["train", "eval"] as const) {
    const file = join(from, `${name}.${part}.jsonl.gz`);
    const rows = existsSync(file) ? readTrace(file) : parts?.[part];
    if (rows) writeFileSync(join(to, `${name}.${part}.trace.gz`), packTrace(rows));
    else console.error(`no trace: ${file}`);
  }
}
const bytes = readdirSync(to).reduce((sum, file) => sum + statSync(join(to, file)).size, 0);
console.log(`${lines.length} cases, ${configs.size} configs, ${(bytes / 1e6).toFixed(2)} MB in ${to}`);
