/** @file What the HRNet family and the networks on ResNet_vd refuse, by argument. */
import { describe, expect, it } from "vitest";
import { Engine, withEngine } from "../../src/engine/engine.ts";
import { buildNetwork } from "../../src/models/index.ts";
import { Args, ArgumentError, type Plain } from "../../src/nn/args.ts";

type Values = Readonly<Record<string, Plain>>;

function refused(type: string, values: Values): string {
  try {
    withEngine(new Engine(), () => buildNetwork(new Args(type, { num_classes: 2, ...values })));
  } catch (error) {
    if (error instanceof ArgumentError) return error.argument;
    throw error;
  }
  return "";
}

const hrnet = { type: "HRNet_W18_Small_V1" };
const resnet = { type: "ResNet18_vd" };

describe("arguments", () => {
  const cases: readonly (readonly [string, string, Values])[] = [
    ["FCN", "backbone_indices", { backbone: hrnet, backbone_indices: [1] }],
    ["FCN", "backbone_indicess", { backbone: hrnet, backbone_indicess: [0] }],
    ["OCRNet", "backbone_indices", { backbone: hrnet }],
    ["FCN", "has_se", { backbone: { type: "UHRNet_W18_Small", has_se: true } }],
    ["FCN", "width", { backbone: { ...hrnet, width: 18 } }],
    ["SFNet", "backbone", { backbone: hrnet, backbone_indices: [0] }],
    ["GINet", "backbone_indices", { backbone: resnet, backbone_indices: [0, 1] }],
    ["ISANet", "backbone_indices", { backbone: resnet, backbone_indices: [1, 2, 3] }],
    ["MscaleOCRNet", "mscale", { backbone: hrnet, mscale: [0, 1] }],
    ["PointRend", "fpn_inplanes", { backbone: resnet, backbone_indices: [0, 1], fpn_inplanes: [64] }],
    [
      "PointRend",
      "point_oversample_ratio",
      { backbone: resnet, backbone_indices: [0, 1, 2, 3], point_oversample_ratio: 0.5 },
    ],
    ["PFPNNet", "channels", { backbone: resnet, backbone_indices: [0, 1, 2, 3] }],
  ];

  it.each(cases)("%s refuses %s", (type, argument, values) => {
    expect(refused(type, values)).toBe(argument);
  });

  it("takes what PaddleSeg takes", () => {
    expect(refused("FCN", { backbone: hrnet, backbone_indices: [-1] })).toBe("");
    expect(refused("SFNet", { backbone: resnet, backbone_indices: [0, 1, 2, 3] })).toBe("");
    expect(refused("PFPNNet", { backbone: resnet, backbone_indices: [0, 1, 2, 3], channels: 64 })).toBe("");
  });
});
