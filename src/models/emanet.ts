/** @file EMANet (`paddleseg/models/emanet.py`). */
import { noGrad } from "../engine/engine.ts";
import { type PyList, release } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import { type Args, ArgumentError } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { buffer, type Held } from "../nn/held.ts";
import { Layer, Parameter, Sequential } from "../nn/layer.ts";
import { Conv2D, Dropout2D } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { auxiliaryHead } from "./blocks/auxiliary-head.ts";
import { ConvBNReLU } from "./blocks/conv.ts";
import { chosenMaps, features } from "./blocks/features.ts";
import { upsampled } from "./blocks/logits.ts";
import type { Network } from "./network.ts";

/** Bases [1, c, k], made from a parameter that the constructor throws away. */
function bases(channels: number, count: number): Held {
  const random = new Parameter([1, channels, count]);
  const held = buffer(F.normalize(t.toTensor(random.shape, random.dtype)));
  release(random);
  return held;
}

interface UnitLocals {
  x: Tensor;
  mu: Tensor;
  x_t: Tensor;
  z: Tensor;
  z_: Tensor;
  z_t: Tensor;
}

/** The expectation-maximisation unit: the features again as a mixture of few bases, without a gradient. */
class EMAU extends Layer {
  private readonly mu: Held;
  private readonly channels: number;
  private readonly stages: number;

  constructor(channels: number, count: number, stages: number) {
    super();
    this.channels = channels;
    this.stages = stages;
    this.mu = bases(channels, count);
  }

  forward(f: UnitLocals, x: Tensor): Tensor {
    const [batch, , h, w] = x.shape;
    f.x = t.flatten(x, 2);
    f.mu = t.tile(this.mu.tensor, [batch!, 1, 1]);
    noGrad(() => {
      for (let i = 0; i < this.stages; i++) {
        f.x_t = t.transpose(f.x, [0, 2, 1]);
        f.z = t.bmm(f.x_t, f.mu);
        f.z = F.softmax(f.z);
        f.z_ = F.normalize(f.z);
        f.mu = t.bmm(f.x, f.z_);
        f.mu = F.normalize(f.mu);
      }
    });
    f.z_t = t.transpose(f.z, [0, 2, 1]);
    f.x = t.matmul(f.mu, f.z_t);
    f.x = t.reshape(f.x, [0, this.channels, h!, w!]);
    if (this.training) {
      f.mu = t.mean(f.mu, 0, true);
      f.mu = F.normalize(f.mu);
      f.mu = t.add(t.scale(this.mu.tensor), t.scale(f.mu));
      this.mu.set(f.mu);
    }
    return f.x;
  }
}

interface HeadLocals {
  C3: Tensor;
  C4: Tensor;
  feats: Tensor;
  identity: Tensor;
  recon: Tensor;
  output: Tensor;
  auxout: Tensor;
}

class EMAHead extends Layer<readonly [readonly Tensor[]], readonly Tensor[]> {
  readonly emau: EMAU;
  readonly ema_in_conv: ConvBNReLU;
  readonly ema_mid_conv: Conv2D;
  readonly ema_out_conv: ConvBNReLU;
  readonly bottleneck: ConvBNReLU;
  readonly cls: Sequential;
  readonly aux: Sequential;
  readonly conv_cat: ConvBNReLU | undefined;
  private readonly auxiliary: boolean;

  constructor(args: Args, classes: number, from: number) {
    super();
    const ema = args.int("ema_channels", 512);
    const gc = args.int("gc_channels", 256);
    const stages = args.count("stage_num", 3);
    if (stages < 1) throw new ArgumentError("EMANet", "stage_num", "stage_num must be 1 or more");
    this.auxiliary = args.boolean("enable_auxiliary_loss", true);
    this.emau = new EMAU(ema, args.int("num_bases", 64), stages);
    this.ema_in_conv = new ConvBNReLU(from, ema, 3);
    this.ema_mid_conv = new Conv2D(ema, ema, 1);
    this.ema_out_conv = new ConvBNReLU(ema, ema, 1);
    this.bottleneck = new ConvBNReLU(ema, gc, 3);
    this.cls = new Sequential(new Dropout2D(0.1), new Conv2D(gc, classes, 1));
    this.aux = auxiliaryHead(classes, true);
    if (args.boolean("concat_input", true)) this.conv_cat = new ConvBNReLU(from + gc, gc, 3);
  }

  forward(f: HeadLocals, [c3, c4]: readonly Tensor[]): readonly Tensor[] {
    f.C3 = c3!;
    f.C4 = c4!;
    f.feats = this.ema_in_conv.call(f.C4);
    f.identity = f.feats;
    f.feats = this.ema_mid_conv.call(f.feats);
    f.recon = this.emau.call(f.feats);
    f.recon = F.relu(f.recon);
    f.recon = this.ema_out_conv.call(f.recon);
    f.output = F.relu(t.add(f.identity, f.recon));
    f.output = this.bottleneck.call(f.output);
    if (this.conv_cat) f.output = this.conv_cat.call(t.concat([f.C4, f.output], 1));
    f.output = this.cls.call(f.output);
    if (!this.auxiliary) return [f.output];
    f.auxout = this.aux.call(f.C3);
    return [f.output, f.auxout];
  }
}

export class EMANet extends Layer<readonly [Tensor], PyList> implements Network {
  readonly backbone: Backbone;
  readonly head: EMAHead;
  private readonly indices: readonly number[];

  constructor(args: Args) {
    super();
    this.backbone = buildBackbone(args.component("backbone"));
    const { indices, channels } = features(args, this.backbone, [2, 3], 2);
    this.indices = indices;
    this.head = new EMAHead(args, args.int("num_classes"), channels.at(-1)!);
    args.ignore("align_corners", "momentum");
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
