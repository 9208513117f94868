/** @file The losses by their PaddleSeg names. To add one: one file, one line here, one truth case. */
import { type Args, ownValue } from "../nn/args.ts";
import type { AnyLayer } from "../nn/layer.ts";
import { NotModelled } from "../nn/not-modelled.ts";
import { BCELoss } from "./bce_loss.ts";
import { BootstrappedCrossEntropyLoss } from "./bootstrapped_cross_entropy_loss.ts";
import { CrossEntropyLoss } from "./cross_entropy_loss.ts";
import { DetailAggregateLoss } from "./detail_aggregate_loss.ts";
import { DiceLoss } from "./dice_loss.ts";
import { DistillationLoss } from "./distillation_loss.ts";
import { DualTaskLoss } from "./dual_task_loss.ts";
import { EdgeAttentionLoss } from "./edge_attention_loss.ts";
import { FocalLoss, MultiClassFocalLoss } from "./focal_loss.ts";
import { KLLoss } from "./kl_loss.ts";
import { leanLosses } from "./lean/index.ts";
import { type AnyLoss, Loss } from "./loss.ts";
import { LovaszHingeLoss } from "./lovasz_hinge_loss.ts";
import { LovaszSoftmaxLoss } from "./lovasz_softmax_loss.ts";
import { MaskFormerLoss } from "./maskformer_loss.ts";
import { MixedLoss } from "./mixed_loss.ts";
import { OhemCrossEntropyLoss } from "./ohem_cross_entropy_loss.ts";
import { OhemEdgeAttentionLoss } from "./ohem_edge_attention_loss.ts";
import { PixelContrastCrossEntropyLoss } from "./pixel_contrast_cross_entropy_loss.ts";
import { PointCrossEntropyLoss } from "./point_cross_entropy_loss.ts";
import { refuseIntegerLabels } from "./refused.ts";
import { RelaxBoundaryLoss } from "./relax_boundary_loss.ts";
import { RMILoss } from "./rmi_loss.ts";
import { SECrossEntropyLoss } from "./se_cross_entropy_loss.ts";
import { SemanticConnectivityLoss } from "./semantic_connectivity_loss.ts";

export const losses: Readonly<Record<string, (args: Args, build: (args: Args) => AnyLoss) => AnyLoss>> = {
  BCELoss: (args) => new BCELoss(args),
  DiceLoss: (args) => new DiceLoss(args),
  LovaszHingeLoss: (args) => new LovaszHingeLoss(args),
  LovaszSoftmaxLoss: (args) => new LovaszSoftmaxLoss(args),
  MixedLoss: (args, build) => new MixedLoss(args, build),
  CrossEntropyLoss: (args) => new CrossEntropyLoss(args),
  BootstrappedCrossEntropyLoss: (args) => new BootstrappedCrossEntropyLoss(args),
  FocalLoss: (args) => new FocalLoss(args),
  MultiClassFocalLoss: (args) => new MultiClassFocalLoss(args),
  RMILoss: (args) => new RMILoss(args),
  DetailAggregateLoss: (args) => new DetailAggregateLoss(args),
  SECrossEntropyLoss: (args) => new SECrossEntropyLoss(args),
  EdgeAttentionLoss: (args) => new EdgeAttentionLoss(args),
  OhemEdgeAttentionLoss: (args) => new OhemEdgeAttentionLoss(args),
  PixelContrastCrossEntropyLoss: (args) => new PixelContrastCrossEntropyLoss(args),
  PointCrossEntropyLoss: (args) => new PointCrossEntropyLoss(args),
  RelaxBoundaryLoss: (args) => new RelaxBoundaryLoss(args),
  DualTaskLoss: (args) => new DualTaskLoss(args),
  KLLoss: (args) => new KLLoss(args),
  SemanticConnectivityLoss: (args) => new SemanticConnectivityLoss(args),
  MSELoss: refuseIntegerLabels,
  L1Loss: refuseIntegerLabels,
  OhemCrossEntropyLoss: (args) => new OhemCrossEntropyLoss(args),
  DistillationLoss: (args) => new DistillationLoss(args),
  MaskFormerLoss: (args) => new MaskFormerLoss(args),
};

/** Builds the loss that `args` names; throws NotModelled. Its layers are named `loss:Class`. `lean`: with fewer temporaries. */
export function buildLoss(args: Args, lean = false): AnyLoss {
  const make = (lean ? ownValue(leanLosses, args.type) : undefined) ?? ownValue(losses, args.type);
  if (make === undefined) throw new NotModelled("loss", args.type, Object.keys(losses), "src/losses");
  const loss = make(args, (inner) => buildLoss(inner, lean));
  nameLoss(loss);
  return loss;
}

/** PaddleSeg's losses have no structured names: each layer is known by its class. */
function nameLoss(layer: AnyLayer): void {
  layer.name = `loss:${layer instanceof Loss ? layer.type : layer.constructor.name}`;
  for (const [, child] of layer.children()) nameLoss(child);
}
