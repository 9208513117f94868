/** @file K-Net (`paddleseg/models/knet.py`). */
import { scope } from "../engine/frame.ts";
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import { type Args, ArgumentError } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer, LayerList } from "../nn/layer.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { AuxLayer } from "./blocks/conv.ts";
import { requiredFeatures } from "./blocks/features.ts";
import { FCNKernelHead, type KernelHead, UPerKernelHead } from "./blocks/kernel-head.ts";
import { KernelUpdateHead } from "./blocks/kernel-update-head.ts";
import type { Network } from "./network.ts";

interface Locals {
  feats: PyList | readonly Tensor[] | Tensor;
  aux_out: Tensor;
  sem_seg: Tensor;
  seg_kernels: Tensor;
  stage_segs: PyList;
  v: Tensor;
}

function kernelHead(args: Args): KernelHead {
  const type = args.string("head_layer", undefined, ["UPerKernelHead", "FCNKernelHead"]);
  const head = type === "UPerKernelHead" ? new UPerKernelHead(args) : new FCNKernelHead(args);
  args.finish();
  return head;
}

export class KNet extends Layer<readonly [Tensor], PyList> implements Network {
  readonly backbone: Backbone;
  readonly kernel_update_head: LayerList<KernelUpdateHead>;
  readonly kernel_generate_head: KernelHead;
  readonly aux_head: AuxLayer | undefined;
  private readonly indices: readonly number[];

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    this.backbone = buildBackbone(args.component("backbone"));
    this.indices = requiredFeatures(args, this.backbone, 1).indices;
    const stages = Array.from({ length: args.count("num_stages", 3) });
    this.kernel_update_head = new LayerList(
      stages.map(() => new KernelUpdateHead(args.group("kernel_update_head_params"))),
    );
    this.kernel_generate_head = kernelHead(args.group("kernel_generate_head_params"));
    const dropout = args.number("dropout_prob", 0.1);
    if (args.boolean("enable_auxiliary_loss", false)) {
      if (this.backbone.feat_channels[2] !== auxChannels) {
        throw new ArgumentError("KNet", "backbone", `the third map of the backbone must have ${auxChannels} channels`);
      }
      this.aux_head = new AuxLayer(auxChannels, 256, classes, { dropout });
    }
    args.ignore("channels", "align_corners");
    args.finish();
  }

  forward(f: Locals, x: Tensor): PyList {
    const feats = this.backbone.call(x);
    f.feats = feats;
    if (this.aux_head) f.aux_out = this.aux_head.call(feats.at(2));
    const chosen = this.indices.map((i) => feats.at(i));
    f.feats = chosen;
    const [sem_seg, features, seg_kernels] = this.kernel_generate_head.call(chosen);
    f.sem_seg = sem_seg;
    f.feats = features;
    f.seg_kernels = seg_kernels;
    const segs = new PyList();
    f.stage_segs = segs;
    segs.append(f.sem_seg);
    for (const head of this.kernel_update_head) {
      const [masks, kernels] = head.call(features, f.seg_kernels, f.sem_seg);
      f.sem_seg = masks;
      f.seg_kernels = kernels;
      segs.append(f.sem_seg);
    }
    if (!this.training) return last(segs, x.hw);
    if (this.aux_head) segs.append(f.aux_out);
    for (let i = 0; i < segs.length; i++) {
      f.v = segs.at(i);
      segs.set(i, F.interpolate(f.v, x.hw, { mode: "bilinear" }));
    }
    return segs;
  }
}

/** Input channels of the auxiliary head, whatever the backbone. */
const auxChannels = 1024;

/** In evaluation only the last stage's masks are brought to the image's size. */
function last(segs: PyList, size: readonly [number, number]): PyList {
  return scope({}, (f: { result: PyList }) => {
    f.result = new PyList();
    f.result.append(F.interpolate(segs.at(-1), size, { mode: "bilinear" }));
    return f.result;
  });
}
