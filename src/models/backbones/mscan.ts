/** @file MSCAN, SegNeXt's encoder (`paddleseg/models/backbones/mscan.py`). */
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { type Args, ArgumentError } from "../../nn/args.ts";
import { type AnyLayer, Layer, LayerList, refill, sublayers } from "../../nn/layer.ts";
import { Conv2D, LayerNorm } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import type { Backbone } from "./backbone.ts";
import { Block, OverlapPatchEmbed, type PatchEmbed, StemConv } from "./mscan-blocks.ts";
import { depthRates } from "./transformer_utils.ts";

/** What tells the sizes apart. */
export interface MscanPlan {
  readonly dims: readonly number[];
  readonly depths: readonly number[];
  readonly dropPath: number;
}

const wide = [64, 128, 320, 512];

/** MSCAN_T is the class's own defaults. */
export const mscanPlans: Readonly<Record<"T" | "S" | "B" | "L", MscanPlan>> = {
  T: { dims: [32, 64, 160, 256], depths: [3, 3, 5, 2], dropPath: 0.1 },
  S: { dims: wide, depths: [2, 2, 4, 2], dropPath: 0.1 },
  B: { dims: wide, depths: [3, 3, 12, 3], dropPath: 0.1 },
  L: { dims: wide, depths: [3, 5, 27, 3], dropPath: 0.3 },
};

interface Stage {
  readonly embed: PatchEmbed;
  readonly block: LayerList<Block>;
  readonly norm: LayerNorm;
}

export class MSCAN extends Layer<readonly [Tensor], PyList> implements Backbone {
  readonly feat_channels: readonly number[];
  private readonly stages: Stage[] = [];

  constructor(args: Args, plan: MscanPlan) {
    super();
    const inChannels = args.int("in_channels", 3);
    const dims = args.numbers("embed_dims", plan.dims);
    const depths = args.numbers("depths", plan.depths);
    const ratios = args.numbers("mlp_ratios", [8, 8, 4, 4]);
    const kernels = args.numbers("atten_kernel_sizes", [7, 11, 21]);
    const dropRate = args.number("drop_rate", 0);
    const last = args.number("drop_path_rate", plan.dropPath);
    args.finish();
    if (dims.length !== depths.length || dims.length !== ratios.length) {
      throw new ArgumentError(args.type, "depths", "embed_dims, mlp_ratios and depths must be of one length");
    }
    this.feat_channels = dims;
    const rates = depthRates(
      last,
      depths.reduce((a, b) => a + b, 0),
    );
    for (const [i, dim] of dims.entries()) {
      const embed = i === 0 ? new StemConv(inChannels, dim) : new OverlapPatchEmbed(3, 2, dims[i - 1]!, dim);
      const options = { kernels, mlpRatio: ratios[i]!, dropRate };
      const block = new LayerList(rates.splice(0, depths[i]!).map((rate) => new Block(dim, rate, options)));
      this.stages.push({ embed, block, norm: new LayerNorm(dim) });
    }
    for (const layer of sublayers(this)) if (layer instanceof Conv2D) refill(layer.weight, "gaussian");
  }

  override *children(): Iterable<readonly [string, AnyLayer]> {
    for (const [i, { embed, block, norm }] of this.stages.entries()) {
      yield [`patch_embed${i + 1}`, embed];
      yield [`block${i + 1}`, block];
      yield [`norm${i + 1}`, norm];
    }
  }

  forward(f: { outs: PyList; x: Tensor }, x: Tensor): PyList {
    const batch = x.dim(0);
    f.outs = new PyList();
    f.x = x;
    for (const { embed, block, norm } of this.stages) {
      const [made, height, width] = embed.call(f.x);
      f.x = made;
      for (const one of block) f.x = one.call(f.x, height, width);
      f.x = norm.call(f.x);
      f.x = t.transpose(t.reshape(f.x, [batch, height, width, -1]), [0, 3, 1, 2]);
      f.outs.append(f.x);
    }
    return f.outs;
  }
}
