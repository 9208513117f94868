/** @file `vram-plan max`: the largest batch and the largest crop that fit a card. */
import { cardContext, max } from "../../index.ts";
import { renderJson } from "../../report/json.ts";
import { renderMax } from "../../report/max.ts";
import type { Host } from "../host.ts";
import { load, tellNotes } from "../load.ts";
import type { CommandOptions } from "../options.ts";
import { placeOf } from "../place.ts";
import { createProgress } from "../progress.ts";
import { createView } from "../view.ts";

/** Exit 1 if not even one image fits. */
export async function maxCommand(host: Host, config: string, given: CommandOptions): Promise<number> {
  const context = cardContext(config, ...placeOf(host, given));
  const { run } = load(host, config, given);
  const progress = createProgress(host);
  const result = max(run, context, progress.onRun);
  progress.done();
  tellNotes(host, run.notes);
  host.stdout.write(given.json ? renderJson(result) : renderMax(result, await createView(host, given.color)));
  return result.largestBatch > 0 ? 0 : 1;
}
