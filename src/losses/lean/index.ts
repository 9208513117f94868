/** @file The losses that lean training replaces, by their PaddleSeg names: LOSSES in presets/launcher/lean_losses.py. */
import type { Args } from "../../nn/args.ts";
import type { AnyLoss } from "../loss.ts";
import { CrossEntropyLoss } from "./cross_entropy_loss.ts";
import { OhemCrossEntropyLoss } from "./ohem_cross_entropy_loss.ts";

export const leanLosses: Readonly<Record<string, (args: Args) => AnyLoss>> = {
  CrossEntropyLoss: (args) => new CrossEntropyLoss(args),
  OhemCrossEntropyLoss: (args) => new OhemCrossEntropyLoss(args),
};
