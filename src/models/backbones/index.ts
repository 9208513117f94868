/** @file The backbones by their PaddleSeg names. To add one: one file, one line here. */
import type { Args } from "../../nn/args.ts";
import { NotModelled } from "../../nn/not-modelled.ts";
import type { Backbone } from "./backbone.ts";
import { STDCNet } from "./stdcnet.ts";

export const backbones: Readonly<Record<string, (args: Args) => Backbone>> = {
  STDC1: (args) => new STDCNet(args, [2, 2, 2]),
  STDC2: (args) => new STDCNet(args, [4, 5, 3]),
};

/** Builds the backbone that `args` names; throws NotModelled. */
export function buildBackbone(args: Args): Backbone {
  const make = backbones[args.type];
  if (make === undefined) throw new NotModelled("backbone", args.type, Object.keys(backbones), "src/models/backbones");
  return make(args);
}
