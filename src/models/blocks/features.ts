/** @file Which of the backbone's feature maps a network takes. */
import { scope } from "../../engine/frame.ts";
import type { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { type Args, ArgumentError } from "../../nn/args.ts";
import type { Backbone } from "../backbones/backbone.ts";

/** The places a network takes, and the channels there. */
export interface Features {
  readonly indices: readonly number[];
  readonly channels: readonly number[];
}

/** Reads `backbone_indices`; throws ArgumentError where the backbone has no such map, or where there are fewer than `least`. */
export function features(args: Args, backbone: Backbone, fallback: readonly number[], least: number): Features {
  return chosen(args, backbone, args.numbers("backbone_indices", fallback), least);
}

/** As `features`, where the network has no default. */
export function requiredFeatures(args: Args, backbone: Backbone, least: number): Features {
  return chosen(args, backbone, args.numbers("backbone_indices"), least);
}

function chosen(args: Args, backbone: Backbone, indices: readonly number[], least: number): Features {
  const all = backbone.feat_channels;
  const channels = indices.flatMap((i) => all.at(i) ?? []);
  if (channels.length === indices.length && channels.length >= least) return { indices, channels };
  const reason = `backbone_indices must be ${least} or more places in the backbone's ${all.length} feature maps`;
  throw new ArgumentError(args.type, "backbone_indices", reason);
}

/** `[feats[i] for i in indices]`: rebinding the name drops the maps that are not taken. */
export function chosenMaps(feats: PyList, indices: readonly number[]): readonly Tensor[] {
  return scope({ feats }, (f: { feats: PyList }) => indices.map((i) => f.feats.at(i)));
}

/** A list argument with an entry for each feature map; one entry stands for all, another length is refused as Paddle's assert does. */
export function perFeature(args: Args, name: string, fallback: readonly number[], count: number): readonly number[] {
  const list = args.numbers(name, fallback);
  const all = list.length === 1 ? new Array<number>(count).fill(list[0]!) : list;
  if (all.length === count) return all;
  const reason = `${name} must have one entry or as many as backbone_indices (${count})`;
  throw new ArgumentError(args.type, name, reason);
}
