/** @file An optimizer that keeps less: SGD with momentum in place of Adam's two moments. */
import type { ConfigMap, TrainConfig } from "../../config/types.ts";
import { asIs, phrase } from "../../words/phrase.ts";
import { type Knob, yamlVia } from "./knob.ts";

/** The momentum of PaddleSeg's own SGD configs. */
const momentum = 0.9;
const twoMoments = ["Adam", "AdamW", "adam"];
const replacement = "SGD";

/** What may take the optimizer's place: nothing where it keeps one copy or none already. */
export function lighterOptimizer({ optimizer }: TrainConfig): string | undefined {
  return twoMoments.includes(optimizer.type) ? replacement : undefined;
}

/** Decay and clipping stay; Adam's own arguments go. */
function argsOf({ optimizer }: TrainConfig): ConfigMap {
  const { weight_decay, grad_clip_cfg, custom_cfg } = optimizer.args;
  return {
    momentum,
    ...(weight_decay === undefined ? {} : { weight_decay }),
    ...(grad_clip_cfg === undefined ? {} : { grad_clip_cfg }),
    ...(custom_cfg === undefined ? {} : { custom_cfg }),
  };
}

/** The config with the optimizer replaced. */
export function withOptimizer(config: TrainConfig, id: string | undefined): TrainConfig {
  if (id === undefined) return config;
  return { ...config, optimizer: { ...config.optimizer, type: id, args: argsOf(config) } };
}

/** Class 6, though the network stays: training takes another way, and the learning rate has to be found anew. */
export const optimizer: Knob = {
  name: "optimizer",
  summary: phrase("knob-optimizer", {}),
  harm: 6,
  change: (from, to, { config }) => {
    if (from.optimizer === to.optimizer || to.optimizer === undefined) return undefined;
    return {
      knob: "optimizer",
      from: asIs(config.optimizer.type),
      to: phrase("with-momentum", { optimizer: to.optimizer }),
      via: [yamlVia(config, ["optimizer", "type"])],
      cost: [phrase("other-training", {})],
      harm: 6,
    };
  },
  edits: (from, to, { config }) => {
    if (from.optimizer === to.optimizer || to.optimizer === undefined) return [];
    return [{ path: ["optimizer"], value: { type: to.optimizer, ...argsOf(config) } }];
  },
  apply: (point, to) => ({ ...point, optimizer: to.optimizer }),
};
