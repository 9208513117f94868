/** @file MLATransformer (`paddleseg/models/mla_transformer.py`): four features brought to the finest, added, each with a head. */
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import { type Args, ArgumentError } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer, Sequential } from "../nn/layer.ts";
import { Conv2D } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { ConvBN, ConvBNReLU } from "./blocks/conv.ts";
import { upsampled } from "./blocks/logits.ts";
import type { Network } from "./network.ts";

const bilinear = { mode: "bilinear" } as const;

function conv(from: number, to: number): ConvBNReLU {
  return new ConvBNReLU(from, to, 3, { padding: 1, bias: false });
}

/** Four times the width, in both directions: PaddleSeg takes the width for the height too. */
function enlarged(head: Sequential, x: Tensor): Tensor {
  const side = 4 * x.dim(3);
  return F.interpolate(head.call(x), [side, side], bilinear);
}

interface HeadLocals {
  head2: Tensor;
  head3: Tensor;
  head4: Tensor;
  head5: Tensor;
}

class MLAHeads extends Layer<readonly [Tensor, Tensor, Tensor, Tensor]> {
  readonly head2: Sequential;
  readonly head3: Sequential;
  readonly head4: Sequential;
  readonly head5: Sequential;

  constructor(channels: number) {
    super();
    const head = () => new Sequential(conv(channels * 2, channels), conv(channels, channels));
    this.head2 = head();
    this.head3 = head();
    this.head4 = head();
    this.head5 = head();
  }

  forward(f: HeadLocals, p2: Tensor, p3: Tensor, p4: Tensor, p5: Tensor): Tensor {
    f.head2 = enlarged(this.head2, p2);
    f.head3 = enlarged(this.head3, p3);
    f.head4 = enlarged(this.head4, p4);
    f.head5 = enlarged(this.head5, p5);
    return t.concat([f.head2, f.head3, f.head4, f.head5], 1);
  }
}

interface Locals {
  inputs: PyList;
  inputs0: Tensor;
  inputs1: Tensor;
  inputs2: Tensor;
  inputs3: Tensor;
  feats: Tensor;
  logit: Tensor;
  logit_list: PyList;
}

/** Any other argument is taken and ignored, as in Paddle's constructor. */
export class MLATransformer extends Layer<readonly [Tensor], PyList> implements Network {
  readonly backbone: Backbone;
  readonly mlahead: MLAHeads;
  readonly cls: Conv2D;
  readonly conv0: ConvBNReLU;
  readonly conv1: ConvBNReLU;
  readonly conv21: ConvBNReLU;
  readonly conv22: ConvBNReLU;
  readonly conv31: ConvBNReLU;
  readonly conv32: ConvBNReLU;
  readonly conv33: ConvBNReLU;
  readonly aux_head: Sequential;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    const [c0, c1, c2, c3] = args.numbers("in_channels");
    if (c0 === undefined || c1 === undefined || c2 === undefined || c3 === undefined) {
      throw new ArgumentError(args.type, "in_channels", "in_channels must be four numbers");
    }
    this.backbone = buildBackbone(args.component("backbone"));
    const channels = args.int("mlahead_channels", 128);
    const auxChannels = args.int("aux_channels", 256);
    this.mlahead = new MLAHeads(channels);
    this.cls = new Conv2D(4 * channels, classes, 3, { padding: 1 });
    this.conv0 = conv(c0, c0 * 2);
    this.conv1 = conv(c1, c1);
    this.conv21 = conv(c2, c2);
    this.conv22 = conv(c2, Math.floor(c2 / 2));
    this.conv31 = conv(c3, c3);
    this.conv32 = conv(c3, Math.floor(c3 / 2));
    this.conv33 = conv(Math.floor(c3 / 2), Math.floor(c3 / 4));
    const auxiliary = new ConvBN(c2, auxChannels, 3, { padding: 1, bias: false });
    this.aux_head = new Sequential(auxiliary, new Conv2D(auxChannels, classes, 1));
  }

  forward(f: Locals, x: Tensor): PyList {
    f.inputs = this.backbone.call(x);
    const size = f.inputs.at(0).hw;
    f.inputs0 = this.conv0.call(f.inputs.at(0));
    f.inputs1 = F.interpolate(this.conv1.call(f.inputs.at(1)), size, bilinear);
    f.inputs2 = F.interpolateBy(this.conv21.call(f.inputs.at(2)), 2, bilinear);
    f.inputs2 = F.interpolate(this.conv22.call(f.inputs2), size, bilinear);
    f.inputs3 = F.interpolateBy(this.conv31.call(f.inputs.at(3)), 2, bilinear);
    f.inputs3 = F.interpolateBy(this.conv32.call(f.inputs3), 2, bilinear);
    f.inputs3 = F.interpolate(this.conv33.call(f.inputs3), size, bilinear);
    f.inputs2 = t.add(f.inputs2, f.inputs3);
    f.inputs1 = t.add(f.inputs1, f.inputs2);
    f.inputs0 = t.add(f.inputs0, f.inputs1);
    f.feats = this.mlahead.call(f.inputs0, f.inputs1, f.inputs2, f.inputs3);
    f.logit = this.cls.call(f.feats);
    f.logit_list = new PyList();
    f.logit_list.append(f.logit);
    if (this.training) f.logit_list.append(this.aux_head.call(f.inputs.at(2)));
    f.logit_list = upsampled(f.logit_list, x.hw);
    return f.logit_list;
  }
}
