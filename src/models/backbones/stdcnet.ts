/** @file STDC1 and STDC2 (`paddleseg/models/backbones/stdcnet.py`). */
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import type { Args } from "../../nn/args.ts";
import { Layer, LayerList, refill, Sequential, sublayers } from "../../nn/layer.ts";
import { BatchNorm2D, Conv2D, Pool2D, ReLU } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import type { Backbone } from "./backbone.ts";

class ConvBNRelu extends Layer {
  readonly conv: Conv2D;
  readonly bn: BatchNorm2D;
  readonly relu: ReLU;

  constructor(inPlanes: number, outPlanes: number, kernel: number, stride: number, learningRate: number) {
    super();
    this.conv = new Conv2D(inPlanes, outPlanes, kernel, {
      stride,
      padding: Math.floor(kernel / 2),
      bias: false,
      learningRate,
    });
    this.bn = new BatchNorm2D(outPlanes, { learningRate });
    this.relu = new ReLU();
  }

  forward(f: { out: Tensor }, x: Tensor): Tensor {
    f.out = this.relu.call(this.bn.call(this.conv.call(x)));
    return f.out;
  }
}

function depthwise(channels: number, learningRate: number): Conv2D {
  return new Conv2D(channels, channels, 3, { stride: 2, padding: 1, groups: channels, bias: false, learningRate });
}

/** Adds the convolutions to a list: half the channels, then halving, the last two alike. */
function addConvolutions(
  list: LayerList<ConvBNRelu>,
  inPlanes: number,
  outPlanes: number,
  count: number,
  learningRate: number,
): void {
  for (let i = 0; i < count; i++) {
    const from = i === 0 ? inPlanes : Math.floor(outPlanes / 2 ** i);
    const last = i === count - 1;
    const to = i === 0 ? Math.floor(outPlanes / 2) : Math.floor(outPlanes / 2 ** (last ? i : i + 1));
    list.append(new ConvBNRelu(from, to, i === 0 ? 1 : 3, 1, learningRate));
  }
}

class CatBottleneck extends Layer {
  readonly conv_list = new LayerList<ConvBNRelu>();
  readonly avd_layer: Sequential | undefined;
  readonly skip: Pool2D | undefined;

  constructor(inPlanes: number, outPlanes: number, count: number, stride: number, learningRate: number) {
    super();
    if (stride === 2) {
      const half = Math.floor(outPlanes / 2);
      this.avd_layer = new Sequential(depthwise(half, learningRate), new BatchNorm2D(half, { learningRate }));
      this.skip = new Pool2D(3, { stride: 2, padding: 1 });
    }
    addConvolutions(this.conv_list, inPlanes, outPlanes, count, learningRate);
  }

  forward(f: { out_list: PyList; out1: Tensor; out: Tensor }, x: Tensor): Tensor {
    f.out_list = new PyList();
    f.out1 = this.conv_list.at(0).call(x);
    for (let i = 1; i < this.conv_list.length; i++) {
      const conv = this.conv_list.at(i);
      if (i > 1) f.out = conv.call(f.out);
      else f.out = this.avd_layer ? conv.call(this.avd_layer.call(f.out1)) : conv.call(f.out1);
      f.out_list.append(f.out);
    }
    if (this.skip) f.out1 = this.skip.call(f.out1);
    f.out_list.insert(0, f.out1);
    f.out = t.concat(f.out_list, 1);
    return f.out;
  }
}

class AddBottleneck extends Layer {
  readonly conv_list = new LayerList<ConvBNRelu>();
  readonly avd_layer: Sequential | undefined;
  readonly skip: Sequential | undefined;

  constructor(inPlanes: number, outPlanes: number, count: number, stride: number, learningRate: number) {
    super();
    if (stride === 2) {
      const half = Math.floor(outPlanes / 2);
      this.avd_layer = new Sequential(depthwise(half, learningRate), new BatchNorm2D(half, { learningRate }));
      this.skip = new Sequential(
        depthwise(inPlanes, learningRate),
        new BatchNorm2D(inPlanes, { learningRate }),
        new Conv2D(inPlanes, outPlanes, 1, { bias: false, learningRate }),
        new BatchNorm2D(outPlanes, { learningRate }),
      );
    }
    addConvolutions(this.conv_list, inPlanes, outPlanes, count, learningRate);
  }

  forward(f: { out_list: PyList; out: Tensor; x: Tensor }, x: Tensor): Tensor {
    f.out_list = new PyList();
    f.out = x;
    f.x = x;
    for (const [i, conv] of [...this.conv_list].entries()) {
      f.out = i === 0 && this.avd_layer ? this.avd_layer.call(conv.call(f.out)) : conv.call(f.out);
      f.out_list.append(f.out);
    }
    if (this.skip) f.x = this.skip.call(f.x);
    return t.add(t.concat(f.out_list, 1), f.x);
  }
}

/** The network: a stem of two convolutions, then three stages of bottlenecks. */
export class STDCNet extends Layer<readonly [Tensor], PyList> implements Backbone {
  readonly feat_channels: readonly number[];
  readonly features: Sequential;
  private readonly stages: readonly number[];

  constructor(args: Args, layers: readonly number[]) {
    super();
    const base = args.int("base", 64);
    this.stages = args.numbers("layers", layers);
    const count = args.count("block_num", 4);
    const Block = args.string("type", "cat", ["cat", "add"]) === "cat" ? CatBottleneck : AddBottleneck;
    const lr = args.number("relative_lr", 1);
    const inChannels = args.int("in_channels", 3);
    args.finish();
    this.feat_channels = [Math.floor(base / 2), base, base * 4, base * 8, base * 16];
    const items: Layer[] = [
      new ConvBNRelu(inChannels, Math.floor(base / 2), 3, 2, lr),
      new ConvBNRelu(Math.floor(base / 2), base, 3, 2, lr),
    ];
    for (const [i, depth] of this.stages.entries()) {
      for (let j = 0; j < depth; j++) {
        const from = j > 0 ? base * 2 ** (i + 2) : i === 0 ? base : base * 2 ** (i + 1);
        items.push(new Block(from, base * 2 ** (i + 2), count, j === 0 ? 2 : 1, lr));
      }
    }
    this.features = new Sequential(...items);
    // init_weight: convolutions once more; BatchNorm2D is none of the classes it looks for.
    for (const layer of sublayers(this)) if (layer instanceof Conv2D) refill(layer.weight, "gaussian");
  }

  forward(f: { out_feats: PyList; x: Tensor }, x: Tensor): PyList {
    f.out_feats = new PyList();
    f.x = this.features.at(0).call(x);
    f.out_feats.append(f.x);
    f.x = this.features.at(1).call(f.x);
    f.out_feats.append(f.x);
    let at = 2;
    for (const depth of this.stages) {
      for (const end = at + depth; at < end; at++) f.x = this.features.at(at).call(f.x);
      f.out_feats.append(f.x);
    }
    return f.out_feats;
  }
}
