/** @file Feature pyramid: from the coarsest map up, each finer one gets the sum of what is below it. */
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { LayerList, Sequential } from "../../nn/layer.ts";
import { BatchNorm2D, Conv2D, ReLU } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { ConvBNReLU } from "./conv.ts";

/** Names that the pyramid binds in its caller's frame. */
export interface PyramidLocals {
  last_out: Tensor;
  f: Tensor;
  fpn_feature_list: PyList;
  conv_x: Tensor;
}

export interface PyramidLayers {
  readonly lateral_convs: LayerList<Sequential>;
  readonly fpn_out: LayerList<Sequential>;
}

/** A pointwise convolution for each map that comes in, a 3×3 one for each sum. */
export function pyramidLayers(planes: readonly number[], channels: number): PyramidLayers {
  const lateral = new LayerList<Sequential>();
  const out = new LayerList<Sequential>();
  for (const from of planes) {
    lateral.append(new Sequential(new Conv2D(from, channels, 1), new BatchNorm2D(channels), new ReLU()));
    out.append(new Sequential(new ConvBNReLU(channels, channels, 3, { bias: false })));
  }
  return { lateral_convs: lateral, fpn_out: out };
}

/** Fills `fpn_feature_list`, coarsest first. */
export function buildPyramid(f: PyramidLocals, layers: PyramidLayers, maps: readonly Tensor[]): void {
  f.last_out = layers.lateral_convs.at(-1).call(maps.at(-1)!);
  f.f = f.last_out;
  f.fpn_feature_list = new PyList();
  f.fpn_feature_list.append(f.last_out);
  for (let i = maps.length - 2; i >= 0; i--) {
    f.conv_x = maps[i]!;
    f.conv_x = layers.lateral_convs.at(i).call(f.conv_x);
    f.f = t.add(f.conv_x, F.interpolate(f.f, f.conv_x.hw, { mode: "bilinear" }));
    f.fpn_feature_list.append(layers.fpn_out.at(i).call(f.f));
  }
}
