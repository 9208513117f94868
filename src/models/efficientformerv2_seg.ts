/** @file EfficientFormerSeg (`paddleseg/models/efficientformerv2_seg.py`): a feature pyramid and a head that adds its levels. */
import { scope } from "../engine/frame.ts";
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import { type Args, ArgumentError } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer, LayerList, Sequential } from "../nn/layer.ts";
import { BatchNorm2D, Conv2D, Dropout2D, ReLU, Upsample } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { normalConvolutions } from "./blocks/init-weight.ts";
import type { Network } from "./network.ts";

/** Levels of the pyramid and their width: PaddleSeg's own. */
const [levels, width] = [4, 256];

interface NeckLocals {
  laterals: PyList;
  outs: PyList;
}

/** Each level convolved, the coarser added to the finer, each convolved again; missing levels are pooled. */
class EfficientFormerFPNNeck extends Layer<readonly [PyList], readonly Tensor[]> {
  readonly lateral_convs: LayerList<Conv2D>;
  readonly fpn_convs: LayerList<Conv2D>;

  constructor(from: readonly number[]) {
    super();
    this.lateral_convs = new LayerList();
    this.fpn_convs = new LayerList();
    for (const channels of from) {
      this.lateral_convs.append(new Conv2D(channels, width, 1));
      this.fpn_convs.append(new Conv2D(width, width, 3, { padding: 1 }));
    }
    normalConvolutions(this);
  }

  forward(f: NeckLocals, inputs: PyList): readonly Tensor[] {
    f.laterals = convolved(this.lateral_convs, inputs);
    for (let i = f.laterals.length - 1; i > 0; i--) {
      const size = f.laterals.at(i - 1).hw;
      const coarse = F.interpolate(f.laterals.at(i), size, { mode: "nearest" });
      f.laterals.set(i - 1, t.add(f.laterals.at(i - 1), coarse));
    }
    f.outs = convolved(this.fpn_convs, f.laterals);
    while (f.outs.length < levels) f.outs.append(F.pool2d(f.outs.at(-1), { kernel: 1, stride: 2 }));
    return [...f.outs];
  }
}

/** A list comprehension over convolutions and their inputs. */
function convolved(convs: LayerList<Conv2D>, inputs: PyList): PyList {
  return scope({}, (f: { result: PyList }) => {
    f.result = new PyList();
    for (const [i, conv] of [...convs].entries()) f.result.append(conv.call(inputs.at(i)));
    return f.result;
  });
}

/** One convolution for a level, or one with an upsampling by 2 for each step to the finest. */
function scaleHead(level: number, channels: number): Sequential {
  const head = new Sequential();
  for (let k = 0; k < Math.max(1, level); k++) {
    const from = k === 0 ? width : channels;
    const conv = new Conv2D(from, channels, 3, { padding: 1, bias: false });
    head.append(new Sequential(conv, new BatchNorm2D(channels), new ReLU()));
    if (level > 0) head.append(new Upsample({ scaleFactor: 2 }, { mode: "bilinear" }));
  }
  return head;
}

class EfficientFormerFPN extends Layer<readonly [readonly Tensor[]]> {
  readonly dropout: Dropout2D;
  readonly scale_heads: LayerList<Sequential>;
  readonly cls_seg: Conv2D;

  constructor(channels: number, classes: number) {
    super();
    this.dropout = new Dropout2D(0.1);
    this.scale_heads = new LayerList();
    for (let level = 0; level < levels; level++) this.scale_heads.append(scaleHead(level, channels));
    this.cls_seg = new Conv2D(channels, classes, 1);
    normalConvolutions(this);
  }

  forward(f: { x: readonly Tensor[]; output: Tensor }, inputs: readonly Tensor[]): Tensor {
    f.x = [...inputs];
    f.output = this.scale_heads.at(0).call(f.x[0]!);
    for (let i = 1; i < levels; i++) {
      const size = f.output.hw;
      const scaled = F.interpolate(this.scale_heads.at(i).call(f.x[i]!), size, { mode: "bilinear" });
      f.output = t.add(f.output, scaled);
    }
    f.output = this.dropout.call(f.output);
    f.output = this.cls_seg.call(f.output);
    return f.output;
  }
}

export class EfficientFormerSeg extends Layer<readonly [Tensor], readonly Tensor[]> implements Network {
  readonly backbone: Backbone;
  readonly neck: EfficientFormerFPNNeck;
  readonly head: EfficientFormerFPN;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    this.backbone = buildBackbone(args.component("backbone"));
    const indices = args.numbers("backbone_indices", [0, 1, 2, 3]);
    const extra = args.optional("add_extra_convs");
    if (extra && indices.length < levels) {
      const reason =
        "add_extra_convs with fewer than four features is not modelled (src/models/efficientformerv2_seg.ts)";
      throw new ArgumentError(args.type, "add_extra_convs", reason);
    }
    const channels = args.int("head_channels", 128);
    args.ignore("align_corners");
    this.neck = new EfficientFormerFPNNeck(indices.map((i) => this.backbone.feat_channels[i]!));
    this.head = new EfficientFormerFPN(channels, classes);
    args.finish();
  }

  forward(f: { x: PyList | readonly Tensor[] | Tensor }, x: Tensor): readonly Tensor[] {
    const features = this.backbone.call(x);
    f.x = features;
    const pyramid = this.neck.call(features);
    f.x = pyramid;
    const logit = this.head.call(pyramid);
    f.x = logit;
    const result = [F.interpolate(logit, x.hw, { mode: "bilinear" })];
    f.x = result;
    return result;
  }
}
