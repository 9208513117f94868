/** @file UPerNet on the context autoencoder (`paddleseg/models/upernet_cae.py`). */
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import { type Args, ArgumentError } from "../nn/args.ts";
import { Layer, Sequential } from "../nn/layer.ts";
import { BatchNorm2D, Conv2DTranspose, GELU, Identity, Pool2D } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import { CAE } from "./backbones/cae.ts";
import { buildBackbone } from "./backbones/index.ts";
import { upsampled } from "./blocks/logits.ts";
import { UPerNetCAEHead } from "./blocks/upernet-cae-head.ts";
import type { Network } from "./network.ts";

/** Channels of the layers that make the pyramid, whatever the backbone. */
const width = 768;

/** `nn.SyncBatchNorm` by name, on one card too. */
function synchronised(channels: number): BatchNorm2D {
  const norm = new BatchNorm2D(channels);
  norm.synchronised = true;
  return norm;
}

interface Locals {
  feats: PyList;
  feat: Tensor;
  logit_list: PyList;
}

export class UPerNetCAE extends Layer<readonly [Tensor], PyList> implements Network {
  readonly fpn1: Sequential;
  readonly fpn2: Sequential;
  readonly fpn3: Identity;
  readonly fpn4: Pool2D;
  readonly norm: Identity;
  readonly backbone: CAE;
  readonly decode_head: UPerNetCAEHead;
  private readonly indices: readonly number[];

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    const backbone = buildBackbone(args.component("backbone"));
    if (!(backbone instanceof CAE)) throw new ArgumentError("UPerNetCAE", "backbone", "backbone must be CAE");
    this.indices = args.numbers("backbone_indices");
    if (this.indices.length !== 4 || this.indices.some((i) => backbone.feat_channels.at(i) === undefined)) {
      const reason = `backbone_indices must be four of the backbone's ${backbone.feat_channels.length} blocks`;
      throw new ArgumentError("UPerNetCAE", "backbone_indices", reason);
    }
    const double = () => new Conv2DTranspose(width, width, 2, { stride: 2 });
    this.fpn1 = new Sequential(double(), synchronised(width), new GELU(), double());
    this.fpn2 = new Sequential(double());
    this.fpn3 = new Identity();
    this.fpn4 = new Pool2D(2, { stride: 2 });
    this.norm = new Identity();
    this.backbone = backbone;
    this.decode_head = new UPerNetCAEHead({
      inChannels: args.int("head_channels"),
      classes,
      planes: args.numbers("channels_fpn"),
      channels: args.int("channels"),
      dropout: args.number("dropout_ratio", 0.1),
      fpnChannels: args.int("fpn_channels"),
      auxiliary: args.boolean("enable_auxiliary_loss", true),
    });
    args.ignore("align_corners");
    args.finish();
  }

  forward(f: Locals, x: Tensor): PyList {
    const all = this.backbone.call(x);
    f.feats = all;
    const [height, columns] = this.backbone.grid(x.hw);
    const feats = new PyList();
    for (const i of this.indices) feats.append(all.at(i));
    f.feats = feats;
    for (let i = 0; i < feats.length; i++) {
      f.feat = feats.at(i);
      const turned = t.transpose(this.norm.call(f.feat), [0, 2, 1]);
      feats.set(i, t.reshape(turned, [x.dim(0), -1, height, columns]));
    }
    for (const [i, layer] of [this.fpn1, this.fpn2, this.fpn3, this.fpn4].entries()) {
      feats.set(i, layer.call(feats.at(i)));
    }
    f.logit_list = this.decode_head.call(feats);
    f.logit_list = upsampled(f.logit_list, x.hw);
    return f.logit_list;
  }
}
