import { describe, expect, it } from "vitest";
import { Engine, withEngine } from "../../src/engine/engine.ts";
import { buildNetwork } from "../../src/models/index.ts";
import type { Network } from "../../src/models/network.ts";
import { Args, ArgumentError, type Plain } from "../../src/nn/args.ts";
import { nameLayers, type Parameter, parameters } from "../../src/nn/layer.ts";
import { numel } from "../../src/ops/types.ts";

function build(type: string, values: Readonly<Record<string, Plain>>): Network {
  return withEngine(new Engine(), () => {
    const network = buildNetwork(new Args(type, values));
    nameLayers(network);
    return network;
  });
}

/** Trainable elements, as `paddle.summary` would count them. */
function trainable(network: Network): number {
  return parameters(network).reduce((sum, p: Parameter) => sum + (p.trainable ? numel(p.shape) : 0), 0);
}

function refusal(type: string, values: Readonly<Record<string, Plain>>): ArgumentError {
  try {
    build(type, values);
  } catch (error) {
    if (error instanceof ArgumentError) return error;
    throw error;
  }
  throw new Error(`${type} took ${JSON.stringify(values)}`);
}

const mobile = { num_classes: 19, backbone: { type: "MobileNetV3_large_x1_0" } };
const lps = { depths: [1, 3, 3, 10, 10], channels: [8, 24, 48, 96, 96], num_classes: 19 };

describe("light networks", () => {
  it("name layers of computed names as state_dict does", () => {
    const names = (type: string, backbone: string) =>
      parameters(build(type, { num_classes: 2, backbone: { type: backbone } })).map((p) => p.name);
    expect(names("PortraitNet", "MobileNetV2_x1_0")).toContain("backbone.conv3.conv3_2._expand_conv._conv.weight");
    expect(names("MobileSeg", "ShuffleNetV2_x1_0")).toContain("backbone.2_1._conv_dw_1._batch_norm._mean");
    expect(names("MobileSeg", "GhostNet_x1_0")).toContain("backbone._ghostbottleneck_4.se_block.squeeze.weight");
  });

  it("drop the layers that PIDNet's and UAFMMobile's constructors replace", () => {
    const pidnet = build("PIDNet", { num_classes: 19, head_channels: 128, backbone: { type: "PIDNet_Small" } });
    const names = parameters(pidnet).map((p) => p.name);
    expect(names.filter((name) => name.startsWith("backbone.spp.processes."))).toEqual(
      expect.arrayContaining(["backbone.spp.processes.0.weight", "backbone.spp.processes.2.weight"]),
    );
    expect(names.some((name) => name.startsWith("backbone.spp.processes.0.0."))).toBe(false);
    expect(names.some((name) => name.includes("grouped"))).toBe(false);
    expect(parameters(build("MobileSeg", mobile)).every((p) => p.alive)).toBe(true);
  });

  it("make parameters that their arguments ask for", () => {
    const classifier = trainable(build("FastSCNN", { num_classes: 19 }));
    const without = trainable(build("FastSCNN", { num_classes: 19, enable_auxiliary_loss: false }));
    // The auxiliary head: 64 × 32 × 9 + 32, batch norm 2 × 32, 32 × 19 + 19.
    expect(classifier - without).toBe(64 * 32 * 9 + 32 + 64 + 32 * 19 + 19);
  });

  it("refuse what PaddleSeg's asserts refuse", () => {
    expect(refusal("LPSNet", { ...lps, scale_ratios: [1] }).argument).toBe("scale_ratios");
    expect(refusal("LPSNet", { ...lps, channels: [8], scale_ratios: [1, 0.5] }).argument).toBe("channels");
    expect(refusal("MobileSeg", { ...mobile, arm_type: "None" }).argument).toBe("arm_type");
    expect(refusal("MobileSeg", { ...mobile, arm_out_chs: [32, 48] }).argument).toBe("arm_out_chs");
    expect(refusal("MobileSeg", { ...mobile, backbone_indices: [1, 2, 9] }).argument).toBe("backbone_indices");
    expect(refusal("LRASPP", { ...mobile, lraspp_head_inter_chs: [32] }).argument).toBe("backbone_indices");
  });

  it.each(["STDCSeg", "BiSeNetV2", "DDRNet_23", "ENet", "ESPNetV1", "ESPNetV2", "HarDNet", "PPHumanSegLite"])(
    "%s refuses an argument that it does not have",
    (type) => {
      const error = refusal(type, { num_classes: 2, colour: "red", backbone: { type: "STDC1" } });
      expect(["colour", "backbone"]).toContain(error.argument);
    },
  );
});
