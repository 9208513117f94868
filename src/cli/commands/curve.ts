/** @file `vram-plan curve`: bytes against slowdown. */
import { cardContext, curve } from "../../index.ts";
import { renderCurve } from "../../report/curve.ts";
import { renderJson } from "../../report/json.ts";
import type { Host } from "../host.ts";
import { load, tellNotes } from "../load.ts";
import type { CommandOptions } from "../options.ts";
import { placeOf } from "../place.ts";
import { createProgress } from "../progress.ts";
import { createView } from "../view.ts";

/** Exit 1 if no point of the curve fits. */
export async function curveCommand(host: Host, config: string, given: CommandOptions): Promise<number> {
  const context = cardContext(config, ...placeOf(host, given));
  const { run } = load(host, config, given);
  const progress = createProgress(host);
  const result = curve(run, context, progress.onRun);
  progress.done();
  tellNotes(host, run.notes);
  host.stdout.write(given.json ? renderJson(result) : renderCurve(result, await createView(host, given.color)));
  return result.points.some(({ verdict }) => verdict !== "does-not-fit") ? 0 : 1;
}
