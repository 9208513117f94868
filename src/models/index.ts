/** @file The networks by their PaddleSeg names. To add one: one file, one line here, one truth case. */

import { type Args, ownValue } from "../nn/args.ts";
import { NotModelled } from "../nn/not-modelled.ts";
import { ANN } from "./ann.ts";
import { AttentionUNet } from "./attention_unet.ts";
import { BiSeNetV2 } from "./bisenet.ts";
import { BiseNetV1 } from "./bisenetv1.ts";
import { CCNet } from "./ccnet.ts";
import { DANet } from "./danet.ts";
import { DualResNet } from "./ddrnet.ts";
import { DecoupledSegNet } from "./decoupled_segnet.ts";
import { DeepLabV3, DeepLabV3P } from "./deeplab.ts";
import { DMNet } from "./dmnet.ts";
import { DNLNet } from "./dnlnet.ts";
import { EfficientFormerSeg } from "./efficientformerv2_seg.ts";
import { EMANet } from "./emanet.ts";
import { ENCNet } from "./encnet.ts";
import { ENet } from "./enet.ts";
import { ESPNetV2 } from "./espnet.ts";
import { ESPNetV1 } from "./espnetv1.ts";
import { FastSCNN } from "./fast_scnn.ts";
import { FastFCN } from "./fastfcn.ts";
import { FCN } from "./fcn.ts";
import { GCNet } from "./gcnet.ts";
import { GINet } from "./ginet.ts";
import { GloRe } from "./glore.ts";
import { GSCNN } from "./gscnn.ts";
import { HarDNet } from "./hardnet.ts";
import { HRNetW48Contrast } from "./hrnet_contrast.ts";
import { ISANet } from "./isanet.ts";
import { KNet } from "./knet.ts";
import { LPSNet } from "./lpsnet.ts";
import { LRASPP } from "./lraspp.ts";
import { MaskFormer } from "./maskformer.ts";
import { MLATransformer } from "./mla_transformer.ts";
import { MobileSeg } from "./mobileseg.ts";
import { MscaleOCRNet } from "./mscale_ocrnet.ts";
import type { Network } from "./network.ts";
import { OCRNet } from "./ocrnet.ts";
import { PFPNNet } from "./pfpnnet.ts";
import { PIDNet } from "./pidnet.ts";
import { PointRend } from "./pointrend.ts";
import { PortraitNet } from "./portraitnet.ts";
import { PPLiteSeg } from "./pp_liteseg.ts";
import { PPMobileSeg } from "./pp_mobileseg.ts";
import { PPHumanSegLite } from "./pphumanseg_lite.ts";
import { PSPNet } from "./pspnet.ts";
import { RTFormer } from "./rtformer.ts";
import { SeaFormerSeg } from "./seaformer_seg.ts";
import { SegFormer } from "./segformer.ts";
import { Segmenter } from "./segmenter.ts";
import { SegNet } from "./segnet.ts";
import { SegNeXt } from "./segnext.ts";
import { SegmentationTransformer } from "./setr.ts";
import { SFNet } from "./sfnet.ts";
import { SINet } from "./sinet.ts";
import { STDCSeg } from "./stdcseg.ts";
import { STFPM } from "./stfpm.ts";
import { TopFormer } from "./topformer.ts";
import { U2Net, u2net, u2netp } from "./u2net.ts";
import { UNet } from "./unet.ts";
import { UNet3Plus } from "./unet_3plus.ts";
import { UNetPlusPlus } from "./unet_plusplus.ts";
import { UPerNet } from "./upernet.ts";
import { UPerNetCAE } from "./upernet_cae.ts";
import { UPerNetViTAdapter } from "./upernet_vit_adapter.ts";

export const networks: Readonly<Record<string, (args: Args) => Network>> = {
  PPLiteSeg: (args) => new PPLiteSeg(args),
  ANN: (args) => new ANN(args),
  CCNet: (args) => new CCNet(args),
  PSPNet: (args) => new PSPNet(args),
  DMNet: (args) => new DMNet(args),
  DNLNet: (args) => new DNLNet(args),
  ENCNet: (args) => new ENCNet(args),
  FastFCN: (args) => new FastFCN(args),
  EMANet: (args) => new EMANet(args),
  DANet: (args) => new DANet(args),
  DeepLabV3: (args) => new DeepLabV3(args),
  DeepLabV3P: (args) => new DeepLabV3P(args),
  PPHumanSegLite: (args) => new PPHumanSegLite(args),
  FCN: (args) => new FCN(args),
  OCRNet: (args) => new OCRNet(args),
  SegFormer: (args) => new SegFormer(args),
  UNet: (args) => new UNet(args),
  UNetPlusPlus: (args) => new UNetPlusPlus(args),
  UNet3Plus: (args) => new UNet3Plus(args),
  AttentionUNet: (args) => new AttentionUNet(args),
  SegNet: (args) => new SegNet(args),
  U2Net: (args) => new U2Net(args, u2net),
  U2Netp: (args) => new U2Net(args, u2netp),
  STDCSeg: (args) => new STDCSeg(args),
  BiSeNetV2: (args) => new BiSeNetV2(args),
  BiseNetV1: (args) => new BiseNetV1(args),
  DDRNet_23: (args) => new DualResNet(args),
  FastSCNN: (args) => new FastSCNN(args),
  SegNeXt: (args) => new SegNeXt(args),
  GCNet: (args) => new GCNet(args),
  GloRe: (args) => new GloRe(args),
  PFPNNet: (args) => new PFPNNet(args),
  UPerNet: (args) => new UPerNet(args),
  LinearSegmenter: (args) => new Segmenter(args, "linear"),
  MaskSegmenter: (args) => new Segmenter(args, "mask"),
  SINet: (args) => new SINet(args),
  STFPM: (args) => new STFPM(args),
  MobileSeg: (args) => new MobileSeg(args),
  LRASPP: (args) => new LRASPP(args),
  PortraitNet: (args) => new PortraitNet(args),
  SegmentationTransformer: (args) => new SegmentationTransformer(args),
  ISANet: (args) => new ISANet(args),
  SFNet: (args) => new SFNet(args),
  TopFormer: (args) => new TopFormer(args),
  DecoupledSegNet: (args) => new DecoupledSegNet(args),
  SeaFormerSeg: (args) => new SeaFormerSeg(args),
  LPSNet: (args) => new LPSNet(args),
  HarDNet: (args) => new HarDNet(args),
  ENet: (args) => new ENet(args),
  MaskFormer: (args) => new MaskFormer(args),
  GINet: (args) => new GINet(args),
  ESPNetV1: (args) => new ESPNetV1(args),
  ESPNetV2: (args) => new ESPNetV2(args),
  KNet: (args) => new KNet(args),
  RTFormer: (args) => new RTFormer(args),
  PPMobileSeg: (args) => new PPMobileSeg(args),
  PIDNet: (args) => new PIDNet(args),
  GSCNN: (args) => new GSCNN(args),
  PointRend: (args) => new PointRend(args),
  EfficientFormerSeg: (args) => new EfficientFormerSeg(args),
  UPerNetCAE: (args) => new UPerNetCAE(args),
  MLATransformer: (args) => new MLATransformer(args),
  MscaleOCRNet: (args) => new MscaleOCRNet(args),
  HRNetW48Contrast: (args) => new HRNetW48Contrast(args),
  UPerNetViTAdapter: (args) => new UPerNetViTAdapter(args),
};

/** Builds the network that `args` names; throws NotModelled. */
export function buildNetwork(args: Args): Network {
  const make = ownValue(networks, args.type);
  if (make === undefined) throw new NotModelled("model", args.type, Object.keys(networks), "src/models");
  return make(args);
}
