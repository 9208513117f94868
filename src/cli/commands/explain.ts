/** @file `vram-plan explain`: where the bytes of a layer come from. */
import { createContext, explain } from "../../index.ts";
import { renderExplain } from "../../report/explain.ts";
import { renderJson } from "../../report/json.ts";
import type { Host } from "../host.ts";
import { load, tellNotes } from "../load.ts";
import type { CommandOptions } from "../options.ts";
import { createView } from "../view.ts";

/** The whole network where no layer is named. */
export interface ExplainOptions extends CommandOptions {
  readonly layer?: string | undefined;
}

/** Prints one layer; always 0, as nothing is judged. */
export async function explainCommand(host: Host, config: string, given: ExplainOptions): Promise<number> {
  const { run } = load(host, config, given);
  const result = explain(run, createContext(undefined), given.layer ?? "model");
  tellNotes(host, run.notes);
  const view = await createView(host, given.color);
  host.stdout.write(given.json ? renderJson(result) : renderExplain(result, view, given.top));
  return 0;
}
