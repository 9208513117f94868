/** @file LPSNet (`paddleseg/models/lpsnet.py`). */
import { scope } from "../engine/frame.ts";
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import { type Args, ArgumentError } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer, LayerList, Sequential } from "../nn/layer.ts";
import { Conv2D } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import { ConvBNReLU } from "./blocks/conv.ts";
import type { Network } from "./network.ts";

type Size = readonly [number, number];

function resized(x: Tensor, size: Size): Tensor {
  return F.interpolate(x, size, { mode: "bilinear" });
}

/** A list comprehension over tensors: its variable dies with it. */
function mapped(items: PyList, each: (x: Tensor, i: number) => Tensor): PyList {
  return scope({ items }, (f: { items: PyList; result: PyList; x: Tensor }) => {
    f.result = new PyList();
    for (const [i, x] of [...f.items].entries()) {
      f.x = x;
      f.result.append(each(f.x, i));
    }
    return f.result;
  });
}

/** To each path's map the maps of the others are added, at its own size. */
function multipathInteraction(maps: PyList): PyList {
  return scope({ maps }, (f: { maps: PyList; outs: PyList; out: Tensor }) => {
    f.outs = new PyList();
    for (let i = 0; i < f.maps.length; i++) {
      const size = f.maps.at(i).hw;
      f.out = f.maps.at(i);
      for (let j = 0; j < f.maps.length; j++) {
        if (j !== i) f.out = t.add(f.out, resized(f.maps.at(j), size));
      }
      f.outs.append(f.out);
    }
    return f.outs;
  });
}

/** The block after which the paths begin to exchange maps (`interact_begin_idx`). */
const interactAfter = 2;

interface Locals {
  inputs: PyList;
  feats: PyList;
  x: Tensor;
  inp: Tensor;
  out: Tensor;
}

export class LPSNet extends Layer<readonly [Tensor], readonly Tensor[]> implements Network {
  readonly nets: LayerList<LayerList<Sequential>>;
  readonly head: Conv2D;
  private readonly ratios: readonly number[];
  private readonly blocks: number;

  constructor(args: Args) {
    super();
    const depths = args.numbers("depths");
    const channels = args.numbers("channels");
    this.ratios = args.numbers("scale_ratios").filter((ratio) => ratio > 0);
    const classes = args.int("num_classes");
    const inChannels = args.int("in_channels", 3);
    args.finish();
    this.blocks = depths.length;
    if (channels.length !== this.blocks) {
      throw new ArgumentError("LPSNet", "channels", `channels must be as many as depths (${this.blocks})`);
    }
    if (this.ratios.length < 2) {
      throw new ArgumentError("LPSNet", "scale_ratios", "scale_ratios must have two or more positive entries");
    }
    this.nets = new LayerList(this.ratios.map(() => this.buildPath(inChannels, depths, channels)));
    this.head = new Conv2D(channels.at(-1)! * this.ratios.length, classes, 1);
  }

  /** Blocks of one path; each but the last halves the size. */
  private buildPath(inChannels: number, depths: readonly number[], widths: readonly number[]): LayerList<Sequential> {
    let from = inChannels;
    const blocks = depths.map((depth, b) => {
      const to = widths[b]!;
      const block = new Sequential();
      for (let i = 0; i < depth; i++) {
        const stride = i === 0 && b !== depths.length - 1 ? 2 : 1;
        block.append(new ConvBNReLU(from, to, 3, { padding: 1, stride, bias: false }));
        from = to;
      }
      return block;
    });
    return new LayerList(blocks);
  }

  forward(f: Locals, x: Tensor): readonly Tensor[] {
    const [h, w] = x.hw;
    f.inputs = new PyList();
    for (const ratio of this.ratios) f.inputs.append(resized(x, [Math.trunc(ratio * h), Math.trunc(ratio * w)]));
    f.feats = new PyList();
    for (const [i, path] of [...this.nets].entries()) {
      f.x = f.inputs.at(i);
      f.inp = f.x;
      for (let b = 0; b <= interactAfter; b++) f.inp = path.at(b).call(f.inp);
      f.feats.append(f.inp);
    }
    for (let b = interactAfter + 1; b < this.blocks; b++) {
      f.feats = multipathInteraction(f.feats);
      f.feats = mapped(f.feats, (map, i) => this.nets.at(i).at(b).call(map));
    }
    const size = f.feats.at(0).hw;
    f.feats = mapped(f.feats, (map) => resized(map, size));
    f.out = this.head.call(t.concat(f.feats, 1));
    return [resized(f.out, [h, w])];
  }
}
