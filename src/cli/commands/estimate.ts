/** @file `vram-plan estimate`: what a config takes, as it is. */
import { createContext, estimate } from "../../index.ts";
import { exitCode } from "../../policy/exit-code.ts";
import { renderJson } from "../../report/json.ts";
import { renderText } from "../../report/text.ts";
import type { Host } from "../host.ts";
import { load, tellNotes } from "../load.ts";
import type { CommandOptions } from "../options.ts";
import { placeOf } from "../place.ts";
import { createView } from "../view.ts";

/** Levels of the layer tree where none are asked for: the network's parts and theirs. */
const defaultDepth = 2;
/** Holders: more than a plan shows, as the question is what takes the memory. */
const defaultTop = 8;

/** Prints the report; 0 without a card. */
export async function estimateCommand(host: Host, config: string, given: CommandOptions): Promise<number> {
  const context = createContext(...placeOf(host, given));
  const { run, options } = load(host, config, given);
  const report = estimate(run, context);
  tellNotes(host, run.notes);
  if (options.json) host.stdout.write(renderJson(report));
  else {
    const view = await createView(host, options.color);
    const { depth = defaultDepth, top = defaultTop } = options;
    host.stdout.write(renderText(report, { ...view, depth, top, assumptions: true }));
  }
  return exitCode([report]);
}
