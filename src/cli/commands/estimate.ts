/** @file `vram-plan estimate`: what a config takes, as it is. */
import { createContext, estimate } from "../../index.ts";
import { exitCode } from "../../policy/exit-code.ts";
import type { Host } from "../host.ts";
import { load, tellNotes } from "../load.ts";
import { type PictureOptions, readPictures, wantsTimeline, writePictures } from "../pictures.ts";
import { placeOf } from "../place.ts";

/** Levels of the layer tree where none are asked for: the network's parts and theirs. */
const defaultDepth = 2;
/** Holders: more than a plan shows, as the question is what takes the memory. */
const defaultTop = 8;

/** Prints the report; 0 without a card. */
export async function estimateCommand(host: Host, config: string, given: PictureOptions): Promise<number> {
  const context = createContext(...placeOf(host, given));
  const { run, options, files } = load(host, config, given);
  const shown = { ...given, ...options };
  const outputs = readPictures(given, files);
  const report = estimate(run, context, { timeline: wantsTimeline(outputs, given) });
  tellNotes(host, run.notes);
  const { depth = defaultDepth, top = defaultTop } = shown;
  await writePictures(host, report, outputs, shown, { depth, top, assumptions: true });
  return exitCode([report]);
}
