/** @file `vram-plan list`: what is known. */
import { gpuItems, knobItems, lossNames, networkNames } from "../../catalog.ts";
import { suggest, UserError } from "../../errors.ts";
import { renderGpus, renderNamed, renderNames } from "../../report/lists.ts";
import type { View } from "../../report/paint.ts";
import type { Host } from "../host.ts";
import type { CommandOptions } from "../options.ts";
import { createView } from "../view.ts";

interface List {
  items(): readonly unknown[];
  text(view: View): string;
}

const lists: Readonly<Record<string, List>> = {
  gpus: { items: gpuItems, text: (view) => renderGpus(gpuItems(), view) },
  models: { items: networkNames, text: () => renderNames(networkNames()) },
  losses: { items: lossNames, text: () => renderNames(lossNames()) },
  knobs: {
    items: () => knobItems().map(({ name, summary }) => ({ name, summary: summary.text })),
    text: (view) => renderNamed(knobItems(), view),
  },
};

/** Prints one list. Throws `list-not-known`. */
export async function listCommand(host: Host, what: string, options: CommandOptions): Promise<number> {
  const list = Object.hasOwn(lists, what) ? lists[what] : undefined;
  if (list === undefined) {
    const known = Object.keys(lists);
    throw new UserError("list-not-known", { name: what, known, near: suggest(what, known) });
  }
  const json = options.json === true;
  host.stdout.write(
    json ? `${JSON.stringify(list.items(), undefined, 2)}\n` : list.text(await createView(host, options.color)),
  );
  return 0;
}
