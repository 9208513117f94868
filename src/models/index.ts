/** @file The networks by their PaddleSeg names. To add one: one file, one line here, one truth case. */
import type { Args } from "../nn/args.ts";
import { NotModelled } from "../nn/not-modelled.ts";
import { FCN } from "./fcn.ts";
import type { Network } from "./network.ts";
import { PPLiteSeg } from "./pp_liteseg.ts";

export const networks: Readonly<Record<string, (args: Args) => Network>> = {
  PPLiteSeg: (args) => new PPLiteSeg(args),
  FCN: (args) => new FCN(args),
};

/** Builds the network that `args` names; throws NotModelled. */
export function buildNetwork(args: Args): Network {
  const make = networks[args.type];
  if (make === undefined) throw new NotModelled("model", args.type, Object.keys(networks), "src/models");
  return make(args);
}
