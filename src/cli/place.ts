/** @file The flags that say where a run takes place: the card, what others keep of it, the Paddle version; `--gpu auto` asks nvidia-smi. */
import { type Command, Option } from "commander";
import { UserError } from "../errors.ts";
import type { Around } from "../index.ts";
import { formatMiB, MiB } from "../units.ts";
import { phrase } from "../words/phrase.ts";
import type { Host } from "./host.ts";
import { tellNotes } from "./load.ts";
import { bytes, type CommandOptions } from "./options.ts";
import { readReceipts } from "./receipts.ts";

/** Adds them. */
export function addPlaceOptions(command: Command): Command {
  return command
    .option("--display", "this card shows a desktop, which keeps some of it")
    .option("--gpu-free <size>", "what is free on the card now, such as 11.2GiB", bytes)
    .addOption(new Option("--system <name>", "operating system (default: linux)").choices(["linux", "windows"]))
    .option("--runtime <version>", "Paddle version, such as 2.6 (the default)");
}

/** What nvidia-smi is asked for, in this order. */
export const smiQuery = ["--query-gpu=name,memory.total,memory.used,memory.free", "--format=csv,noheader,nounits"];

/** A card as nvidia-smi lists it. */
export interface SeenCard {
  readonly name: string;
  readonly totalBytes: number;
  readonly usedBytes: number;
  readonly freeBytes: number;
}

/** Reads its answer: one card a line, sizes in MiB. Lines of another form are left out. */
export function parseSmi(text: string): readonly SeenCard[] {
  return text.split("\n").flatMap((line) => {
    const [, name, ...sizes] = /^\s*(.+?)\s*,\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*$/.exec(line) ?? [];
    if (name === undefined) return [];
    const [totalBytes = 0, usedBytes = 0, freeBytes = 0] = sizes.map((size) => Number(size) * MiB);
    return [{ name, totalBytes, usedBytes, freeBytes }];
  });
}

/** The card and its surroundings as `createContext` takes them. Throws `gpu-auto-failed` where no card can be asked. */
export function placeOf(host: Host, options: CommandOptions): [gpu: string | undefined, around: Around] {
  const { gpu, runtime, system, display, gpuFree } = options;
  const receipts = readReceipts(host);
  if (gpu !== "auto") return [gpu, { runtime, system, display, gpuFree, receipts }];
  const answer = host.nvidiaSmi?.(smiQuery);
  if (answer === undefined) throw new UserError("gpu-auto-failed", { reason: phrase("no-nvidia-smi", {}) });
  const [card, ...others] = parseSmi(answer);
  if (card === undefined) throw new UserError("gpu-auto-failed", { reason: phrase("nvidia-smi-no-card", {}) });
  const sizes = { used: formatMiB(card.usedBytes), total: formatMiB(card.totalBytes), free: formatMiB(card.freeBytes) };
  tellNotes(host, [phrase("nvidia-smi-shows", { card: card.name, cards: others.length + 1, ...sizes })]);
  return [card.name, { runtime, system, gpuFree: gpuFree ?? card.freeBytes, gpuTotal: card.totalBytes, receipts }];
}
