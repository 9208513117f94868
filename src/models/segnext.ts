/** @file SegNeXt (`paddleseg/models/segnext.py`): a light head around a matrix factorisation. */
import { scope } from "../engine/frame.ts";
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import { type Args, ArgumentError } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer } from "../nn/layer.ts";
import { Conv2D, Dropout2D, Identity } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { ConvGNAct } from "./blocks/conv.ts";
import { NMF2D } from "./blocks/nmf-2d.ts";
import type { Network } from "./network.ts";

class Hamburger extends Layer {
  readonly ham_in: Conv2D;
  readonly ham: NMF2D;
  readonly ham_out: ConvGNAct;

  constructor(channels: number, normGroups: number, factorisation: Args) {
    super();
    this.ham_in = new Conv2D(channels, channels, 1);
    this.ham = new NMF2D(factorisation);
    this.ham_out = new ConvGNAct(channels, channels, 1, undefined, { normGroups, bias: false });
  }

  forward(f: { enjoy: Tensor; ham: Tensor }, x: Tensor): Tensor {
    f.enjoy = this.ham_in.call(x);
    f.enjoy = F.relu(f.enjoy);
    f.enjoy = this.ham.call(f.enjoy);
    f.enjoy = this.ham_out.call(f.enjoy);
    f.ham = F.relu(t.add(x, f.enjoy));
    return f.ham;
  }
}

/** `[F.interpolate(level, size) for level in inputs]`: a scope of its own. */
function resized(inputs: readonly Tensor[], size: readonly [number, number]): PyList {
  return scope({}, (f: { result: PyList; level: Tensor }) => {
    f.result = new PyList();
    for (const level of inputs) {
      f.level = level;
      f.result.append(F.interpolate(f.level, size, { mode: "bilinear" }));
    }
    return f.result;
  });
}

interface HeadLocals {
  inputs: readonly Tensor[] | PyList | Tensor;
  x: Tensor;
  output: Tensor;
}

class LightHamHead extends Layer<readonly [PyList]> {
  readonly squeeze: ConvGNAct;
  readonly hamburger: Hamburger;
  readonly align: ConvGNAct;
  readonly dropout: Layer;
  readonly conv_seg: Conv2D;

  constructor(args: Args, inChannels: readonly number[], classes: number) {
    super();
    if (inChannels.length !== 3) {
      throw new ArgumentError("SegNeXt", "backbone_indices", "backbone_indices must name three features");
    }
    const channels = args.int("channels", 256);
    const rate = args.number("dropout_rate", 0.1);
    const inner = args.int("ham_channels", 512);
    const normGroups = args.int("num_groups", 32);
    args.ignore("align_corners");
    const options = { normGroups, bias: false };
    const all = inChannels.reduce((a, b) => a + b, 0);
    this.squeeze = new ConvGNAct(all, inner, 1, "relu", options);
    this.hamburger = new Hamburger(inner, normGroups, args.group("ham_kwargs"));
    this.align = new ConvGNAct(inner, channels, 1, "relu", options);
    this.dropout = rate > 0 ? new Dropout2D(rate) : new Identity();
    this.conv_seg = new Conv2D(channels, classes, 1);
    args.finish();
  }

  forward(f: HeadLocals, feats: PyList): Tensor {
    const levels = [...feats].slice(1);
    f.inputs = levels;
    const list = resized(levels, levels[0]!.hw);
    f.inputs = list;
    const joined = t.concat(list, 1);
    f.inputs = joined;
    f.x = this.squeeze.call(joined);
    f.x = this.hamburger.call(f.x);
    f.output = this.align.call(f.x);
    f.output = this.dropout.call(f.output);
    f.output = this.conv_seg.call(f.output);
    return f.output;
  }
}

export class SegNeXt extends Layer<readonly [Tensor], readonly Tensor[]> implements Network {
  readonly backbone: Backbone;
  readonly decode_head: LightHamHead;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    const indices = args.numbers("backbone_indices", [1, 2, 3]);
    this.backbone = buildBackbone(args.component("backbone"));
    const from = indices.map((i) => this.backbone.feat_channels[i]!);
    this.decode_head = new LightHamHead(args.group("decoder_cfg"), from, classes);
    args.finish();
  }

  forward(f: { feats: PyList; out: Tensor }, x: Tensor): readonly Tensor[] {
    f.feats = this.backbone.call(x);
    f.out = this.decode_head.call(f.feats);
    return [F.interpolate(f.out, x.hw, { mode: "bilinear" })];
  }
}
