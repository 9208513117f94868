/** @file A lighter network of the same family: a table of what may take the place of what. */
import type { ConfigEdit } from "../../config/edit.ts";
import { isMapping } from "../../config/transforms.ts";
import type { Component, ConfigMap, TrainConfig } from "../../config/types.ts";
import { asIs, phrase } from "../../words/phrase.ts";
import type { Knob } from "./knob.ts";
import { yamlVia } from "./knob.ts";

const weights = "https://bj.bcebos.com/paddleseg/dygraph";

/** Backbones by name: what takes each one's place, next lighter first. Weights are those of PaddleSeg's own configs. */
const lighter: Readonly<Record<string, readonly string[]>> = {
  STDC2: ["STDC1"],
  ResNet101: ["ResNet50"],
  ResNet101_vd: ["ResNet50_vd"],
  HRNet_W48: ["HRNet_W18"],
  MixVisionTransformer_B5: [4, 3, 2, 1, 0].map((n) => `MixVisionTransformer_B${n}`),
  MixVisionTransformer_B4: [3, 2, 1, 0].map((n) => `MixVisionTransformer_B${n}`),
  MixVisionTransformer_B3: [2, 1, 0].map((n) => `MixVisionTransformer_B${n}`),
  MixVisionTransformer_B2: [1, 0].map((n) => `MixVisionTransformer_B${n}`),
  MixVisionTransformer_B1: ["MixVisionTransformer_B0"],
};

/** ImageNet weights of the lighter ones; a network without an entry starts from nothing. */
const pretrained: Readonly<Record<string, string>> = {
  STDC1: `${weights}/PP_STDCNet1.tar.gz`,
  ResNet50_vd: `${weights}/resnet50_vd_ssld_v2.tar.gz`,
  HRNet_W18: `${weights}/hrnet_w18_ssld.tar.gz`,
  ...Object.fromEntries(
    [0, 1, 2, 3, 4].map((n) => [
      `MixVisionTransformer_B${n}`,
      `${weights}/backbone/mix_vision_transformer_b${n}.tar.gz`,
    ]),
  ),
};

/** Whole networks: PP-HumanSeg-Lite has no backbone argument and one output in place of PP-LiteSeg's three. */
const lighterNetwork: Readonly<Record<string, string>> = { PPLiteSeg: "PPHumanSegLite" };

/** Names of what may take the network's place, lightest change first. */
export function replacements({ model }: TrainConfig): readonly string[] {
  const { backbone } = model.args;
  const names = isMapping(backbone) && typeof backbone.type === "string" ? lighter[backbone.type] : undefined;
  const network = lighterNetwork[model.type];
  return [...(names ?? []), ...(network === undefined ? [] : [network])];
}

function isNetwork(id: string): boolean {
  return Object.values(lighterNetwork).includes(id);
}

/** The edits that put `id` in the network's place. A backbone keeps its other arguments, a network only the number of classes. */
export function modelEdits(config: TrainConfig, id: string): readonly ConfigEdit[] {
  if (!isNetwork(id)) {
    return [
      { path: ["model", "backbone", "type"], value: id },
      { path: ["model", "backbone", "pretrained"], value: pretrained[id] ?? null },
    ];
  }
  const [first] = config.losses;
  return [
    { path: ["model"], value: { type: id } },
    ...(first === undefined || config.losses.length === 1
      ? []
      : [{ path: ["loss"], value: { types: [{ ...first.component.args, type: first.component.type }], coef: [1] } }]),
  ];
}

/** The config with the network replaced, as it would be read from the edited file. */
export function withModel(config: TrainConfig, id: string | undefined): TrainConfig {
  if (id === undefined) return config;
  const { model } = config;
  const component = (type: string, args: ConfigMap): Component => ({ ...model, type, args });
  if (isNetwork(id)) {
    return { ...config, model: component(id, { num_classes: config.numClasses }), losses: config.losses.slice(0, 1) };
  }
  const backbone = isMapping(model.args.backbone) ? model.args.backbone : {};
  const args = { ...model.args, backbone: { ...backbone, type: id, pretrained: pretrained[id] ?? null } };
  return { ...config, model: component(model.type, args) };
}

/** What the network is called: its backbone where it has one. */
function nameOf({ model }: TrainConfig): string {
  const { backbone } = model.args;
  return isMapping(backbone) && typeof backbone.type === "string" ? backbone.type : model.type;
}

export const model: Knob = {
  name: "model",
  summary: phrase("knob-model", {}),
  harm: 6,
  change: (from, to, { config }) => {
    if (from.model === to.model || to.model === undefined) return undefined;
    const path = isNetwork(to.model) ? ["model", "type"] : ["model", "backbone", "type"];
    return {
      knob: "model",
      from: asIs(isNetwork(to.model) ? config.model.type : nameOf(config)),
      to: asIs(to.model),
      via: [yamlVia(config, path)],
      cost: [phrase("other-model", {})],
      harm: 6,
    };
  },
  edits: (from, to, { config }) =>
    from.model === to.model || to.model === undefined ? [] : modelEdits(config, to.model),
  apply: (point, to) => ({ ...point, model: to.model }),
};
