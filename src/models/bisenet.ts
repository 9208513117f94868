/** @file BiSeNetV2 (`paddleseg/models/bisenet.py`). */
import type { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer, Sequential } from "../nn/layer.ts";
import { Conv2D, Dropout, Pool2D } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import { Activation } from "./blocks/activation.ts";
import { DetailBranch, SemanticBranch } from "./blocks/bisenet.ts";
import { ConvBN, ConvBNReLU, DepthwiseConvBN } from "./blocks/conv.ts";
import { normalConvolutions } from "./blocks/init-weight.ts";
import { upsampled } from "./blocks/logits.ts";
import type { Network } from "./network.ts";

interface BGALocals {
  db_feat_keep: Tensor;
  db_feat_down: Tensor;
  sb_feat_keep: Tensor;
  sb_feat_up: Tensor;
  db_feat: Tensor;
  sb_feat: Tensor;
}

/** Bilateral guided aggregation of the two branches. */
class BGA extends Layer<readonly [Tensor, Tensor]> {
  readonly db_branch_keep: Sequential;
  readonly db_branch_down: Sequential;
  readonly sb_branch_keep: Sequential;
  readonly sb_branch_up: ConvBN;
  readonly conv: ConvBN;

  constructor(channels: number) {
    super();
    this.db_branch_keep = new Sequential(new DepthwiseConvBN(channels, channels, 3), new Conv2D(channels, channels, 1));
    this.db_branch_down = new Sequential(
      new ConvBN(channels, channels, 3, { stride: 2 }),
      new Pool2D(3, { stride: 2, padding: 1 }),
    );
    this.sb_branch_keep = new Sequential(
      new DepthwiseConvBN(channels, channels, 3),
      new Conv2D(channels, channels, 1),
      new Activation("sigmoid"),
    );
    this.sb_branch_up = new ConvBN(channels, channels, 3);
    this.conv = new ConvBN(channels, channels, 3);
  }

  forward(f: BGALocals, dfm: Tensor, sfm: Tensor): Tensor {
    f.db_feat_keep = this.db_branch_keep.call(dfm);
    f.db_feat_down = this.db_branch_down.call(dfm);
    f.sb_feat_keep = this.sb_branch_keep.call(sfm);
    f.sb_feat_up = this.sb_branch_up.call(sfm);
    f.sb_feat_up = F.interpolate(f.sb_feat_up, f.db_feat_keep.hw, { mode: "bilinear" });
    f.sb_feat_up = F.sigmoid(f.sb_feat_up);
    f.db_feat = t.multiply(f.db_feat_keep, f.sb_feat_up);
    f.sb_feat = t.multiply(f.db_feat_down, f.sb_feat_keep);
    f.sb_feat = F.interpolate(f.sb_feat, f.db_feat.hw, { mode: "bilinear" });
    return this.conv.call(t.add(f.db_feat, f.sb_feat));
  }
}

class SegHead extends Layer {
  readonly conv_3x3: Sequential;
  readonly conv_1x1: Conv2D;

  constructor(inChannels: number, midChannels: number, classes: number) {
    super();
    // PaddleSeg's own dropout rate.
    this.conv_3x3 = new Sequential(new ConvBNReLU(inChannels, midChannels, 3), new Dropout(0.1));
    this.conv_1x1 = new Conv2D(midChannels, classes, 1);
  }

  forward(f: { conv1: Tensor; conv2: Tensor }, x: Tensor): Tensor {
    f.conv1 = this.conv_3x3.call(x);
    f.conv2 = this.conv_1x1.call(f.conv1);
    return f.conv2;
  }
}

interface Locals {
  dfm: Tensor;
  feats: readonly Tensor[];
  logit: Tensor;
  logit1: Tensor;
  logit2: Tensor;
  logit3: Tensor;
  logit4: Tensor;
}

/** Widths are the class's own; `lambd` narrows the first two of the semantic branch. */
export class BiSeNetV2 extends Layer<readonly [Tensor], PyList> implements Network {
  readonly db: DetailBranch;
  readonly sb: SemanticBranch;
  readonly bga: BGA;
  readonly aux_head1: SegHead;
  readonly aux_head2: SegHead;
  readonly aux_head3: SegHead;
  readonly aux_head4: SegHead;
  readonly head: SegHead;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    const lambd = args.number("lambd", 0.25);
    const inChannels = args.int("in_channels", 3);
    args.ignore("align_corners");
    args.finish();
    const [c1, c3] = [Math.trunc(64 * lambd), Math.trunc(128 * lambd)];
    this.db = new DetailBranch(inChannels, [64, 64, 128]);
    this.sb = new SemanticBranch(inChannels, [c1, c3, 64, 128]);
    this.bga = new BGA(128);
    this.aux_head1 = new SegHead(c1, c1, classes);
    this.aux_head2 = new SegHead(c3, c3, classes);
    this.aux_head3 = new SegHead(64, 64, classes);
    this.aux_head4 = new SegHead(128, 128, classes);
    this.head = new SegHead(128, 128, classes);
    normalConvolutions(this);
  }

  forward(f: Locals, x: Tensor): PyList {
    f.dfm = this.db.call(x);
    f.feats = this.sb.call(x);
    const [feat1, feat2, feat3, feat4, sfm] = f.feats;
    f.logit = this.head.call(this.bga.call(f.dfm, sfm!));
    if (!this.training) return upsampled([f.logit], x.hw);
    f.logit1 = this.aux_head1.call(feat1!);
    f.logit2 = this.aux_head2.call(feat2!);
    f.logit3 = this.aux_head3.call(feat3!);
    f.logit4 = this.aux_head4.call(feat4!);
    return upsampled([f.logit, f.logit1, f.logit2, f.logit3, f.logit4], x.hw);
  }
}
