/** @file The backbones by their PaddleSeg names. To add one: one file, one line here. */
import type { Args } from "../../nn/args.ts";
import { NotModelled } from "../../nn/not-modelled.ts";
import type { Backbone } from "./backbone.ts";
import { HRNet, hrnetPlan, hrnetSmallV1, hrnetSmallV2 } from "./hrnet.ts";
import { MixVisionTransformer, mixPlans } from "./mix_transformer.ts";
import { MSCAN, mscanPlans } from "./mscan.ts";
import { ResNetVd } from "./resnet_vd.ts";
import { STDCNet } from "./stdcnet.ts";
import { UHRNet } from "./uhrnet.ts";
import { uhrnetPlan } from "./uhrnet-plans.ts";

export const backbones: Readonly<Record<string, (args: Args) => Backbone>> = {
  STDC1: (args) => new STDCNet(args, [2, 2, 2]),
  STDC2: (args) => new STDCNet(args, [4, 5, 3]),
  ResNet18_vd: (args) => new ResNetVd(args, 18),
  ResNet50_vd: (args) => new ResNetVd(args, 50),
  ResNet101_vd: (args) => new ResNetVd(args, 101),
  HRNet_W18_Small_V1: (args) => new HRNet(args, hrnetSmallV1),
  HRNet_W18_Small_V2: (args) => new HRNet(args, hrnetSmallV2),
  HRNet_W18: (args) => new HRNet(args, hrnetPlan(18)),
  HRNet_W30: (args) => new HRNet(args, hrnetPlan(30)),
  HRNet_W32: (args) => new HRNet(args, hrnetPlan(32)),
  HRNet_W40: (args) => new HRNet(args, hrnetPlan(40)),
  HRNet_W44: (args) => new HRNet(args, hrnetPlan(44)),
  HRNet_W48: (args) => new HRNet(args, hrnetPlan(48)),
  HRNet_W60: (args) => new HRNet(args, hrnetPlan(60)),
  HRNet_W64: (args) => new HRNet(args, hrnetPlan(64)),
  ...Object.fromEntries(
    mixPlans.map((plan, i) => [`MixVisionTransformer_B${i}`, (args: Args) => new MixVisionTransformer(args, plan)]),
  ),
  UHRNet_W18_Small: (args) => new UHRNet(args, uhrnetPlan(18, 2, 2)),
  UHRNet_W18: (args) => new UHRNet(args, uhrnetPlan(18, 4, 5)),
  UHRNet_W48: (args) => new UHRNet(args, uhrnetPlan(48, 4, 5)),
  MSCAN: (args) => new MSCAN(args, mscanPlans.T),
  MSCAN_T: (args) => new MSCAN(args, mscanPlans.T),
  MSCAN_S: (args) => new MSCAN(args, mscanPlans.S),
  MSCAN_B: (args) => new MSCAN(args, mscanPlans.B),
  MSCAN_L: (args) => new MSCAN(args, mscanPlans.L),
};

/** Builds the backbone that `args` names; throws NotModelled. */
export function buildBackbone(args: Args): Backbone {
  const make = backbones[args.type];
  if (make === undefined) throw new NotModelled("backbone", args.type, Object.keys(backbones), "src/models/backbones");
  return make(args);
}
