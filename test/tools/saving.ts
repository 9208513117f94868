/**
 * @file Compares measured saving under O2 with ours: `node dist/tools/saving.js ID.json…` (`measure_raw.py --amp O2 --raw`, no `--eval`).
 * Events from the third step on where both have them, peaks at the end of train() in any case.
 */
import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { estimateMemory } from "../../src/memory/estimate.ts";
import type { MeasuredCase } from "./lib/cases.ts";
import { compareTraces } from "./lib/compare.ts";
import { readTrace } from "./lib/packed.ts";
import { logRows } from "./lib/rows.ts";
import { showHunk } from "./lib/show.ts";
import { table } from "./lib/table.ts";
import { loadProgram, settingsOf } from "./program.ts";

const program = loadProgram();
const rows = [["case", "ours allocated", "measured", "ours reserved", "measured", "events"]];
let same = 0;
const { positionals: files, values } = parseArgs({ allowPositionals: true, options: { show: { type: "boolean" } } });
const text = (bytes: number): string => bytes.toLocaleString("en-US");
for (const file of files) {
  const c = JSON.parse(readFileSync(file, "utf8")) as MeasuredCase;
  if (!c.ok) {
    rows.push([c.id, "", "", "", "", "Paddle refuses"]);
    continue;
  }
  try {
    const { log } = program.simulate(program.config(c.resolved), settingsOf({ ...c, evalSize: c.eval?.size }));
    const { training, evaluation, saving } = estimateMemory(log);
    const parts = [training, ...(evaluation ? [evaluation] : []), ...(saving ? [saving] : [])];
    const allocated = Math.max(...parts.map((part) => part.allocated.lowBytes));
    const reserved = Math.max(...parts.map((part) => part.reserved.lowBytes));
    const agrees = allocated === c.peak_allocated && reserved === c.peak_reserved;
    if (agrees) same++;
    let events = saving ? "sets the peak" : "below the peak";
    const raw = file.replace(/\.json$/, ".raw.jsonl.gz");
    const [from, to] = [log.at("save"), log.at("save-end")];
    if (saving && existsSync(raw) && !c.eval) {
      const measured = readTrace(raw);
      // The loop casts nothing between the third step and saving but for the loss, which fp32 leaves as it is.
      const ours = logRows(log, from, to);
      const after = measured.slice(c.raw?.marks["step 3"]).slice(0, ours.length);
      const found = compareTraces(ours, after);
      const [hunk] = found.hunks;
      if (hunk && values.show) console.log(showHunk(found, hunk, ours, after, 12));
      events +=
        found.hunks.length === 0
          ? `, ${after.length} events the same`
          : `, events differ from ${found.hunks[0]!.ours[0]}`;
    }
    const measured = [text(c.peak_allocated), text(reserved), text(c.peak_reserved)];
    rows.push([c.id, text(allocated), ...measured, `${agrees ? "same" : "OTHER"}, ${events}`]);
  } catch (error) {
    rows.push([c.id, "", "", "", "", error instanceof Error ? error.message.split("\n")[0]! : String(error)]);
  }
}
console.log(table(rows, 1));
console.log(`${same} of ${files.length} the same`);
