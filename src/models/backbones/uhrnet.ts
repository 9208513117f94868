/** @file UHRNet (`paddleseg/models/backbones/uhrnet.py`). */
import { scope } from "../../engine/frame.ts";
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { type Args, ArgumentError } from "../../nn/args.ts";
import * as F from "../../nn/functional.ts";
import { type AnyLayer, Layer, Sequential } from "../../nn/layer.ts";
import { Conv2D } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { ConvBNReLU } from "../blocks/conv.ts";
import { normalConvolutions } from "../blocks/init-weight.ts";
import type { Backbone } from "./backbone.ts";
import { Layer1, type Style } from "./hrnet-blocks.ts";
import { Stage } from "./hrnet-stage.ts";
import type { UHRNetPlan } from "./uhrnet-plans.ts";

const style: Style = { padding: "SAME", se: false, psa: false, functional: true };

type Size = readonly [number, number];

/** One map to the branches of the next stage; strides count from the image. */
class TransitionLayer extends Layer<readonly [Tensor, Size?], PyList> {
  private readonly convolutions: readonly (readonly [string, ConvBNReLU] | undefined)[];

  constructor(before: number, from: number, strides: readonly number[], to: readonly number[], name: string) {
    super();
    this.convolutions = to.map((channels, i) => {
      const stride = strides[i]!;
      if (stride === before && from === channels) return undefined;
      const conv = new ConvBNReLU(from, channels, stride < before ? 1 : 3, {
        stride: stride > before ? 2 : 1,
        bias: false,
      });
      return [`transition_${name}_layer_${i + 1}`, conv] as const;
    });
  }

  override *children(): Iterable<readonly [string, AnyLayer]> {
    for (const named of this.convolutions) if (named) yield named;
  }

  forward(f: { outs: PyList; out: Tensor }, x: Tensor, size?: Size): PyList {
    f.outs = new PyList();
    for (const named of this.convolutions) {
      if (named === undefined) {
        f.outs.append(x);
        continue;
      }
      f.out = named[1].call(x);
      if (size) f.out = F.interpolate(f.out, size, { mode: "bilinear" });
      f.outs.append(f.out);
    }
    return f.outs;
  }
}

/** Means of pairs of channels: a 3-D pooling over the channel axis. */
function halved(x: Tensor): Tensor {
  return t.squeeze(F.avgPool3d(t.unsqueeze(x, 1), [2, 1, 1]), 1);
}

function concatHalves(x1: Tensor, x2: Tensor): Tensor {
  return scope({ x1, x2 }, (f: { x1: Tensor; x2: Tensor }) => {
    f.x1 = halved(f.x1);
    f.x2 = halved(f.x2);
    return t.concat([f.x1, f.x2], 1);
  });
}

/** Python's locals: `tr1` … `tr8`, `st2` … `st9`, `skip…`, `x1` … `x5` and the rest, all alive until the end. */
interface Locals {
  [name: `tr${number}` | `st${number}`]: PyList;
  [name: `skip${number}` | `x${number}` | `conv${number}`]: Tensor;
  la1: Tensor;
  x: PyList;
  result: Tensor;
}

/** Down through stages 2 to 5 with two branches each, up through 6 to 9; the five finest halves concatenated. */
export class UHRNet extends Layer<readonly [Tensor], PyList> implements Backbone {
  readonly feat_channels: readonly number[];
  readonly conv_layer1_1: ConvBNReLU;
  readonly conv_layer1_2: ConvBNReLU;
  readonly la1: Layer1;
  readonly last_layer: Sequential;
  private readonly transitions: TransitionLayer[] = [];
  private readonly stages: Stage[] = [];

  constructor(args: Args, plan: UHRNetPlan) {
    super();
    if (args.boolean("has_se", false)) {
      throw new ArgumentError(args.type, "has_se", `${args.type} with has_se cannot be built in PaddleSeg either`);
    }
    // PaddleSeg takes in_channels but makes a stem for three.
    args.ignore("align_corners", "in_channels");
    args.finish();
    const channels = plan.map((stage) => stage.channels);
    const last = Math.floor(channels.slice(4).reduce((sum, c) => sum + c.at(-1)!, 0) / 2);
    this.feat_channels = [last];
    this.conv_layer1_1 = new ConvBNReLU(3, 64, 3, { stride: 2, bias: false });
    this.conv_layer1_2 = new ConvBNReLU(64, 64, 3, { stride: 2, bias: false });
    this.la1 = new Layer1(64, channels[0]![0]!, plan[0]!.blocks[0]!, style);
    // The stem's stride is 4; each of the stages 2 to 4 doubles it, each of 6 to 8 halves it.
    let stride = 4;
    for (let i = 1; i < plan.length; i++) {
      const stage = plan[i]!;
      const up = i > 4;
      const before = i === 1 ? channels[0]![0]! * 4 : up ? channels[i - 1]![0]! : channels[i - 1]!.at(-1)!;
      const strides = stage.channels.map((_, j) =>
        up ? stride / 2 ** (stage.channels.length - j - 1) : stride * 2 ** j,
      );
      this.transitions.push(new TransitionLayer(stride, before, strides, stage.channels, `tr${i}`));
      this.stages.push(new Stage(stage, `st${i + 1}`, style));
      if (i < 4) stride *= 2;
      else if (i > 4) stride /= 2;
    }
    // Not called: 19 classes, whatever the data set has.
    this.last_layer = new Sequential(new ConvBNReLU(last, last, 1), new Conv2D(last, 19, 1));
    normalConvolutions(this);
  }

  override *children(): Iterable<readonly [string, AnyLayer]> {
    yield ["conv_layer1_1", this.conv_layer1_1];
    yield ["conv_layer1_2", this.conv_layer1_2];
    yield ["la1", this.la1];
    for (const [i, stage] of this.stages.entries()) {
      yield [`tr${i + 1}`, this.transitions[i]!];
      yield [`st${i + 2}`, stage];
    }
    yield ["last_layer", this.last_layer];
  }

  forward(f: Locals, x: Tensor): PyList {
    f.conv1 = this.conv_layer1_1.call(x);
    f.conv2 = this.conv_layer1_2.call(f.conv1);
    f.la1 = this.la1.call(f.conv2);
    for (let i = 1; i <= 4; i++) {
      f[`tr${i}`] = this.transitions[i - 1]!.call(i === 1 ? f.la1 : f[`st${i}`]!.at(-1));
      f[`st${i + 1}`] = this.stages[i - 1]!.call(f[`tr${i}`]!);
      if (i < 4) f[`skip${i + 1}`] = f[`st${i + 1}`]!.at(0);
    }
    f.x5 = f.st5!.at(-1);
    for (let i = 5; i <= 8; i++) {
      const skip = f[`skip${9 - i}`];
      const below = f[`st${i}`]!.at(0);
      const transition = this.transitions[i - 1]!;
      const list = skip && i < 8 ? transition.call(below, skip.hw) : transition.call(below);
      f[`tr${i}`] = list;
      if (skip && i < 8) list.set(0, concatHalves(list.at(0), skip));
      f[`st${i + 1}`] = this.stages[i - 1]!.call(list);
      f[`x${9 - i}`] = f[`st${i + 1}`]!.at(-1);
    }
    return this.joined(f);
  }

  private joined(f: Locals): PyList {
    f.x = new PyList();
    for (let i = 1; i <= 5; i++) f.x.append(f[`x${i}`]!);
    for (let i = 0; i < 5; i++) f.x.set(i, halved(f.x.at(i)));
    const size = f.x.at(0).hw;
    for (let i = 1; i < 5; i++) f.x.set(i, F.interpolate(f.x.at(i), size, { mode: "bilinear" }));
    f.result = t.concat(f.x, 1);
    f.x = new PyList();
    f.x.append(f.result);
    return f.x;
  }
}
