/** @file ISANet (`paddleseg/models/isanet.py`): interlaced sparse self-attention. */
import { scope } from "../engine/frame.ts";
import { drop, type PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import { type Args, ArgumentError } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer, Sequential } from "../nn/layer.ts";
import { Conv2D, Dropout2D } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { AttentionBlock } from "./blocks/attention.ts";
import { ConvBNReLU } from "./blocks/conv.ts";
import { features } from "./blocks/features.ts";
import { upsampled } from "./blocks/logits.ts";
import type { Network } from "./network.ts";

interface AttentionLocals {
  query: Tensor;
  key: Tensor;
  value: Tensor;
  sim_map: Tensor;
  context: Tensor;
}

/** Attention of a map to itself, and a projection. */
class SelfAttentionBlock extends AttentionBlock {
  readonly output_project: ConvBNReLU;

  constructor(inChannels: number, channels: number) {
    super({
      keyChannels: inChannels,
      queryChannels: inChannels,
      channels,
      outChannels: inChannels,
      shared: false,
      keyConvs: 2,
      valueConvs: 1,
      keyNorm: true,
      valueNorm: false,
      scaled: true,
      withOut: false,
    });
    this.output_project = new ConvBNReLU(inChannels, inChannels, 1, { bias: false });
  }

  override forward(f: AttentionLocals, x: Tensor): Tensor {
    f.context = scope<AttentionLocals, Tensor>({}, (g) => super.forward(g, x, x));
    return this.output_project.call(f.context);
  }
}

interface HeadLocals {
  C3: Tensor;
  C4: Tensor;
  x: Tensor;
  feat: Tensor;
  output: Tensor;
  auxout: Tensor;
}

/** The map is cut into a grid of P cells a side: attention between cells, then inside each. */
class ISAHead extends Layer<readonly [readonly Tensor[]], readonly Tensor[]> {
  readonly in_conv: ConvBNReLU;
  readonly global_relation: SelfAttentionBlock;
  readonly local_relation: SelfAttentionBlock;
  readonly out_conv: ConvBNReLU;
  readonly cls: Sequential;
  readonly aux: Sequential;
  private readonly channels: number;
  private readonly factor: readonly number[];
  private readonly auxiliary: boolean;

  constructor(args: Args, classes: number, inChannels: number) {
    super();
    const channels = Math.floor(inChannels / 4);
    const isaChannels = args.int("isa_channels", 256);
    this.channels = channels;
    this.factor = args.numbers("down_factor", [8, 8]);
    this.auxiliary = args.boolean("enable_auxiliary_loss", true);
    this.in_conv = new ConvBNReLU(inChannels, channels, 3, { bias: false });
    this.global_relation = new SelfAttentionBlock(channels, isaChannels);
    this.local_relation = new SelfAttentionBlock(channels, isaChannels);
    this.out_conv = new ConvBNReLU(channels * 2, channels, 1, { bias: false });
    // PaddleSeg's own rates and widths.
    this.cls = new Sequential(new Dropout2D(0.1), new Conv2D(channels, classes, 1));
    this.aux = new Sequential(
      new ConvBNReLU(1024, 256, 3, { bias: false }),
      new Dropout2D(0.1),
      new Conv2D(256, classes, 1),
    );
  }

  forward(f: HeadLocals, feats: readonly Tensor[]): readonly Tensor[] {
    f.C3 = feats[0]!;
    f.C4 = feats[1]!;
    f.x = this.in_conv.call(f.C4);
    this.attend(f);
    f.feat = this.out_conv.call(t.concat([f.feat, f.x], 1));
    f.output = this.cls.call(f.feat);
    if (!this.auxiliary) return [f.output];
    f.auxout = this.aux.call(f.C3);
    return [f.output, f.auxout];
  }

  private attend(f: HeadLocals): void {
    const c = this.channels;
    const [ph, pw] = [this.factor[0]!, this.factor[1]!];
    const n = f.x.dim(0);
    const [h, w] = f.x.hw;
    const [qh, qw] = [Math.ceil(h / ph), Math.ceil(w / pw)];
    const [padH, padW] = [qh * ph - h, qw * pw - w];
    const [top, left] = [Math.floor(padH / 2), Math.floor(padW / 2)];
    const padded = padH > 0 || padW > 0;
    if (padded) {
      // The padding is a tensor: F.pad joins it with two zeros.
      drop(t.zeros([2], "int32"));
      f.feat = F.pad(f.x, [left, padW - left, top, padH - top]);
    } else f.feat = f.x;
    f.feat = t.reshape(f.feat, [0, c, qh, ph, qw, pw]);
    f.feat = t.reshape(t.transpose(f.feat, [0, 3, 5, 1, 2, 4]), [-1, c, qh, qw]);
    f.feat = this.global_relation.call(f.feat, f.feat);
    f.feat = t.reshape(f.feat, [n, ph, pw, c, qh, qw]);
    f.feat = t.reshape(t.transpose(f.feat, [0, 4, 5, 3, 1, 2]), [-1, c, ph, pw]);
    f.feat = this.local_relation.call(f.feat, f.feat);
    f.feat = t.reshape(f.feat, [n, qh, qw, c, ph, pw]);
    f.feat = t.reshape(t.transpose(f.feat, [0, 3, 1, 4, 2, 5]), [0, c, ph * qh, pw * qw]);
    if (padded) f.feat = t.sliceAxes(f.feat, { axes: [2, 3], starts: [top, left], ends: [top + h, left + w] });
  }
}

export class ISANet extends Layer<readonly [Tensor], PyList> implements Network {
  readonly backbone: Backbone;
  readonly head: ISAHead;
  private readonly indices: readonly number[];

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    this.backbone = buildBackbone(args.component("backbone"));
    const { indices, channels } = features(args, this.backbone, [2, 3], 2);
    if (indices.length !== 2) {
      throw new ArgumentError(args.type, "backbone_indices", "backbone_indices must be two places");
    }
    this.indices = indices;
    this.head = new ISAHead(args, classes, channels[1]!);
    args.ignore("align_corners");
    args.finish();
  }

  forward(f: { feats: PyList | readonly Tensor[]; logit_list: PyList | readonly Tensor[] }, x: Tensor): PyList {
    const feats = this.backbone.call(x);
    f.feats = feats;
    const chosen = this.indices.map((i) => feats.at(i));
    f.feats = chosen;
    const logits = this.head.call(chosen);
    f.logit_list = logits;
    const list = upsampled(logits, x.hw);
    f.logit_list = list;
    return list;
  }
}
