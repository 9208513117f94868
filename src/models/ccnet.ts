/** @file CCNet (`paddleseg/models/ccnet.py`). */
import { scope } from "../engine/frame.ts";
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import { buffer, type Held } from "../nn/held.ts";
import { Layer, Parameter } from "../nn/layer.ts";
import { Conv2D, Softmax } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { AuxLayer, ConvBNLeakyReLU } from "./blocks/conv.ts";
import { features } from "./blocks/features.ts";
import { upsampled } from "./blocks/logits.ts";
import type { Network } from "./network.ts";

interface AttentionLocals {
  proj_q: Tensor;
  proj_q_h: Tensor;
  proj_q_w: Tensor;
  proj_k: Tensor;
  proj_k_h: Tensor;
  proj_k_w: Tensor;
  proj_v: Tensor;
  proj_v_h: Tensor;
  proj_v_w: Tensor;
  energy_h: Tensor;
  energy_w: Tensor;
  concate: Tensor;
  attn_h: Tensor;
  attn_w: Tensor;
  out_h: Tensor;
  out_w: Tensor;
}

/** NCHW with the columns, or the rows, brought to the front. */
const byColumn = [0, 3, 1, 2];
const byRow = [0, 2, 1, 3];

/** Attention of each pixel to its row and column. */
class CrissCrossAttention extends Layer {
  readonly q_conv: Conv2D;
  readonly k_conv: Conv2D;
  readonly v_conv: Conv2D;
  readonly softmax: Softmax;
  readonly gamma: Parameter;
  private readonly infinity: Held;

  constructor(channels: number) {
    super();
    // An eighth of the channels, as in the paper's code.
    const few = Math.floor(channels / 8);
    this.q_conv = new Conv2D(channels, few, 1);
    this.k_conv = new Conv2D(channels, few, 1);
    this.v_conv = new Conv2D(channels, channels, 1);
    this.softmax = new Softmax();
    this.gamma = new Parameter([1], { initializer: "full" });
    this.infinity = buffer(t.full([1]));
  }

  forward(f: AttentionLocals, x: Tensor): Tensor {
    const [b, , h, w] = [x.dim(0), x.dim(1), x.dim(2), x.dim(3)];
    const columns = (y: Tensor) => t.reshape(t.transpose(y, byColumn), [b * w, -1, h]);
    const rows = (y: Tensor) => t.reshape(t.transpose(y, byRow), [b * h, -1, w]);
    f.proj_q = this.q_conv.call(x);
    f.proj_q_h = t.transpose(columns(f.proj_q), [0, 2, 1]);
    f.proj_q_w = t.transpose(rows(f.proj_q), [0, 2, 1]);
    f.proj_k = this.k_conv.call(x);
    f.proj_k_h = columns(f.proj_k);
    f.proj_k_w = rows(f.proj_k);
    f.proj_v = this.v_conv.call(x);
    f.proj_v_h = columns(f.proj_v);
    f.proj_v_w = rows(f.proj_v);
    const energy = t.add(t.bmm(f.proj_q_h, f.proj_k_h), this.negativeInfinity(b, h, w));
    f.energy_h = t.transpose(t.reshape(energy, [b, w, h, h]), byRow);
    f.energy_w = t.reshape(t.bmm(f.proj_q_w, f.proj_k_w), [b, h, w, w]);
    f.concate = this.softmax.call(t.concat([f.energy_h, f.energy_w], 3));
    f.attn_h = t.reshape(t.transpose(t.slice(f.concate, 3, 0, h), byRow), [b * w, h, h]);
    f.attn_w = t.reshape(t.slice(f.concate, 3, h, h + w), [b * h, w, w]);
    const outH = t.bmm(f.proj_v_h, t.transpose(f.attn_h, [0, 2, 1]));
    f.out_h = t.transpose(t.reshape(outH, [b, w, -1, h]), [0, 2, 3, 1]);
    const outW = t.bmm(f.proj_v_w, t.transpose(f.attn_w, [0, 2, 1]));
    f.out_w = t.transpose(t.reshape(outW, [b, h, -1, w]), byRow);
    return t.add(t.multiply(this.gamma, t.add(f.out_h, f.out_w)), x);
  }

  /** A column's own pixel is counted in the row only: minus infinity on the diagonal. */
  private negativeInfinity(b: number, h: number, w: number): Tensor {
    return scope({}, () => {
      const diagonal = t.unsqueeze(t.diag(t.tile(this.infinity.tensor, [h])), 0);
      return t.scale(t.tile(diagonal, [b * w, 1, 1]));
    });
  }
}

class RCCAModule extends Layer {
  readonly conva: ConvBNLeakyReLU;
  readonly cca: CrissCrossAttention;
  readonly convb: ConvBNLeakyReLU;
  readonly out: AuxLayer;
  private readonly recurrence: number;

  constructor(inChannels: number, outChannels: number, classes: number, dropout: number, recurrence: number) {
    super();
    this.recurrence = recurrence;
    const inter = Math.floor(inChannels / 4);
    this.conva = new ConvBNLeakyReLU(inChannels, inter, 3, { padding: 1, bias: false });
    this.cca = new CrissCrossAttention(inter);
    this.convb = new ConvBNLeakyReLU(inter, inter, 3, { padding: 1, bias: false });
    this.out = new AuxLayer(inChannels + inter, outChannels, classes, { dropout });
  }

  forward(f: { feat: Tensor; output: Tensor }, x: Tensor): Tensor {
    f.feat = this.conva.call(x);
    for (let i = 0; i < this.recurrence; i++) f.feat = this.cca.call(f.feat);
    f.feat = this.convb.call(f.feat);
    f.output = this.out.call(t.concat([x, f.feat], 1));
    return f.output;
  }
}

export class CCNet extends Layer<readonly [Tensor], PyList> implements Network {
  readonly backbone: Backbone;
  readonly aux_head: AuxLayer | undefined;
  readonly head: RCCAModule;
  private readonly indices: readonly number[];

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    this.backbone = buildBackbone(args.component("backbone"));
    const { indices, channels } = features(args, this.backbone, [2, 3], 2);
    this.indices = indices;
    const dropout = args.number("dropout_prob", 0);
    const recurrence = args.int("recurrence", 1);
    const auxiliary = args.boolean("enable_auxiliary_loss", true);
    args.ignore("align_corners");
    args.finish();
    // Width of both heads, fixed in PaddleSeg.
    const width = 512;
    if (auxiliary) this.aux_head = new AuxLayer(channels[0]!, width, classes, { dropout });
    this.head = new RCCAModule(channels[1]!, width, classes, dropout, recurrence);
  }

  forward(f: { feat_list: PyList; logit_list: PyList; output: Tensor; aux_out: Tensor }, x: Tensor): PyList {
    f.feat_list = this.backbone.call(x);
    f.logit_list = new PyList();
    f.output = this.head.call(f.feat_list.at(this.indices.at(-1)!));
    f.logit_list.append(f.output);
    if (this.training && this.aux_head) {
      f.aux_out = this.aux_head.call(f.feat_list.at(this.indices.at(-2)!));
      f.logit_list.append(f.aux_out);
    }
    return upsampled(f.logit_list, x.hw);
  }
}
