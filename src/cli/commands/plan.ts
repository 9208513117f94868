/** @file `vram-plan CONFIG --gpu NAME`: the changes that make a config fit. */
import { cardContext, plan } from "../../index.ts";
import { exitCode } from "../../policy/exit-code.ts";
import { phrase } from "../../words/phrase.ts";
import type { Host } from "../host.ts";
import { printedScript } from "../launch-files.ts";
import { load, tellNotes } from "../load.ts";
import { checkOut, writeOut } from "../out.ts";
import { readPictures, wantsTimeline, writePictures } from "../pictures.ts";
import { placeOf } from "../place.ts";
import { type PlanOptions, searchLimits } from "../plan-options.ts";
import { createProgress } from "../progress.ts";

/** Prints report and plan; writes the fitted config where `--out` asks for it and a plan was found. */
export async function planCommand(host: Host, config: string, given: PlanOptions): Promise<number> {
  const { budget, ...context } = cardContext(config, ...placeOf(host, given));
  const loaded = load(host, config, given);
  const { out } = given;
  if (out !== undefined) checkOut(host, out, loaded);
  const outputs = readPictures(given, loaded.files);
  const timeline = wantsTimeline(outputs, given);
  const progress = createProgress(host);
  const limits = searchLimits(given, budget.usableBytes);
  const report = plan(
    loaded.run,
    { ...context, budget },
    { outFile: out, opts: loaded.options.opts, limits, timeline, onRun: progress.onRun },
  );
  progress.done();
  tellNotes(host, loaded.run.notes);
  let written: string | undefined;
  if (out !== undefined && report.plan?.feasible === true) {
    written = writeOut(host, out, loaded, report, report.plan).join(", ");
  }
  const isShown = outputs.some(({ name }) => name === "terminal");
  if (!isShown && written !== undefined) tellNotes(host, [phrase("written", { file: written })]);
  if (given.printLaunch === true && report.plan?.feasible === true)
    host.stdout.write(printedScript(report.plan.command, report.gpu?.name ?? ""));
  else {
    const { depth, top } = given;
    await writePictures(host, report, outputs, given, { depth, top, written });
  }
  if (out !== undefined && written === undefined) tellNotes(host, [phrase("no-plan-not-written", { file: out })]);
  return exitCode([report]);
}
