/** @file `vram-plan completion`: prints a script for a shell. */
import type { Command } from "commander";
import { gpuItems } from "../../catalog.ts";
import { completionScript, type Shell } from "../completion.ts";
import type { Host } from "../host.ts";

/** Prints the script; always 0. */
export async function completionCommand(host: Host, program: Command, shell: Shell): Promise<number> {
  host.stdout.write(completionScript(program, shell, { "--gpu": gpuItems().map(({ id }) => id) }));
  return 0;
}
