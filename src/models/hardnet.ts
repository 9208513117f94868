/** @file HarDNet (`paddleseg/models/hardnet.py`). */
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer, LayerList, Sequential } from "../nn/layer.ts";
import { Conv2D, Pool2D } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import { ConvBNReLU } from "./blocks/conv.ts";
import type { Network } from "./network.ts";

interface Link {
  readonly outChannels: number;
  readonly inChannels: number;
  /** Earlier layers whose results this one takes; 0 is the block's input. */
  readonly from: readonly number[];
}

/** Layer k takes layer k − 2ⁱ for every i with 2ⁱ dividing k, i < 10; each but the first widens it. */
function link(layer: number, base: number, growth: number, factor: number): Link {
  if (layer === 0) return { outChannels: base, inChannels: 0, from: [] };
  let width = growth;
  const from: number[] = [];
  for (let i = 0; i < 10; i++) {
    if (layer % 2 ** i !== 0) continue;
    from.unshift(layer - 2 ** i);
    if (i > 0) width *= factor;
  }
  const outChannels = Math.trunc(Math.trunc(width + 1) / 2) * 2;
  const inChannels = from.reduce((sum, i) => sum + link(i, base, growth, factor).outChannels, 0);
  return { outChannels, inChannels, from };
}

interface BlockLocals {
  layers_: PyList;
  tin: PyList;
  x: Tensor;
  out: Tensor;
  out_: PyList;
}

/** Harmonically connected layers; the odd ones and the last are the result. */
class HarDBlock extends Layer {
  readonly layers = new LayerList<ConvBNReLU>();
  readonly outChannels: number;
  private readonly links: readonly Link[];

  constructor(base: number, growth: number, factor: number, count: number) {
    super();
    this.links = Array.from({ length: count }, (_, i) => link(i + 1, base, growth, factor));
    for (const { inChannels, outChannels } of this.links) {
      this.layers.append(new ConvBNReLU(inChannels, outChannels, 3, { bias: false }));
    }
    const kept = this.links.filter((_, i) => i % 2 === 0 || i === count - 1);
    this.outChannels = kept.reduce((sum, { outChannels }) => sum + outChannels, 0);
  }

  forward(f: BlockLocals, x: Tensor): Tensor {
    f.layers_ = new PyList();
    f.layers_.append(x);
    for (const [k, { from }] of this.links.entries()) {
      f.tin = new PyList();
      for (const i of from) f.tin.append(f.layers_.at(i));
      f.x = f.tin.length > 1 ? t.concat(f.tin, 1) : f.tin.at(0);
      f.out = this.layers.at(k).call(f.x);
      f.layers_.append(f.out);
    }
    const count = f.layers_.length;
    f.out_ = new PyList();
    for (let i = 0; i < count; i++) if (i === count - 1 || i % 2 === 1) f.out_.append(f.layers_.at(i));
    f.out = t.concat(f.out_, 1);
    return f.out;
  }
}

interface Widths {
  readonly channels: readonly number[];
  readonly growth: readonly number[];
  readonly factor: number;
  readonly counts: readonly number[];
}

class Encoder extends Layer<readonly [Tensor], readonly [Tensor, PyList]> {
  readonly blks = new LayerList<Layer>();
  readonly skipChannels: readonly number[];
  readonly outChannels: number;
  private readonly shortcuts: readonly number[];

  constructor(inChannels: number, { channels, growth, factor, counts }: Widths) {
    super();
    const skips: number[] = [];
    const shortcuts: number[] = [];
    let from = inChannels;
    for (const [i, count] of counts.entries()) {
      const last = i === counts.length - 1;
      const block = new HarDBlock(from, growth[i]!, factor, count);
      skips.push(block.outChannels);
      this.blks.append(block);
      if (!last) shortcuts.push(this.blks.length - 1);
      this.blks.append(new ConvBNReLU(block.outChannels, channels[i]!, 1, { bias: false }));
      from = channels[i]!;
      if (!last) this.blks.append(new Pool2D(2, { stride: 2 }));
    }
    this.skipChannels = skips;
    this.shortcuts = shortcuts;
    this.outChannels = from;
  }

  forward(f: { x: Tensor; skip_connections: PyList }, x: Tensor): readonly [Tensor, PyList] {
    f.skip_connections = new PyList();
    f.x = x;
    for (const [i, block] of [...this.blks].entries()) {
      f.x = block.call(f.x);
      if (this.shortcuts.includes(i)) f.skip_connections.append(f.x);
    }
    return [f.x, f.skip_connections];
  }
}

class Decoder extends Layer<readonly [Tensor, PyList]> {
  readonly dense_blocks_up = new LayerList<HarDBlock>();
  readonly conv1x1_up = new LayerList<ConvBNReLU>();
  readonly outChannels: number;

  constructor(inChannels: number, skipChannels: readonly number[], { growth, factor, counts }: Widths) {
    super();
    let from = inChannels;
    for (let i = counts.length - 2; i >= 0; i--) {
      const joined = from + skipChannels[i]!;
      const half = Math.floor(joined / 2);
      this.conv1x1_up.append(new ConvBNReLU(joined, half, 1, { bias: false }));
      const block = new HarDBlock(half, growth[i]!, factor, counts[i]!);
      this.dense_blocks_up.append(block);
      from = block.outChannels;
    }
    this.outChannels = from;
  }

  forward(f: { x: Tensor; skip: Tensor }, x: Tensor, skips: PyList): Tensor {
    f.x = x;
    for (const [i, block] of [...this.dense_blocks_up].entries()) {
      f.skip = skips.pop();
      f.x = F.interpolate(f.x, f.skip.hw, { mode: "bilinear" });
      f.x = t.concat([f.x, f.skip], 1);
      f.x = this.conv1x1_up.at(i).call(f.x);
      f.x = block.call(f.x);
    }
    return f.x;
  }
}

interface Locals {
  x: Tensor;
  encoded: readonly [Tensor, PyList] | undefined;
  skip_connections: PyList;
  logit: Tensor;
}

/** The defaults are those of FC-HarDNet-70. */
export class HarDNet extends Layer<readonly [Tensor], readonly Tensor[]> implements Network {
  readonly stem: Sequential;
  readonly encoder: Encoder;
  readonly decoder: Decoder;
  readonly cls_head: Conv2D;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    const inChannels = args.int("in_channels", 3);
    const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = args.numbers("stem_channels", [16, 24, 32, 48]);
    const widths: Widths = {
      channels: args.numbers("ch_list", [64, 96, 160, 224, 320]),
      factor: args.number("grmul", 1.7),
      growth: args.numbers("gr", [10, 16, 18, 24, 32]),
      counts: args.numbers("n_layers", [4, 4, 8, 8, 8]),
    };
    args.ignore("align_corners");
    args.finish();
    this.stem = new Sequential(
      new ConvBNReLU(inChannels, s0, 3, { bias: false }),
      new ConvBNReLU(s0, s1, 3, { bias: false }),
      new ConvBNReLU(s1, s2, 3, { stride: 2, bias: false }),
      new ConvBNReLU(s2, s3, 3, { bias: false }),
    );
    this.encoder = new Encoder(s3, widths);
    this.decoder = new Decoder(this.encoder.outChannels, this.encoder.skipChannels, widths);
    this.cls_head = new Conv2D(this.decoder.outChannels, classes, 1);
  }

  forward(f: Locals, x: Tensor): readonly Tensor[] {
    f.x = this.stem.call(x);
    f.encoded = this.encoder.call(f.x);
    [f.x, f.skip_connections] = f.encoded;
    f.encoded = undefined;
    f.x = this.decoder.call(f.x, f.skip_connections);
    f.logit = this.cls_head.call(f.x);
    f.logit = F.interpolate(f.logit, x.hw, { mode: "bilinear" });
    return [f.logit];
  }
}
