/** @file GSCNN (`paddleseg/models/gscnn.py`): a shape stream beside the backbone, gated by it. */
import { scope } from "../engine/frame.ts";
import type { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import { type Args, ArgumentError } from "../nn/args.ts";
import { Layer } from "../nn/layer.ts";
import type { Logit } from "../nn/logit.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { features } from "./blocks/features.ts";
import { upsampled } from "./blocks/logits.ts";
import { GSCNNHead } from "./gscnn-head.ts";
import type { Network } from "./network.ts";

interface Locals {
  feat_list: PyList;
  logit_list: readonly Tensor[];
  seg_logit: Tensor;
  edge_logit: Tensor;
}

export class GSCNN extends Layer<readonly [Tensor], readonly Logit[]> implements Network {
  readonly backbone: Backbone;
  readonly head: GSCNNHead;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    this.backbone = buildBackbone(args.component("backbone"));
    const from = features(args, this.backbone, [0, 1, 2, 3], 4);
    this.head = new GSCNNHead(args, classes, from, this.backbone.feat_channels);
    args.ignore("align_corners");
    args.finish();
  }

  forward(f: Locals, x: Tensor): readonly Logit[] {
    f.feat_list = this.backbone.call(x);
    const stem = this.backbone.conv1_logit;
    if (stem === undefined) {
      throw new ArgumentError("GSCNN", "backbone", "GSCNN needs a ResNet_vd backbone: it reads the stem's result");
    }
    f.logit_list = this.head.call(x, f.feat_list, stem);
    unpack(f, upsampled(f.logit_list, x.hw));
    return [f.seg_logit, [f.seg_logit, f.edge_logit], f.edge_logit, f.seg_logit];
  }
}

/** Two names for two items; the list itself is gone. */
function unpack(f: Locals, list: PyList): void {
  scope({ list }, () => {
    f.seg_logit = list.at(0);
    f.edge_logit = list.at(1);
  });
}
