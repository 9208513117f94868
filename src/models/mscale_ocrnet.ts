/** @file MscaleOCRNet (`paddleseg/models/mscale_ocrnet.py`): predictions at several scales, weighed by attention. */
import { scope } from "../engine/frame.ts";
import { drop } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import { type Args, ArgumentError } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer } from "../nn/layer.ts";
import { Conv2D, Sigmoid } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { ConvBNReLU } from "./blocks/conv.ts";
import { features } from "./blocks/features.ts";
import { MscaleOCRHead } from "./blocks/mscale-ocr.ts";
import type { Network } from "./network.ts";

/** A weight between 0 and 1 for each pixel. */
class AttenHead extends Layer {
  readonly conv_bn_re0: ConvBNReLU;
  readonly conv_bn_re1: ConvBNReLU;
  readonly conv2: Conv2D;
  readonly sig: Sigmoid;

  constructor(inChannels: number, outChannels: number) {
    super();
    const options = { padding: 1, bias: false };
    this.conv_bn_re0 = new ConvBNReLU(inChannels, 256, 3, options);
    this.conv_bn_re1 = new ConvBNReLU(256, 256, 3, options);
    this.conv2 = new Conv2D(256, outChannels, 1, { bias: false });
    this.sig = new Sigmoid();
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = this.conv_bn_re0.call(x);
    f.x = this.conv_bn_re1.call(f.x);
    f.x = this.conv2.call(f.x);
    f.x = this.sig.call(f.x);
    return f.x;
  }
}

/** `_fwd`'s dict. */
interface Outs {
  readonly pred_out: Tensor;
  readonly aux_out: Tensor;
  readonly logit_attn: Tensor;
}

interface OnceLocals {
  x: Tensor;
  high_level_features: Iterable<Tensor>;
  pred_out: Tensor;
  aux_out: Tensor;
  ocr_mid_feats: Tensor;
  attn: Tensor;
}

interface ScaleLocals {
  x_1x: Tensor;
  pred: Tensor;
  aux: Tensor;
  scales_tensor: Tensor;
  s: Tensor;
  x: Tensor;
  outs: Outs;
  pred_out: Tensor;
  attn_out: Tensor;
  aux_out: Tensor;
}

interface TwoLocals {
  inputs: Tensor;
  x_lower: Tensor;
  lower_outs: Outs;
  pred_05x: Tensor;
  pred_lower: Tensor;
  aux_lower: Tensor;
  logit_attn: Tensor;
  higher_outs: Outs;
  pred_10x: Tensor;
  pred_higher: Tensor;
  aux_higher: Tensor;
  joint_pred: Tensor;
  joint_aux: Tensor;
  scaled_pred_05x: Tensor;
}

const bilinear = { mode: "bilinear" } as const;

/** `a · x + (1 - a) · y`. */
function blend(a: Tensor, x: Tensor, y: Tensor): Tensor {
  const left = t.multiply(a, x);
  return t.add(left, t.multiply(t.rsub(1, a), y));
}

export class MscaleOCRNet extends Layer<readonly [Tensor], readonly Tensor[]> implements Network {
  readonly backbone: Backbone;
  readonly ocr: MscaleOCRHead;
  readonly scale_attn: AttenHead;
  private readonly scales: readonly number[];

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    this.backbone = buildBackbone(args.component("backbone"));
    const { channels } = features(args, this.backbone, [0], 1);
    this.scales = args.numbers("mscale", [0.5, 1, 2]).toSorted((a, b) => b - a);
    if (this.scales.some((s) => s <= 0)) {
      throw new ArgumentError(args.type, "mscale", "mscale must be a list of positive numbers");
    }
    this.ocr = new MscaleOCRHead(classes, channels);
    this.scale_attn = new AttenHead(512, 1);
    args.finish();
  }

  forward(_f: object, inputs: Tensor): readonly Tensor[] {
    return this.scales.length > 0 && !this.training ? this.allScales(inputs) : this.twoScales(inputs);
  }

  private once(x: Tensor): Outs {
    return scope({ x }, (f: OnceLocals) => {
      f.high_level_features = this.backbone.call(f.x);
      const [pred, aux, mid] = this.ocr.call(f.high_level_features);
      f.pred_out = pred!;
      f.aux_out = aux!;
      f.ocr_mid_feats = mid!;
      f.attn = this.scale_attn.call(f.ocr_mid_feats);
      f.aux_out = F.interpolate(f.aux_out, f.x.hw, bilinear);
      f.pred_out = F.interpolate(f.pred_out, f.x.hw, bilinear);
      f.attn = F.interpolate(f.attn, f.x.hw, bilinear);
      return { pred_out: f.pred_out, aux_out: f.aux_out, logit_attn: f.attn };
    });
  }

  /** Evaluation: from the largest scale down; the result has the size of the largest. */
  private allScales(inputs: Tensor): readonly Tensor[] {
    return scope({ x_1x: inputs }, (f: ScaleLocals) => {
      f.pred = t.empty([1, 1, 1, 1]);
      f.aux = t.empty([1, 1, 1, 1]);
      f.scales_tensor = t.transpose(t.toTensor([2, this.scales.length], "float32"), [1, 0]);
      for (const [i, factor] of this.scales.entries()) {
        f.s = t.select(f.scales_tensor, 0, i);
        f.x = F.interpolateBy(f.x_1x, factor, bilinear);
        f.outs = this.once(f.x);
        f.pred_out = f.outs.pred_out;
        f.attn_out = f.outs.logit_attn;
        f.aux_out = f.outs.aux_out;
        if (i === 0) {
          f.pred = f.pred_out;
          f.aux = f.aux_out;
          continue;
        }
        drop(t.greaterEqual(t.select(f.s, 0, 0), 1));
        if (factor >= 1) this.larger(f);
        else this.smaller(f);
      }
      return [f.pred];
    });
  }

  /** What is there so far is brought to the size of this scale. */
  private larger(f: ScaleLocals): void {
    f.pred = F.interpolate(f.pred, f.pred_out.hw, bilinear);
    f.pred = blend(f.attn_out, f.pred_out, f.pred);
    f.aux = F.interpolate(f.aux, f.pred_out.hw, bilinear);
    f.aux = blend(f.attn_out, f.aux_out, f.aux);
  }

  /** This scale is brought to the size of what is there. */
  private smaller(f: ScaleLocals): void {
    f.pred_out = t.multiply(f.attn_out, f.pred_out);
    f.aux_out = t.multiply(f.attn_out, f.aux_out);
    f.pred_out = F.interpolate(f.pred_out, f.pred.hw, bilinear);
    f.aux_out = F.interpolate(f.aux_out, f.pred.hw, bilinear);
    f.attn_out = F.interpolate(f.attn_out, f.pred.hw, bilinear);
    f.pred = t.add(f.pred_out, t.multiply(t.rsub(1, f.attn_out), f.pred));
    f.aux = t.add(f.aux_out, t.multiply(t.rsub(1, f.attn_out), f.aux));
  }

  /** Training: half size and full size. */
  private twoScales(inputs: Tensor): readonly Tensor[] {
    return scope({ inputs }, (f: TwoLocals) => {
      f.x_lower = F.interpolateBy(f.inputs, 0.5, bilinear);
      f.lower_outs = this.once(f.x_lower);
      f.pred_05x = f.lower_outs.pred_out;
      f.pred_lower = f.pred_05x;
      f.aux_lower = f.lower_outs.aux_out;
      f.logit_attn = f.lower_outs.logit_attn;
      f.higher_outs = this.once(f.inputs);
      f.pred_10x = f.higher_outs.pred_out;
      f.pred_higher = f.pred_10x;
      f.aux_higher = f.higher_outs.aux_out;
      f.pred_lower = t.multiply(f.logit_attn, f.pred_lower);
      f.aux_lower = t.multiply(f.logit_attn, f.aux_lower);
      const size = f.pred_higher.hw;
      f.pred_lower = F.interpolate(f.pred_lower, size, bilinear);
      f.aux_lower = F.interpolate(f.aux_lower, size, bilinear);
      f.logit_attn = F.interpolate(f.logit_attn, size, bilinear);
      f.joint_pred = t.add(f.pred_lower, t.multiply(t.rsub(1, f.logit_attn), f.pred_higher));
      f.joint_aux = t.add(f.aux_lower, t.multiply(t.rsub(1, f.logit_attn), f.aux_higher));
      if (!this.training) return [f.joint_pred];
      f.scaled_pred_05x = F.interpolate(f.pred_05x, size, bilinear);
      return [f.joint_aux, f.joint_pred, f.scaled_pred_05x, f.pred_10x];
    });
  }
}
