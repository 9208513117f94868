/** @file StrideFormer, PP-MobileSeg's backbone (`paddleseg/models/backbones/strideformer.py`). */
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { type Args, ArgumentError } from "../../nn/args.ts";
import { type AnyLayer, Layer } from "../../nn/layer.ts";
import { Sigmoid } from "../../nn/layers.ts";
import { SeaBlocks, type SeaParts } from "../blocks/sea-attention.ts";
import { SeaFusion } from "../blocks/sea-fusion.ts";
import type { Backbone } from "./backbone.ts";
import { AAM, AAMSx8 } from "./strideformer-aam.ts";
import { type MV3Block, StackedMV3Block } from "./strideformer-blocks.ts";
import { Conv2DBN, ConvBNAct, HSigmoid } from "./top_transformer-blocks.ts";
import { depthRatesOnCard } from "./transformer_utils.ts";

/** What tells the sizes apart. */
export interface StridePlan {
  readonly stages: readonly (readonly MV3Block[])[];
  readonly channels: readonly number[];
  readonly dims: readonly number[];
  readonly depth: number;
  readonly heads: number;
}

export const stridePlans: Readonly<Record<"Base" | "Tiny", StridePlan>> = {
  Base: {
    stages: [
      [
        [3, 16, 16, true, "relu", 1],
        [3, 64, 32, false, "relu", 2],
        [3, 96, 32, false, "relu", 1],
      ],
      [
        [5, 128, 64, true, "hardswish", 2],
        [5, 240, 64, true, "hardswish", 1],
      ],
      [
        [5, 384, 128, true, "hardswish", 2],
        [5, 384, 128, true, "hardswish", 1],
      ],
      [
        [5, 768, 192, true, "hardswish", 2],
        [5, 768, 192, true, "hardswish", 1],
      ],
    ],
    channels: [16, 32, 64, 128],
    dims: [128, 192],
    depth: 3,
    heads: 8,
  },
  Tiny: {
    stages: [
      [
        [3, 16, 16, true, "relu", 1],
        [3, 64, 32, false, "relu", 2],
        [3, 48, 24, false, "relu", 1],
      ],
      [
        [5, 96, 32, true, "hardswish", 2],
        [5, 96, 32, true, "hardswish", 1],
      ],
      [
        [5, 160, 64, true, "hardswish", 2],
        [5, 160, 64, true, "hardswish", 1],
      ],
      [
        [3, 384, 128, true, "hardswish", 2],
        [3, 384, 128, true, "hardswish", 1],
      ],
    ],
    channels: [16, 24, 32, 64],
    dims: [64, 128],
    depth: 2,
    heads: 4,
  },
};

function parts(halved: boolean): SeaParts {
  return {
    conv: (from, to, depthwise = false) =>
      depthwise ? new Conv2DBN(from, to, { kernel: 3, stride: 1, padding: 1, groups: from }) : new Conv2DBN(from, to),
    gate: () => new HSigmoid(),
    positions: "drawn",
    halved,
  };
}

type Injection = Layer<readonly [PyList], Tensor>;

interface Locals {
  outputs: PyList;
  x: Tensor;
  x_detail: Tensor;
  output: Tensor;
}

/** Its one feature comes in a list of one here; in Python it is the tensor itself. */
export class StrideFormer extends Layer<readonly [Tensor], PyList> implements Backbone {
  readonly feat_channels: readonly number[];
  private readonly smb: readonly StackedMV3Block[];
  private readonly trans: readonly SeaBlocks[];
  private readonly inj_module: Injection | undefined;
  private readonly fuse: readonly SeaFusion[];

  constructor(args: Args, plan: StridePlan) {
    super();
    const keyDims = args.numbers("key_dims", [16, 24]);
    const attnRatio = args.number("attn_ratios", 2);
    const mlpRatios = args.numbers("mlp_ratios", [2, 4]);
    const dropPath = args.number("drop_path_rate", 0.1);
    const kind = args.string("inj_type", "AAM", ["AAM", "AAMSx8", "origin"]);
    const outChannels = args.int("out_channels", 256);
    const dims = args.numbers("dims", [128, 160]);
    const from = args.numbers("out_feat_chs");
    const halved = args.boolean("stride_attention", true);
    // The stem takes three channels whatever `in_channels` says.
    args.ignore("in_channels");
    args.finish();
    if (from.length !== 3) throw new ArgumentError(args.type, "out_feat_chs", "out_feat_chs must be three numbers");
    const { stages, channels, depth, heads } = plan;
    this.smb = stages.map((blocks, i) => new StackedMV3Block(blocks, channels[i]!, i === 0));
    this.trans = plan.dims.map((dim, i) => {
      const attention = { keyDim: keyDims[i]!, heads, attnRatio, mlpRatio: mlpRatios[i]! };
      return new SeaBlocks(dim, attention, depthRatesOnCard(dropPath, depth), parts(halved));
    });
    this.inj_module =
      kind === "AAM" ? new AAM(from, outChannels) : kind === "AAMSx8" ? new AAMSx8(from, outChannels) : undefined;
    this.fuse = this.inj_module ? [] : fusions(from, dims);
    this.feat_channels = [this.inj_module ? outChannels : dims.at(-1)!];
  }

  override *children(): Iterable<readonly [string, AnyLayer]> {
    for (const [i, layer] of this.smb.entries()) yield [`smb${i + 1}`, layer];
    for (const [i, layer] of this.trans.entries()) yield [`trans${i + 1}`, layer];
    if (this.inj_module) yield ["inj_module", this.inj_module];
    for (const [i, layer] of this.fuse.entries()) yield [`fuse${i + 1}`, layer];
  }

  forward(f: Locals, x: Tensor): PyList {
    f.outputs = new PyList();
    f.x = x;
    const first = this.smb.length - this.trans.length;
    for (const [i, stage] of this.smb.entries()) {
      f.x = stage.call(f.x);
      if (i === 1) f.outputs.append(f.x);
      const trans = this.trans[i - first];
      if (trans === undefined) continue;
      f.x = trans.call(f.x);
      f.outputs.append(f.x);
    }
    if (this.inj_module) {
      f.output = this.inj_module.call(f.outputs);
    } else {
      f.x_detail = f.outputs.at(0);
      for (const [i, fuse] of this.fuse.entries()) f.x_detail = fuse.call(f.x_detail, f.outputs.at(i + 1));
      f.output = f.x_detail;
    }
    const result = new PyList();
    result.append(f.output);
    return result;
  }
}

function fusions(from: readonly number[], dims: readonly number[]): SeaFusion[] {
  return dims.map((dim, i) => {
    const local = new ConvBNAct(i === 0 ? from[0]! : dims[i - 1]!, dim);
    return new SeaFusion(local, new ConvBNAct(from[i + 1]!, dim), new Sigmoid());
  });
}
