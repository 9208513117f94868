/** @file UPerNetViTAdapter (`paddleseg/models/upernet_vit_adapter.py`): pyramid pooling and a feature pyramid over ViTAdapter. */
import { scope } from "../engine/frame.ts";
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer, LayerList, Sequential } from "../nn/layer.ts";
import { AdaptiveAvgPool2D, BatchNorm2D, Conv2D, type ConvLayerOptions, Dropout2D, ReLU } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { upsampled } from "./blocks/logits.ts";
import type { Network } from "./network.ts";

/** The file's own ConvBNReLU: no bias unless it is asked for. */
class ConvBNReLU extends Layer {
  readonly conv: Conv2D;
  readonly bn: BatchNorm2D;
  readonly relu: ReLU;

  constructor(inChannels: number, outChannels: number, kernel: number, options: ConvLayerOptions = {}) {
    super();
    this.conv = new Conv2D(inChannels, outChannels, kernel, { bias: false, ...options });
    this.bn = new BatchNorm2D(outChannels);
    this.relu = new ReLU();
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = this.conv.call(x);
    f.x = this.bn.call(f.x);
    f.x = this.relu.call(f.x);
    return f.x;
  }
}

/** Pyramid pooling: one map for each scale, resized to the input. */
class PPM extends Layer<readonly [Tensor], PyList> {
  readonly stages: LayerList<Sequential>;

  constructor(scales: readonly number[], inChannels: number, channels: number) {
    super();
    this.stages = new LayerList(
      scales.map((scale) => new Sequential(new AdaptiveAvgPool2D(scale), new ConvBNReLU(inChannels, channels, 1))),
    );
  }

  forward(f: { ppm_outs: PyList; ppm_out: Tensor; upsampled: Tensor }, x: Tensor): PyList {
    f.ppm_outs = new PyList();
    for (const ppm of this.stages) {
      f.ppm_out = ppm.call(x);
      f.upsampled = F.interpolate(f.ppm_out, x.hw, { mode: "bilinear" });
      f.ppm_outs.append(f.upsampled);
    }
    return f.ppm_outs;
  }
}

interface HeadOptions {
  readonly channels: number;
  readonly scales: readonly number[];
  readonly dropout: number;
  /** Channels of the auxiliary head, or undefined for none. */
  readonly aux: number | undefined;
}

interface HeadLocals {
  laterals: PyList;
  upsampled: Tensor;
  fpn_outs: PyList;
  fused: Tensor;
  output: Tensor;
  logits_list: PyList;
  aux_output: Tensor;
}

class UPerNetHead extends Layer<readonly [readonly Tensor[]], PyList> {
  readonly psp_modules: PPM;
  readonly bottleneck: ConvBNReLU;
  readonly lateral_convs: LayerList<ConvBNReLU>;
  readonly fpn_convs: LayerList<ConvBNReLU>;
  readonly fpn_bottleneck: ConvBNReLU;
  readonly dropout: Dropout2D | undefined;
  readonly conv_seg: Conv2D;
  readonly aux_conv: ConvBNReLU | undefined;
  readonly aux_conv_seg: Conv2D | undefined;

  constructor(classes: number, from: readonly number[], { channels, scales, dropout, aux }: HeadOptions) {
    super();
    const top = from.at(-1)!;
    this.psp_modules = new PPM(scales, top, channels);
    this.bottleneck = new ConvBNReLU(top + scales.length * channels, channels, 3, { padding: 1 });
    this.lateral_convs = new LayerList();
    this.fpn_convs = new LayerList();
    for (const own of from.slice(0, -1)) {
      this.lateral_convs.append(new ConvBNReLU(own, channels, 1));
      this.fpn_convs.append(new ConvBNReLU(channels, channels, 3, { padding: 1 }));
    }
    this.fpn_bottleneck = new ConvBNReLU(from.length * channels, channels, 3, { padding: 1 });
    if (dropout > 0) this.dropout = new Dropout2D(dropout);
    this.conv_seg = new Conv2D(channels, classes, 1);
    if (aux === undefined) return;
    this.aux_conv = new ConvBNReLU(from[2]!, aux, 3, { padding: 1 });
    this.aux_conv_seg = new Conv2D(aux, classes, 1);
  }

  /** `psp_forward`. */
  private pooled(inputs: readonly Tensor[]): Tensor {
    return scope({}, (f: { outs: PyList; joined: Tensor; output: Tensor }) => {
      const x = inputs.at(-1)!;
      f.outs = new PyList();
      f.outs.append(x);
      f.outs.extend(this.psp_modules.call(x));
      f.joined = t.concat(f.outs, 1);
      Reflect.deleteProperty(f, "outs");
      f.output = this.bottleneck.call(f.joined);
      return f.output;
    });
  }

  forward(f: HeadLocals, inputs: readonly Tensor[]): PyList {
    f.laterals = new PyList();
    for (const [i, lateral] of [...this.lateral_convs].entries()) f.laterals.append(lateral.call(inputs[i]!));
    f.laterals.append(this.pooled(inputs));
    const levels = f.laterals.length;
    for (let i = levels - 1; i > 0; i--) {
      f.upsampled = F.interpolate(f.laterals.at(i), f.laterals.at(i - 1).hw, { mode: "bilinear" });
      f.laterals.set(i - 1, t.add(f.laterals.at(i - 1), f.upsampled));
    }
    f.fpn_outs = new PyList();
    for (let i = 0; i < levels - 1; i++) f.fpn_outs.append(this.fpn_convs.at(i).call(f.laterals.at(i)));
    f.fpn_outs.append(f.laterals.at(-1));
    for (let i = levels - 1; i > 0; i--) {
      f.fpn_outs.set(i, F.interpolate(f.fpn_outs.at(i), f.fpn_outs.at(0).hw, { mode: "bilinear" }));
    }
    // `fpn_outs` is bound anew to the joined map, which lets go of the list.
    const joined = t.concat(f.fpn_outs, 1);
    f.fused = joined;
    Reflect.deleteProperty(f, "fpn_outs");
    f.output = this.fpn_bottleneck.call(f.fused);
    if (this.dropout) f.output = this.dropout.call(f.output);
    f.output = this.conv_seg.call(f.output);
    f.logits_list = new PyList();
    f.logits_list.append(f.output);
    if (this.aux_conv && this.aux_conv_seg && this.training) {
      f.aux_output = this.aux_conv.call(inputs[2]!);
      f.aux_output = this.aux_conv_seg.call(f.aux_output);
      f.logits_list.append(f.aux_output);
    }
    return f.logits_list;
  }
}

export class UPerNetViTAdapter extends Layer<readonly [Tensor], PyList> implements Network {
  readonly backbone: Backbone;
  readonly head: UPerNetHead;
  private readonly indices: readonly number[];

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    this.backbone = buildBackbone(args.component("backbone"));
    this.indices = args.numbers("backbone_indices");
    const aux = args.int("aux_channels", 256);
    args.ignore("align_corners");
    const from = this.indices.map((i) => this.backbone.feat_channels[i]!);
    this.head = new UPerNetHead(classes, from, {
      channels: args.int("channels", 512),
      scales: args.numbers("pool_scales", [1, 2, 3, 6]),
      dropout: args.number("dropout_ratio", 0.1),
      aux: args.boolean("aux_loss", true) ? aux : undefined,
    });
    args.finish();
  }

  forward(f: { feats: PyList | readonly Tensor[]; logit_list: PyList }, x: Tensor): PyList {
    const feats = this.backbone.call(x);
    f.feats = feats;
    const chosen = this.indices.map((i) => feats.at(i));
    f.feats = chosen;
    f.logit_list = this.head.call(chosen);
    f.logit_list = upsampled(f.logit_list, x.hw);
    return f.logit_list;
  }
}
