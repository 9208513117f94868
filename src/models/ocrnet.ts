/** @file OCRNet (`paddleseg/models/ocrnet.py`). */
import type { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import { Layer, Sequential } from "../nn/layer.ts";
import { Conv2D } from "../nn/layers.ts";
import type { Backbone } from "./backbones/backbone.ts";
import { buildBackbone } from "./backbones/index.ts";
import { ConvBNReLU } from "./blocks/conv.ts";
import { requiredFeatures } from "./blocks/features.ts";
import { normalConvolutions } from "./blocks/init-weight.ts";
import { upsampled } from "./blocks/logits.ts";
import { SpatialGatherBlock, SpatialOCRModule } from "./blocks/ocr.ts";
import type { Network } from "./network.ts";

interface HeadLocals {
  feat_shallow: Tensor;
  feat_deep: Tensor;
  soft_regions: Tensor;
  pixels: Tensor;
  object_regions: Tensor;
  ocr: Tensor;
  logit: Tensor;
}

/** Object-contextual representations: a coarse prediction gathers a feature for each class, pixels attend to them. */
export class OCRHead extends Layer<readonly [readonly Tensor[]], readonly Tensor[]> {
  readonly spatial_gather: SpatialGatherBlock;
  readonly spatial_ocr: SpatialOCRModule;
  readonly conv3x3_ocr: ConvBNReLU;
  readonly cls_head: Conv2D;
  readonly aux_head: Sequential;

  constructor(classes: number, inChannels: readonly number[], middle: number, key: number) {
    super();
    const shallow = inChannels.at(-2) ?? inChannels.at(-1)!;
    this.spatial_gather = new SpatialGatherBlock(middle, classes);
    this.spatial_ocr = new SpatialOCRModule(middle, key, middle);
    this.conv3x3_ocr = new ConvBNReLU(inChannels.at(-1)!, middle, 3, { padding: 1 });
    this.cls_head = new Conv2D(middle, classes, 1);
    this.aux_head = new Sequential(new ConvBNReLU(shallow, shallow, 1), new Conv2D(shallow, classes, 1));
    normalConvolutions(this);
  }

  forward(f: HeadLocals, feats: readonly Tensor[]): readonly Tensor[] {
    f.feat_shallow = feats.at(-2) ?? feats.at(-1)!;
    f.feat_deep = feats.at(-1)!;
    f.soft_regions = this.aux_head.call(f.feat_shallow);
    f.pixels = this.conv3x3_ocr.call(f.feat_deep);
    f.object_regions = this.spatial_gather.call(f.pixels, f.soft_regions);
    f.ocr = this.spatial_ocr.call(f.pixels, f.object_regions);
    f.logit = this.cls_head.call(f.ocr);
    return [f.logit, f.soft_regions];
  }
}

export class OCRNet extends Layer<readonly [Tensor], PyList> implements Network {
  readonly backbone: Backbone;
  readonly head: OCRHead;
  private readonly indices: readonly number[];

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    this.backbone = buildBackbone(args.component("backbone"));
    const { indices, channels } = requiredFeatures(args, this.backbone, 1);
    this.indices = indices;
    const middle = args.int("ocr_mid_channels", 512);
    this.head = new OCRHead(classes, channels, middle, args.int("ocr_key_channels", 256));
    args.ignore("align_corners");
    args.finish();
  }

  forward(f: { feats: PyList | readonly Tensor[]; logit_list: PyList | readonly Tensor[] }, x: Tensor): PyList {
    const feats = this.backbone.call(x);
    f.feats = feats;
    f.feats = this.indices.map((i) => feats.at(i));
    const logits = this.head.call(f.feats);
    f.logit_list = logits;
    if (!this.training) f.logit_list = [logits[0]!];
    const list = upsampled(f.logit_list, x.hw);
    f.logit_list = list;
    return list;
  }
}
