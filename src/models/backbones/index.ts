/** @file The backbones by their PaddleSeg names. To add one: one file, one line here. */
import { type Args, ownValue } from "../../nn/args.ts";
import { NotModelled } from "../../nn/not-modelled.ts";
import type { Backbone } from "./backbone.ts";
import { CAE } from "./cae.ts";
import { EfficientFormer, efficientFormerPlans } from "./efficientformerv2.ts";
import { GhostNet } from "./ghostnet.ts";
import { hrformers, refuseHRFormer } from "./hrformer.ts";
import { HRNet, hrnetPlan, hrnetSmallV1, hrnetSmallV2 } from "./hrnet.ts";
import { LiteHRNet, lite18, lite30, liteNaive, liteWiderNaive } from "./lite_hrnet.ts";
import { MixVisionTransformer, mixPlans } from "./mix_transformer.ts";
import { MobileNetV2 } from "./mobilenetv2.ts";
import { MobileNetV3 } from "./mobilenetv3.ts";
import { large, largeOs8, small, smallOs8 } from "./mobilenetv3-plans.ts";
import { MSCAN, mscanPlans } from "./mscan.ts";
import { PIDNetBackbone, pidnetPlans } from "./pidnet.ts";
import { ResNetMS3, resnetPlans } from "./resnet_ms3.ts";
import { ResNetVd } from "./resnet_vd.ts";
import { SeaFormer, seaFormerPlans } from "./seaformer.ts";
import { ShuffleNet, shuffleStages } from "./shufflenetv2.ts";
import { STDCNet } from "./stdcnet.ts";
import { StrideFormer, stridePlans } from "./strideformer.ts";
import { SwinTransformer, swinPlans } from "./swin_transformer.ts";
import { TopTransformer, topPlans } from "./top_transformer.ts";
import { UHRNet } from "./uhrnet.ts";
import { uhrnetPlan } from "./uhrnet-plans.ts";
import { VisionTransformer, vitPlans } from "./vision_transformer.ts";
import { ViTAdapter, vitAdapterTiny } from "./vit_adapter.ts";
import { XceptionDeeplab, xceptionPlans } from "./xception.ts";

export const backbones: Readonly<Record<string, (args: Args) => Backbone>> = {
  STDC1: (args) => new STDCNet(args, [2, 2, 2]),
  STDC2: (args) => new STDCNet(args, [4, 5, 3]),
  ResNet18_vd: (args) => new ResNetVd(args, 18),
  ResNet50_vd: (args) => new ResNetVd(args, 50),
  ResNet101_vd: (args) => new ResNetVd(args, 101),
  Xception41_deeplab: (args) => new XceptionDeeplab(args, xceptionPlans[41]),
  Xception65_deeplab: (args) => new XceptionDeeplab(args, xceptionPlans[65]),
  Xception71_deeplab: (args) => new XceptionDeeplab(args, xceptionPlans[71]),
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
  VisionTransformer: (args) => new VisionTransformer(args),
  ...Object.fromEntries(
    Object.entries(vitPlans).map(([name, plan]) => [name, (args: Args) => new VisionTransformer(args, plan)]),
  ),
  // These take any argument and heed none.
  ResNet18: () => new ResNetMS3(resnetPlans[18]),
  ResNet34: () => new ResNetMS3(resnetPlans[34]),
  ResNet50: () => new ResNetMS3(resnetPlans[50]),
  ResNet101: () => new ResNetMS3(resnetPlans[101]),
  MobileNetV2_x0_25: (args) => new MobileNetV2(args, 0.25),
  MobileNetV2_x0_5: (args) => new MobileNetV2(args, 0.5),
  MobileNetV2_x0_75: (args) => new MobileNetV2(args, 0.75),
  MobileNetV2_x1_0: (args) => new MobileNetV2(args, 1),
  MobileNetV2_x1_5: (args) => new MobileNetV2(args, 1.5),
  MobileNetV2_x2_0: (args) => new MobileNetV2(args, 2),
  MobileNetV3_small_x0_35: (args) => new MobileNetV3(args, small, 0.35),
  MobileNetV3_small_x0_5: (args) => new MobileNetV3(args, small, 0.5),
  MobileNetV3_small_x0_75: (args) => new MobileNetV3(args, small, 0.75),
  MobileNetV3_small_x1_0: (args) => new MobileNetV3(args, small, 1),
  MobileNetV3_small_x1_25: (args) => new MobileNetV3(args, small, 1.25),
  MobileNetV3_small_x1_0_os8: (args) => new MobileNetV3(args, smallOs8, 1),
  MobileNetV3_large_x0_35: (args) => new MobileNetV3(args, large, 0.35),
  MobileNetV3_large_x0_5: (args) => new MobileNetV3(args, large, 0.5),
  MobileNetV3_large_x0_75: (args) => new MobileNetV3(args, large, 0.75),
  MobileNetV3_large_x1_0: (args) => new MobileNetV3(args, large, 1),
  MobileNetV3_large_x1_25: (args) => new MobileNetV3(args, large, 1.25),
  MobileNetV3_large_x1_0_os8: (args) => new MobileNetV3(args, largeOs8, 1),
  ShuffleNetV2_x0_25: (args) => new ShuffleNet(args, shuffleStages.x0_25),
  ShuffleNetV2_x0_33: (args) => new ShuffleNet(args, shuffleStages.x0_33),
  ShuffleNetV2_x0_5: (args) => new ShuffleNet(args, shuffleStages.x0_5),
  ShuffleNetV2_x1_0: (args) => new ShuffleNet(args, shuffleStages.x1_0),
  ShuffleNetV2_x1_5: (args) => new ShuffleNet(args, shuffleStages.x1_5),
  ShuffleNetV2_x2_0: (args) => new ShuffleNet(args, shuffleStages.x2_0),
  ShuffleNetV2_swish: (args) => new ShuffleNet(args, shuffleStages.x1_0, true),
  GhostNet_x0_5: (args) => new GhostNet(args, 0.5),
  GhostNet_x1_0: (args) => new GhostNet(args, 1),
  GhostNet_x1_3: (args) => new GhostNet(args, 1.3),
  SwinTransformer: (args) => new SwinTransformer(args),
  ...Object.fromEntries(
    Object.entries(swinPlans).map(([name, plan]) => [name, (args: Args) => new SwinTransformer(args, plan)]),
  ),
  TopTransformer_Base: (args) => new TopTransformer(args, topPlans.Base),
  TopTransformer_Small: (args) => new TopTransformer(args, topPlans.Small),
  TopTransformer_Tiny: (args) => new TopTransformer(args, topPlans.Tiny),
  SeaFormer_tiny: (args) => new SeaFormer(args, seaFormerPlans.tiny),
  SeaFormer_small: (args) => new SeaFormer(args, seaFormerPlans.small),
  SeaFormer_base: (args) => new SeaFormer(args, seaFormerPlans.base),
  SeaFormer_large: (args) => new SeaFormer(args, seaFormerPlans.large),
  MobileSeg_Base: (args) => new StrideFormer(args, stridePlans.Base),
  MobileSeg_Tiny: (args) => new StrideFormer(args, stridePlans.Tiny),
  PIDNet_Small: (args) => new PIDNetBackbone(args, pidnetPlans.Small),
  PIDNet_Medium: (args) => new PIDNetBackbone(args, pidnetPlans.Medium),
  PIDNet_Large: (args) => new PIDNetBackbone(args, pidnetPlans.Large),
  Efficientformerv2_s0: (args) => new EfficientFormer(args, efficientFormerPlans.s0),
  EfficientFormerv2_s1: (args) => new EfficientFormer(args, efficientFormerPlans.s1),
  EfficientFormerv2_s2: (args) => new EfficientFormer(args, efficientFormerPlans.s2),
  EfficientFormerv2_l: (args) => new EfficientFormer(args, efficientFormerPlans.l),
  CAE: (args) => new CAE(args),
  ...Object.fromEntries(hrformers.map((name) => [name, refuseHRFormer])),
  Lite_HRNet_18: (args) => new LiteHRNet(args, lite18),
  Lite_HRNet_30: (args) => new LiteHRNet(args, lite30),
  Lite_HRNet_naive: (args) => new LiteHRNet(args, liteNaive),
  Lite_HRNet_wider_naive: (args) => new LiteHRNet(args, liteWiderNaive),
  ViTAdapter: (args) => new ViTAdapter(args),
  ViTAdapter_Tiny: (args) => new ViTAdapter(args, vitAdapterTiny),
};

/** Builds the backbone that `args` names; throws NotModelled. */
export function buildBackbone(args: Args): Backbone {
  const make = ownValue(backbones, args.type);
  if (make === undefined) throw new NotModelled("backbone", args.type, Object.keys(backbones), "src/models/backbones");
  return make(args);
}
