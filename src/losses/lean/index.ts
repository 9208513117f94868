/** @file The losses that lean training replaces, by their PaddleSeg names: LOSSES in presets/launcher/lean_losses.py. */
import type { Args } from "../../nn/args.ts";
import type { AnyLoss } from "../loss.ts";
import { BCELoss } from "./bce_loss.ts";
import { CrossEntropyLoss } from "./cross_entropy_loss.ts";
import { DetailAggregateLoss } from "./detail_aggregate_loss.ts";
import { DiceLoss } from "./dice_loss.ts";
import { LovaszHingeLoss } from "./lovasz_hinge_loss.ts";
import { LovaszSoftmaxLoss } from "./lovasz_softmax_loss.ts";
import { OhemCrossEntropyLoss } from "./ohem_cross_entropy_loss.ts";

export const leanLosses: Readonly<Record<string, (args: Args) => AnyLoss>> = {
  BCELoss: (args) => new BCELoss(args),
  CrossEntropyLoss: (args) => new CrossEntropyLoss(args),
  DetailAggregateLoss: (args) => new DetailAggregateLoss(args),
  DiceLoss: (args) => new DiceLoss(args),
  LovaszHingeLoss: (args) => new LovaszHingeLoss(args),
  LovaszSoftmaxLoss: (args) => new LovaszSoftmaxLoss(args),
  OhemCrossEntropyLoss: (args) => new OhemCrossEntropyLoss(args),
};
