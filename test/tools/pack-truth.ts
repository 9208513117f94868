/**
 * @file Makes `test/truth/` from ../shared/truth: `npm run -s build:tools && node dist/tools/pack-truth.js`.
 *
 * `configs.jsonl` has each distinct resolved config once, `cases.jsonl` one line of figures a case, `*.trace.gz` the event
 * traces of a few cases, for tests that compare event by event.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ConfigValue } from "../../src/config/types.ts";
import { caseNames, readCase, sharedTruth } from "./lib/cases.ts";
import { packCase, packedTruth, packTrace, readTrace } from "./lib/packed.ts";

/** Cases whose event traces are kept: one small network of each kind, both precisions that were traced. */
const traced = [
  "pp_liteseg__pp_liteseg_stdc2_cityscapes_1024x512_scale0.5_160k__off",
  "pp_liteseg__pp_liteseg_stdc2_cityscapes_1024x512_scale0.5_160k__O1",
  "pp_liteseg__pp_liteseg_stdc1_cityscapes_1024x512_scale0.5_160k__off",
  "pp_liteseg__pp_liteseg_stdc1_cityscapes_1024x512_scale0.5_160k__O1",
  "pp_humanseg_lite__pp_humanseg_lite_mini_supervisely__off",
  "pp_humanseg_lite__pp_humanseg_lite_mini_supervisely__O1",
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
  lines.push(JSON.stringify(packCase(measured, key)));
}
const configLines = [...configs].map(([key, text]) => `{"key":"${key}","resolved":${text}}`);
writeFileSync(join(to, "configs.jsonl"), `${configLines.join("\n")}\n`);
writeFileSync(join(to, "cases.jsonl"), `${lines.join("\n")}\n`);

for (const old of readdirSync(to)) if (old.endsWith(".trace.gz")) rmSync(join(to, old));
for (const name of traced) {
  for (const part of ["train", "eval"]) {
    const file = join(from, `${name}.${part}.jsonl.gz`);
    if (existsSync(file)) writeFileSync(join(to, `${name}.${part}.trace.gz`), packTrace(readTrace(file)));
    else console.error(`no trace: ${file}`);
  }
}
const bytes = readdirSync(to).reduce((sum, file) => sum + statSync(join(to, file)).size, 0);
console.log(`${lines.length} cases, ${configs.size} configs, ${(bytes / 1e6).toFixed(2)} MB in ${to}`);
