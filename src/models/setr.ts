/** @file SETR (`paddleseg/models/setr.py`): a VisionTransformer and one of three heads. */
import type { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import { Layer } from "../nn/layer.ts";
import type { VisionTransformer } from "./backbones/vision_transformer.ts";
import { upsampled } from "./blocks/logits.ts";
import type { Network } from "./network.ts";
import { tokenBackbone } from "./segmenter.ts";
import { NaiveHead, PUPHead, type TokenHead } from "./setr-heads.ts";
import { MLAHead } from "./setr-mla-head.ts";

const heads = { naive: NaiveHead, pup: PUPHead, mla: MLAHead } as const;

export class SegmentationTransformer extends Layer<readonly [Tensor], PyList> implements Network {
  readonly backbone: VisionTransformer;
  readonly head: TokenHead;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    this.backbone = tokenBackbone(args);
    const indices = args.numbers("backbone_indices", [9, 14, 19, 23]);
    const kind = args.string<keyof typeof heads>("head", "naive", ["naive", "pup", "mla"]);
    args.ignore("align_corners");
    this.head = new heads[kind](args, classes, indices, this.backbone.embed_dim);
    args.finish();
  }

  forward(f: { feats: PyList; logits: PyList }, x: Tensor): PyList {
    f.feats = this.backbone.call(x);
    f.logits = this.head.call(f.feats, this.backbone.grid(x.hw));
    return upsampled(f.logits, x.hw);
  }
}
