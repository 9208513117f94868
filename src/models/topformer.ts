/** @file TopFormer (`paddleseg/models/topformer.py`): the injected features added at the finest, one convolution, the classifier. */
import { scope } from "../engine/frame.ts";
import type { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import { type Args, ArgumentError } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer } from "../nn/layer.ts";
import { Conv2D, Dropout2D, ReLU } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import { buildBackbone } from "./backbones/index.ts";
import { TopTransformer } from "./backbones/top_transformer.ts";
import { ConvBNAct } from "./backbones/top_transformer-blocks.ts";
import type { Network } from "./network.ts";

interface Summed {
  inputs_tmp: readonly Tensor[];
  inputs: Tensor;
  x: Tensor;
}

/** Each feature resized to the first and added. */
function summed(inputs: PyList): Tensor {
  return scope({}, (f: Summed) => {
    f.inputs_tmp = [...inputs];
    const [first, ...rest] = f.inputs_tmp;
    f.inputs = first!;
    for (const x of rest) {
      f.x = x;
      f.x = F.interpolate(f.x, f.inputs.hw, { mode: "bilinear" });
      f.inputs = t.add(f.inputs, f.x);
    }
    return f.inputs;
  });
}

class TopFormerHead extends Layer<readonly [PyList]> {
  readonly linear_fuse: ConvBNAct;
  readonly dropout: Dropout2D;
  readonly conv_seg: Conv2D;

  constructor(classes: number, channels: number, depthwise: boolean) {
    super();
    this.linear_fuse = new ConvBNAct(channels, channels, { groups: depthwise ? channels : 1, act: new ReLU() });
    this.dropout = new Dropout2D(0.1);
    this.conv_seg = new Conv2D(channels, classes, 1);
  }

  forward(f: { x: Tensor }, x: PyList): Tensor {
    f.x = summed(x);
    f.x = this.linear_fuse.call(f.x);
    f.x = this.dropout.call(f.x);
    f.x = this.conv_seg.call(f.x);
    return f.x;
  }
}

export class TopFormer extends Layer<readonly [Tensor], readonly Tensor[]> implements Network {
  readonly backbone: TopTransformer;
  readonly decode_head: TopFormerHead;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    const backbone = buildBackbone(args.component("backbone"));
    if (!(backbone instanceof TopTransformer)) {
      throw new ArgumentError("TopFormer", "backbone", "TopFormer needs a TopTransformer backbone");
    }
    this.backbone = backbone;
    const depthwise = args.boolean("head_use_dw", false);
    this.decode_head = new TopFormerHead(classes, backbone.injection_out_channels[0]!, depthwise);
    args.ignore("align_corners");
    args.finish();
  }

  forward(f: { x: PyList | Tensor }, x: Tensor): readonly Tensor[] {
    const features = this.backbone.call(x);
    f.x = features;
    const logit = this.decode_head.call(features);
    f.x = logit;
    const result = F.interpolate(logit, x.hw, { mode: "bilinear" });
    f.x = result;
    return [result];
  }
}
