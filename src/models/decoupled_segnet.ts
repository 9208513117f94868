/** @file DecoupledSegNet (`paddleseg/models/decoupled_segnet.py`): bodies and edges of objects learnt apart. */
import { scope } from "../engine/frame.ts";
import type { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer, Sequential } from "../nn/layer.ts";
import { Conv2D, Sigmoid } from "../nn/layers.ts";
import type { Logit } from "../nn/logit.ts";
import * as t from "../nn/tensor.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { ConvBNReLU } from "./blocks/conv.ts";
import { type Features, features } from "./blocks/features.ts";
import { flowWarp } from "./blocks/flow-warp.ts";
import { upsampled } from "./blocks/logits.ts";
import { ASPPModule } from "./blocks/pyramid-pool.ts";
import type { Network } from "./network.ts";

interface SqueezeLocals {
  seg_down: Tensor;
  flow: Tensor;
  seg_flow_warp: Tensor;
  seg_edge: Tensor;
}

/** The body of a map is what a flow draws together, the edge what is left. */
class SqueezeBodyEdge extends Layer<readonly [Tensor], readonly [Tensor, Tensor]> {
  readonly down: Sequential;
  readonly flow_make: Conv2D;

  constructor(channels: number) {
    super();
    const half = () => new ConvBNReLU(channels, channels, 3, { groups: channels, stride: 2 });
    this.down = new Sequential(half(), half());
    this.flow_make = new Conv2D(channels * 2, 2, 3, { padding: "SAME", bias: false });
  }

  forward(f: SqueezeLocals, x: Tensor): readonly [Tensor, Tensor] {
    f.seg_down = this.down.call(x);
    f.seg_down = F.interpolate(f.seg_down, x.hw, { mode: "bilinear" });
    f.flow = this.flow_make.call(t.concat([x, f.seg_down], 1));
    f.seg_flow_warp = flowWarp(x, f.flow, x.hw);
    f.seg_edge = t.subtract(x, f.seg_flow_warp);
    return [f.seg_flow_warp, f.seg_edge];
  }
}

interface HeadLocals {
  fine_fea: Tensor;
  x: Tensor;
  aspp: Tensor;
  seg_body: Tensor;
  seg_edge: Tensor;
  seg_edge_out: Tensor;
  seg_body_out: Tensor;
  seg_out: Tensor;
  seg_final_out: Tensor;
}

function block(inChannels: number, outChannels: number): ConvBNReLU {
  return new ConvBNReLU(inChannels, outChannels, 3, { bias: false });
}

/** Widths 48, 256 and 512 are PaddleSeg's own, whatever aspp_out_channels says. */
class DecoupledSegNetHead extends Layer<readonly [PyList], readonly Tensor[]> {
  readonly aspp: ASPPModule;
  readonly bot_fine: Conv2D;
  readonly squeeze_body_edge: SqueezeBodyEdge;
  readonly edge_fusion: Conv2D;
  readonly sigmoid_edge: Sigmoid;
  readonly edge_out: Sequential;
  readonly dsn_seg_body: Sequential;
  readonly final_seg: Sequential;
  private readonly indices: readonly number[];

  constructor(args: Args, classes: number, { indices, channels }: Features) {
    super();
    this.indices = indices;
    const ratios = args.numbers("aspp_ratios", [1, 6, 12, 18]);
    const width = args.int("aspp_out_channels", 256);
    const plain = { bias: false };
    this.aspp = new ASPPModule(ratios, channels[1]!, width, { imagePooling: true });
    this.bot_fine = new Conv2D(channels[0]!, 48, 1, plain);
    this.squeeze_body_edge = new SqueezeBodyEdge(256);
    this.edge_fusion = new Conv2D(256 + 48, 256, 1, plain);
    this.sigmoid_edge = new Sigmoid();
    this.edge_out = new Sequential(block(256, 48), new Conv2D(48, 1, 1, plain));
    this.dsn_seg_body = new Sequential(block(256, 256), new Conv2D(256, classes, 1, plain));
    this.final_seg = new Sequential(block(512, 256), block(256, 256), new Conv2D(256, classes, 1, plain));
  }

  forward(f: HeadLocals, feats: PyList): readonly Tensor[] {
    f.fine_fea = feats.at(this.indices[0]!);
    const size = f.fine_fea.hw;
    f.x = feats.at(this.indices[1]!);
    f.aspp = this.aspp.call(f.x);
    const [body, edge] = this.squeeze_body_edge.call(f.aspp);
    f.seg_body = body;
    f.seg_edge = edge;
    f.fine_fea = this.bot_fine.call(f.fine_fea);
    f.seg_edge = F.interpolate(f.seg_edge, size, { mode: "bilinear" });
    f.seg_edge = this.edge_fusion.call(t.concat([f.seg_edge, f.fine_fea], 1));
    f.seg_edge_out = this.edge_out.call(f.seg_edge);
    f.seg_edge_out = this.sigmoid_edge.call(f.seg_edge_out);
    f.seg_body_out = this.dsn_seg_body.call(f.seg_body);
    f.seg_out = t.add(f.seg_edge, F.interpolate(f.seg_body, size, { mode: "bilinear" }));
    f.aspp = F.interpolate(f.aspp, size, { mode: "bilinear" });
    f.seg_out = t.concat([f.aspp, f.seg_out], 1);
    f.seg_final_out = this.final_seg.call(f.seg_out);
    return [f.seg_final_out, f.seg_body_out, f.seg_edge_out];
  }
}

interface Locals {
  feat_list: PyList;
  logit_list: readonly Tensor[];
  seg_logit: Tensor;
  body_logit: Tensor;
  edge_logit: Tensor;
}

export class DecoupledSegNet extends Layer<readonly [Tensor], readonly Logit[]> implements Network {
  readonly backbone: Backbone;
  readonly head: DecoupledSegNetHead;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    this.backbone = buildBackbone(args.component("backbone"));
    this.head = new DecoupledSegNetHead(args, classes, features(args, this.backbone, [0, 3], 2));
    args.ignore("align_corners");
    args.finish();
  }

  forward(f: Locals, x: Tensor): readonly Logit[] {
    f.feat_list = this.backbone.call(x);
    f.logit_list = this.head.call(f.feat_list);
    unpack(f, upsampled(f.logit_list, x.hw));
    if (!this.training) return [f.seg_logit];
    return [f.seg_logit, f.body_logit, f.edge_logit, [f.seg_logit, f.edge_logit]];
  }
}

/** Three names for three items; the list itself is gone. */
function unpack(f: Locals, list: PyList): void {
  scope({ list }, () => {
    f.seg_logit = list.at(0);
    f.body_logit = list.at(1);
    f.edge_logit = list.at(2);
  });
}
