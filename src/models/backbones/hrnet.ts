/** @file HRNet (`paddleseg/models/backbones/hrnet.py`). */
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import type { Args } from "../../nn/args.ts";
import * as F from "../../nn/functional.ts";
import { type AnyLayer, Layer } from "../../nn/layer.ts";
import * as t from "../../nn/tensor.ts";
import type { Padding } from "../../ops/conv.ts";
import { ConvBNReLU } from "../blocks/conv.ts";
import { normalConvolutions } from "../blocks/init-weight.ts";
import type { Backbone } from "./backbone.ts";
import { Layer1, type Style } from "./hrnet-blocks.ts";
import { Stage, type StagePlan } from "./hrnet-stage.ts";

/** The four stages of one width. */
export type HRNetPlan = readonly [StagePlan, StagePlan, StagePlan, StagePlan];

/** Branch i of a width has `width · 2^i` channels and four blocks a module. */
export function hrnetPlan(width: number): HRNetPlan {
  const stage = (modules: number, branches: number): StagePlan => ({
    modules,
    blocks: new Array<number>(branches).fill(4),
    channels: Array.from({ length: branches }, (_, i) => width * 2 ** i),
  });
  return [{ modules: 1, blocks: [4], channels: [64] }, stage(1, 2), stage(4, 3), stage(3, 4)];
}

/** HRNet_W18_Small_V1. */
export const hrnetSmallV1: HRNetPlan = [
  { modules: 1, blocks: [1], channels: [32] },
  { modules: 1, blocks: [2, 2], channels: [16, 32] },
  { modules: 1, blocks: [2, 2, 2], channels: [16, 32, 64] },
  { modules: 1, blocks: [2, 2, 2, 2], channels: [16, 32, 64, 128] },
];

/** HRNet_W18_Small_V2. */
export const hrnetSmallV2: HRNetPlan = [
  { modules: 1, blocks: [2], channels: [64] },
  { modules: 1, blocks: [2, 2], channels: [18, 36] },
  { modules: 3, blocks: [2, 2, 2], channels: [18, 36, 72] },
  { modules: 2, blocks: [2, 2, 2, 2], channels: [18, 36, 72, 144] },
];

/** A convolution where the channels change or a new branch begins. */
class TransitionLayer extends Layer<readonly [PyList | readonly Tensor[]], PyList> {
  private readonly convolutions: readonly (readonly [string, ConvBNReLU] | undefined)[];

  constructor(from: readonly number[], to: readonly number[], name: string, padding: Padding) {
    super();
    this.convolutions = to.map((channels, i) => {
      const input = from[i];
      if (input === channels) return undefined;
      const options = { stride: input === undefined ? 2 : 1, padding, bias: false };
      const conv = new ConvBNReLU(input ?? from.at(-1)!, channels, 3, options);
      return [`transition_${name}_layer_${i + 1}`, conv] as const;
    });
  }

  override *children(): Iterable<readonly [string, AnyLayer]> {
    for (const named of this.convolutions) if (named) yield named;
  }

  forward(f: { outs: PyList }, x: PyList | readonly Tensor[]): PyList {
    const inputs = [...x];
    f.outs = new PyList();
    for (const [i, named] of this.convolutions.entries()) {
      const input = inputs[i] ?? inputs.at(-1)!;
      f.outs.append(named ? named[1].call(input) : input);
    }
    return f.outs;
  }
}

interface Locals {
  conv1: Tensor;
  conv2: Tensor;
  la1: Tensor;
  tr1: PyList;
  st2: PyList;
  tr2: PyList;
  st3: PyList;
  tr3: PyList;
  st4: PyList;
  x1: Tensor;
  x2: Tensor;
  x3: Tensor;
  x: Tensor;
}

/** Up to four branches of halving resolution; all of them concatenated at a quarter of the image's size. */
export class HRNet extends Layer<readonly [Tensor], PyList> implements Backbone {
  readonly feat_channels: readonly number[];
  readonly conv_layer1_1: ConvBNReLU;
  readonly conv_layer1_2: ConvBNReLU;
  readonly la1: Layer1;
  readonly tr1: TransitionLayer;
  readonly st2: Stage;
  readonly tr2: TransitionLayer;
  readonly st3: Stage;
  readonly tr3: TransitionLayer;
  readonly st4: Stage;

  constructor(args: Args, plan: HRNetPlan) {
    super();
    const inChannels = args.int("in_channels", 3);
    const padding: Padding = args.boolean("padding_same", true) ? "SAME" : 1;
    const se = args.boolean("has_se", false);
    const style: Style = { padding, se, psa: args.boolean("use_psa", false), functional: false };
    args.ignore("align_corners");
    args.finish();
    const [one, two, three, four] = plan;
    this.feat_channels = [four.channels.reduce((a, b) => a + b)];
    const stem = { stride: 2, padding, bias: false };
    this.conv_layer1_1 = new ConvBNReLU(inChannels, 64, 3, stem);
    this.conv_layer1_2 = new ConvBNReLU(64, 64, 3, stem);
    this.la1 = new Layer1(64, one.channels[0]!, one.blocks[0]!, style);
    this.tr1 = new TransitionLayer([one.channels[0]! * 4], two.channels, "tr1", padding);
    this.st2 = new Stage(two, "st2", style);
    this.tr2 = new TransitionLayer(two.channels, three.channels, "tr2", padding);
    this.st3 = new Stage(three, "st3", style);
    this.tr3 = new TransitionLayer(three.channels, four.channels, "tr3", padding);
    this.st4 = new Stage(four, "st4", style);
    normalConvolutions(this);
  }

  forward(f: Locals, x: Tensor): PyList {
    f.x = x;
    f.conv1 = this.conv_layer1_1.call(f.x);
    f.conv2 = this.conv_layer1_2.call(f.conv1);
    f.la1 = this.la1.call(f.conv2);
    f.tr1 = this.tr1.call([f.la1]);
    f.st2 = this.st2.call(f.tr1);
    f.tr2 = this.tr2.call(f.st2);
    f.st3 = this.st3.call(f.tr2);
    f.tr3 = this.tr3.call(f.st3);
    f.st4 = this.st4.call(f.tr3);
    const size = f.st4.at(0).hw;
    f.x1 = F.interpolate(f.st4.at(1), size, { mode: "bilinear" });
    f.x2 = F.interpolate(f.st4.at(2), size, { mode: "bilinear" });
    f.x3 = F.interpolate(f.st4.at(3), size, { mode: "bilinear" });
    f.x = t.concat([f.st4.at(0), f.x1, f.x2, f.x3], 1);
    const feats = new PyList();
    feats.append(f.x);
    return feats;
  }
}
