/** @file `vram-plan gpus`: the smallest card for a config. */
import { gpus } from "../../index.ts";
import { renderSmallestCards } from "../../report/gpus.ts";
import { renderJson } from "../../report/json.ts";
import type { Host } from "../host.ts";
import { load, tellNotes } from "../load.ts";
import type { CommandOptions } from "../options.ts";
import { createProgress } from "../progress.ts";
import { createView } from "../view.ts";

/** Exit 1 if no card fits, with a plan or without. */
export async function gpusCommand(host: Host, config: string, given: CommandOptions): Promise<number> {
  const { run } = load(host, config, given);
  const progress = createProgress(host);
  const result = gpus(run, progress.onRun);
  progress.done();
  tellNotes(host, run.notes);
  host.stdout.write(given.json ? renderJson(result) : renderSmallestCards(result, await createView(host, given.color)));
  return result.withPlan === undefined ? 1 : 0;
}
