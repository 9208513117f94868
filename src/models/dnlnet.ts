/** @file DNLNet (`paddleseg/models/dnlnet.py`). */
import type { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import { Layer, Sequential } from "../nn/layer.ts";
import { Conv2D, Dropout2D } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { auxiliaryHead } from "./blocks/auxiliary-head.ts";
import { ConvBNReLU } from "./blocks/conv.ts";
import { chosenMaps, features } from "./blocks/features.ts";
import { upsampled } from "./blocks/logits.ts";
import { DisentangledNonLocal2D, nonLocalModes } from "./blocks/nonlocal.ts";
import type { Network } from "./network.ts";

interface HeadLocals {
  C3: Tensor;
  C4: Tensor;
  output: Tensor;
  auxout: Tensor;
}

class DNLHead extends Layer<readonly [readonly Tensor[]], readonly Tensor[]> {
  readonly dnl_block: DisentangledNonLocal2D;
  readonly conv0: ConvBNReLU;
  readonly conv1: ConvBNReLU;
  readonly cls: Sequential;
  readonly aux: Sequential;
  readonly conv_cat: ConvBNReLU | undefined;
  private readonly auxiliary: boolean;

  constructor(args: Args, classes: number, from: number) {
    super();
    const inter = Math.floor(from / 4);
    this.auxiliary = args.boolean("enable_auxiliary_loss", true);
    this.dnl_block = new DisentangledNonLocal2D(inter, {
      reduction: args.int("reduction", 2),
      scaled: args.boolean("use_scale", true),
      mode: args.string("mode", "embedded_gaussian", nonLocalModes),
    });
    this.conv0 = new ConvBNReLU(from, inter, 3, { bias: false });
    this.conv1 = new ConvBNReLU(inter, inter, 3, { bias: false });
    this.cls = new Sequential(new Dropout2D(0.1), new Conv2D(inter, classes, 1));
    this.aux = auxiliaryHead(classes, false);
    if (args.boolean("concat_input", true)) this.conv_cat = new ConvBNReLU(from + inter, inter, 3, { bias: false });
  }

  forward(f: HeadLocals, [c3, c4]: readonly Tensor[]): readonly Tensor[] {
    f.C3 = c3!;
    f.C4 = c4!;
    f.output = this.conv0.call(f.C4);
    f.output = this.dnl_block.call(f.output);
    f.output = this.conv1.call(f.output);
    if (this.conv_cat) f.output = this.conv_cat.call(t.concat([f.C4, f.output], 1));
    f.output = this.cls.call(f.output);
    if (!this.auxiliary) return [f.output];
    f.auxout = this.aux.call(f.C3);
    return [f.output, f.auxout];
  }
}

export class DNLNet extends Layer<readonly [Tensor], PyList> implements Network {
  readonly backbone: Backbone;
  readonly head: DNLHead;
  private readonly indices: readonly number[];

  constructor(args: Args) {
    super();
    this.backbone = buildBackbone(args.component("backbone"));
    const { indices, channels } = features(args, this.backbone, [2, 3], 2);
    this.indices = indices;
    this.head = new DNLHead(args, args.int("num_classes"), channels.at(-1)!);
    args.ignore("align_corners", "temperature");
    args.finish();
  }

  forward(f: { feats: readonly Tensor[]; logit_list: PyList | readonly Tensor[] }, x: Tensor): PyList {
    f.feats = chosenMaps(this.backbone.call(x), this.indices);
    f.logit_list = this.head.call(f.feats);
    const result = upsampled(f.logit_list, x.hw);
    f.logit_list = result;
    return result;
  }
}
