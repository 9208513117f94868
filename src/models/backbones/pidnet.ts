/** @file PIDNet's backbone (`paddleseg/models/backbones/pidnet.py`): three branches that exchange maps. */
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import type { Args } from "../../nn/args.ts";
import * as F from "../../nn/functional.ts";
import { Layer, LayerList, Sequential } from "../../nn/layer.ts";
import { ReLU } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import type { ConvBNAct } from "../blocks/conv.ts";
import { normalConvolutions } from "../blocks/init-weight.ts";
import type { Backbone } from "./backbone.ts";
import { Bag, BasicBlock, Bottleneck, DAPPM, LightBag, normed, PAPPM, PagFM, rectified } from "./pidnet-blocks.ts";

export interface PIDNetPlan {
  readonly channels: number;
  readonly ppm: number;
  readonly stemBlocks: 2 | 3;
  readonly branchBlocks: number;
}

/** The published sizes. */
export const pidnetPlans = {
  Small: { channels: 32, ppm: 96, stemBlocks: 2, branchBlocks: 3 },
  Medium: { channels: 64, ppm: 96, stemBlocks: 2, branchBlocks: 3 },
  Large: { channels: 64, ppm: 112, stemBlocks: 3, branchBlocks: 4 },
} as const satisfies Record<string, PIDNetPlan>;

type BlockClass = typeof BasicBlock | typeof Bottleneck;

function downsampled(Block: BlockClass, inChannels: number, channels: number, stride: number): ConvBNAct | undefined {
  const out = channels * Block.expansion;
  return stride !== 1 || inChannels !== out ? normed(inChannels, out, 1, { stride }) : undefined;
}

/** Blocks of one stage; the shortcut's convolution is made first. */
function stage(Block: BlockClass, inChannels: number, channels: number, count: number, stride = 1): Sequential {
  const shortcut = downsampled(Block, inChannels, channels, stride);
  const layers = new Sequential(new Block(inChannels, channels, stride, shortcut, Block.bareByDefault));
  for (let i = 1; i < count; i++) {
    layers.append(new Block(channels * Block.expansion, channels, 1, undefined, i === count - 1));
  }
  return layers;
}

/** One basic block that ends without ReLU. */
function single(inChannels: number, channels: number): BasicBlock {
  return new BasicBlock(inChannels, channels, 1, downsampled(BasicBlock, inChannels, channels, 1), true);
}

interface Locals {
  x: Tensor;
  x_i: Tensor;
  x_p: Tensor;
  x_d: Tensor;
  comp_i: Tensor;
  diff_i: Tensor;
  temp_p: Tensor;
  temp_d: Tensor;
  out: Tensor;
  result: PyList;
}

/** In training three maps (for the three heads), in evaluation one. */
export class PIDNetBackbone extends Layer<readonly [Tensor], PyList> implements Backbone {
  readonly feat_channels: readonly number[];
  readonly stem: Sequential;
  readonly relu: ReLU;
  readonly i_branch_layers: LayerList<Sequential>;
  readonly p_branch_layers: LayerList<Sequential>;
  readonly compression_1: ConvBNAct;
  readonly compression_2: ConvBNAct;
  readonly pag_1: PagFM;
  readonly pag_2: PagFM;
  readonly d_branch_layers: LayerList<Layer>;
  readonly spp: DAPPM;
  readonly dfm: LightBag | Bag;
  readonly diff_1: ConvBNAct;
  readonly diff_2: ConvBNAct;

  constructor(args: Args, { channels: c, ppm, stemBlocks, branchBlocks }: PIDNetPlan) {
    super();
    const inChannels = args.int("in_channels", 3);
    args.finish();
    const halved = { stride: 2, padding: 1 };
    this.feat_channels = [c * 4];
    this.stem = new Sequential(
      rectified(inChannels, c, 3, halved),
      rectified(c, c, 3, halved),
      stage(BasicBlock, c, c, stemBlocks),
      new ReLU(),
      stage(BasicBlock, c, c * 2, stemBlocks, 2),
      new ReLU(),
    );
    this.relu = new ReLU();
    this.i_branch_layers = new LayerList([
      stage(BasicBlock, c * 2, c * 4, branchBlocks, 2),
      stage(BasicBlock, c * 4, c * 8, branchBlocks, 2),
      stage(Bottleneck, c * 8, c * 8, 2, 2),
    ]);
    this.p_branch_layers = new LayerList([
      stage(BasicBlock, c * 2, c * 2, stemBlocks),
      stage(BasicBlock, c * 2, c * 2, stemBlocks),
      stage(Bottleneck, c * 2, c * 2, 1),
    ]);
    this.compression_1 = normed(c * 4, c * 2, 1);
    this.compression_2 = normed(c * 8, c * 2, 1);
    this.pag_1 = new PagFM(c * 2, c);
    this.pag_2 = new PagFM(c * 2, c);
    const light = stemBlocks === 2;
    this.d_branch_layers = light
      ? new LayerList<Layer>([single(c * 2, c), stage(Bottleneck, c, c, 1)])
      : new LayerList<Layer>([single(c * 2, c * 2), single(c * 2, c * 2)]);
    this.spp = light ? new PAPPM(c * 16, ppm, c * 4) : new DAPPM(c * 16, ppm, c * 4);
    this.dfm = light ? new LightBag(c * 4, c * 4) : new Bag(c * 4, c * 4);
    this.diff_1 = normed(c * 4, light ? c : c * 2, 3, { padding: 1 });
    this.diff_2 = normed(c * 8, c * 2, 3, { padding: 1 });
    this.d_branch_layers.append(stage(Bottleneck, c * 2, c * 2, 1));
    normalConvolutions(this);
  }

  forward(f: Locals, x: Tensor): PyList {
    // An eighth of the image's size, as the branches' strides make it.
    const size = [Math.floor(x.dim(2) / 8), Math.floor(x.dim(3) / 8)];
    const enlarged = (map: Tensor) => F.interpolate(map, size, { mode: "bilinear" });
    const [i0, i1, i2] = [...this.i_branch_layers];
    const [p0, p1, p2] = [...this.p_branch_layers];
    const [d0, d1, d2] = [...this.d_branch_layers];
    f.x = this.stem.call(x);
    f.x_i = this.relu.call(i0!.call(f.x));
    f.x_p = p0!.call(f.x);
    f.x_d = d0!.call(f.x);
    f.comp_i = this.compression_1.call(f.x_i);
    f.x_p = this.pag_1.call(f.x_p, f.comp_i);
    f.diff_i = this.diff_1.call(f.x_i);
    f.x_d = t.add(f.x_d, enlarged(f.diff_i));
    if (this.training) f.temp_p = t.assign(f.x_p);
    f.x_i = this.relu.call(i1!.call(f.x_i));
    f.x_p = p1!.call(this.relu.call(f.x_p));
    f.x_d = d1!.call(this.relu.call(f.x_d));
    f.comp_i = this.compression_2.call(f.x_i);
    f.x_p = this.pag_2.call(f.x_p, f.comp_i);
    f.diff_i = this.diff_2.call(f.x_i);
    f.x_d = t.add(f.x_d, enlarged(f.diff_i));
    if (this.training) f.temp_d = t.assign(f.x_d);
    f.x_i = i2!.call(f.x_i);
    f.x_p = p2!.call(this.relu.call(f.x_p));
    f.x_d = d2!.call(this.relu.call(f.x_d));
    f.x_i = this.spp.call(f.x_i);
    f.x_i = enlarged(f.x_i);
    f.out = this.dfm.call(f.x_p, f.x_i, f.x_d);
    f.result = new PyList();
    f.result.extend(this.training ? [f.temp_p, f.out, f.temp_d] : [f.out]);
    return f.result;
  }
}
