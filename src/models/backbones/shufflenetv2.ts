/** @file ShuffleNetV2 (`paddleseg/models/backbones/shufflenetv2.py`). */
import { scope } from "../../engine/frame.ts";
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import type { Args } from "../../nn/args.ts";
import * as F from "../../nn/functional.ts";
import { type AnyLayer, Layer } from "../../nn/layer.ts";
import { BatchNorm, Conv2D, Pool2D } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import type { Backbone } from "./backbone.ts";

type Act = (x: Tensor) => Tensor;

/** Channels of two groups take turns: a view, a transposed view, a copy. */
function channelShuffle(x: Tensor): Tensor {
  return scope({ x }, (f: { x: Tensor }) => {
    const [n, c, h, w] = [f.x.dim(0), f.x.dim(1), f.x.dim(2), f.x.dim(3)];
    f.x = t.reshape(f.x, [n, 2, Math.floor(c / 2), h, w]);
    f.x = t.transpose(f.x, [0, 2, 1, 3, 4]);
    f.x = t.reshape(f.x, [n, c, h, w]);
    return f.x;
  });
}

class ConvBNLayer extends Layer {
  readonly _conv: Conv2D;
  readonly _batch_norm: BatchNorm;

  constructor(inChannels: number, outChannels: number, kernel: 1 | 3, stride: number, groups: number, act?: Act) {
    super();
    const padding = Math.floor(kernel / 2);
    this._conv = new Conv2D(inChannels, outChannels, kernel, { stride, padding, groups, bias: false });
    this._batch_norm = new BatchNorm(outChannels, act);
  }

  forward(f: { y: Tensor }, inputs: Tensor): Tensor {
    f.y = this._conv.call(inputs);
    f.y = this._batch_norm.call(f.y);
    return f.y;
  }
}

type BranchLocals = { x1: Tensor; x2: Tensor; out: Tensor };

/** At stride 1: one half of the channels passes by. */
class InvertedResidual extends Layer {
  readonly _conv_pw: ConvBNLayer;
  readonly _conv_dw: ConvBNLayer;
  readonly _conv_linear: ConvBNLayer;

  constructor(channels: number, act: Act) {
    super();
    const half = Math.floor(channels / 2);
    this._conv_pw = new ConvBNLayer(half, half, 1, 1, 1, act);
    this._conv_dw = new ConvBNLayer(half, half, 3, 1, half);
    this._conv_linear = new ConvBNLayer(half, half, 1, 1, 1, act);
  }

  forward(f: BranchLocals, inputs: Tensor): Tensor {
    const half = Math.floor(inputs.dim(1) / 2);
    const [x1, x2] = t.split(inputs, [half, half], 1);
    f.x1 = x1!;
    f.x2 = x2!;
    f.x2 = this._conv_pw.call(f.x2);
    f.x2 = this._conv_dw.call(f.x2);
    f.x2 = this._conv_linear.call(f.x2);
    f.out = t.concat([f.x1, f.x2], 1);
    return channelShuffle(f.out);
  }
}

/** At stride 2: two branches of the whole input. */
class InvertedResidualDS extends Layer {
  readonly _conv_dw_1: ConvBNLayer;
  readonly _conv_linear_1: ConvBNLayer;
  readonly _conv_pw_2: ConvBNLayer;
  readonly _conv_dw_2: ConvBNLayer;
  readonly _conv_linear_2: ConvBNLayer;

  constructor(inChannels: number, outChannels: number, act: Act) {
    super();
    const half = Math.floor(outChannels / 2);
    this._conv_dw_1 = new ConvBNLayer(inChannels, inChannels, 3, 2, inChannels);
    this._conv_linear_1 = new ConvBNLayer(inChannels, half, 1, 1, 1, act);
    this._conv_pw_2 = new ConvBNLayer(inChannels, half, 1, 1, 1, act);
    this._conv_dw_2 = new ConvBNLayer(half, half, 3, 2, half);
    this._conv_linear_2 = new ConvBNLayer(half, half, 1, 1, 1, act);
  }

  forward(f: BranchLocals, inputs: Tensor): Tensor {
    f.x1 = this._conv_dw_1.call(inputs);
    f.x1 = this._conv_linear_1.call(f.x1);
    f.x2 = this._conv_pw_2.call(inputs);
    f.x2 = this._conv_dw_2.call(f.x2);
    f.x2 = this._conv_linear_2.call(f.x2);
    f.out = t.concat([f.x1, f.x2], 1);
    return channelShuffle(f.out);
  }
}

/** Channels of the three stages by scale (the class's own table). */
export const shuffleStages = {
  x0_25: [24, 48, 96],
  x0_33: [32, 64, 128],
  x0_5: [48, 96, 192],
  x1_0: [116, 232, 464],
  x1_5: [176, 352, 704],
  x2_0: [224, 488, 976],
} as const;

/** The stem's channels and the blocks of each stage, alike at every scale. */
const stemChannels = 24;
const repeats = [4, 8, 4] as const;

export class ShuffleNet extends Layer<readonly [Tensor], PyList> implements Backbone {
  readonly feat_channels: readonly number[];
  readonly _conv1: ConvBNLayer;
  readonly _max_pool: Pool2D;
  private readonly blocks: (readonly [string, Layer])[] = [];
  private readonly outIndex: readonly number[];

  constructor(args: Args, stages: readonly [number, number, number], swish = false) {
    super();
    const inChannels = args.int("in_channels", 3);
    const relu = swish ? undefined : args.string("act", "relu", ["relu", "swish"]) === "relu";
    args.finish();
    const act = relu ? F.relu : F.swish;
    this.feat_channels = [stemChannels, ...stages];
    this._conv1 = new ConvBNLayer(inChannels, stemChannels, 3, 2, 1, act);
    this._max_pool = new Pool2D(3, { stride: 2, padding: 1 });
    const ends: number[] = [];
    for (const [stage, count] of repeats.entries()) {
      const [from, to] = [this.feat_channels[stage]!, stages[stage]!];
      for (let i = 0; i < count; i++) {
        const block = i === 0 ? new InvertedResidualDS(from, to, act) : new InvertedResidual(to, act);
        this.blocks.push([`${stage + 2}_${i + 1}`, block]);
      }
      ends.push(this.blocks.length - 1);
    }
    this.outIndex = ends;
  }

  override *children(): Iterable<readonly [string, AnyLayer]> {
    yield* super.children();
    yield* this.blocks;
  }

  forward(f: { feat_list: PyList; y: Tensor }, inputs: Tensor): PyList {
    f.feat_list = new PyList();
    f.y = this._conv1.call(inputs);
    f.y = this._max_pool.call(f.y);
    f.feat_list.append(f.y);
    for (const [i, [, block]] of this.blocks.entries()) {
      f.y = block.call(f.y);
      if (this.outIndex.includes(i)) f.feat_list.append(f.y);
    }
    return f.feat_list;
  }
}
