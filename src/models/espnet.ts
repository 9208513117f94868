/** @file ESPNetV2 (`paddleseg/models/espnet.py`). */
import { scope } from "../engine/frame.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer, LayerList, Sequential } from "../nn/layer.ts";
import { Conv2D, Dropout2D } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import { ConvBNPReLU } from "./blocks/conv.ts";
import { BNPReLU, DownSampler, EESP, PSPModule } from "./blocks/eesp.ts";
import { normalConvolutions } from "./blocks/init-weight.ts";
import type { Network } from "./network.ts";

/** Largest receptive field of the branches at each level, and repeated blocks of levels 3 and 4. */
const [limits, repeats] = [[13, 11, 9, 7] as const, [3, 7] as const];

/** Channels of the four levels: 32 scaled, as a multiple of the branches and no more than 32, then doubled at each. */
function widths(scale: number): readonly [number, number, number, number] {
  const scaled = Math.ceil(Math.trunc(32 * scale) / 4) * 4;
  return [Math.min(scaled, 32), scaled * 2, scaled * 4, scaled * 8];
}

type BackboneLocals = { out_l1: Tensor; out_l2: Tensor; out_l3: Tensor; out_l4: Tensor };

class EESPNetBackbone extends Layer<readonly [Tensor], readonly Tensor[]> {
  readonly level1: ConvBNPReLU;
  readonly level2: DownSampler;
  readonly level3_0: DownSampler;
  readonly level3: LayerList<EESP>;
  readonly level4_0: DownSampler;
  readonly level4: LayerList<EESP>;
  readonly out_channels: readonly [number, number, number, number];

  constructor(inChannels: number, scale: number) {
    super();
    const [c1, c2, c3, c4] = widths(scale);
    const blocks = (channels: number, count: number, largest: number) =>
      new LayerList(Array.from({ length: count }, () => new EESP(channels, channels, 1, largest)));
    this.out_channels = [c1, c2, c3, c4];
    this.level1 = new ConvBNPReLU(inChannels, c1, 3, { stride: 2, bias: false });
    this.level2 = new DownSampler(c1, c2, limits[0]);
    this.level3_0 = new DownSampler(c2, c3, limits[1]);
    this.level3 = blocks(c3, repeats[0], limits[2]);
    this.level4_0 = new DownSampler(c3, c4, limits[2]);
    this.level4 = blocks(c4, repeats[1], limits[3]);
    normalConvolutions(this);
  }

  forward(f: BackboneLocals, x: Tensor): readonly Tensor[] {
    f.out_l1 = this.level1.call(x);
    f.out_l2 = this.level2.call(f.out_l1, x);
    f.out_l3 = this.level3_0.call(f.out_l2, x);
    for (const layer of this.level3) f.out_l3 = layer.call(f.out_l3);
    f.out_l4 = this.level4_0.call(f.out_l3, x);
    for (const layer of this.level4) f.out_l4 = layer.call(f.out_l4);
    return [f.out_l1, f.out_l2, f.out_l3, f.out_l4];
  }
}

function doubled(x: Tensor): Tensor {
  return F.interpolateBy(x, 2, { mode: "bilinear" });
}

/** Three times twice as large. */
function hierarchicalUpsample(x: Tensor): Tensor {
  return scope({ x }, (f: { x: Tensor }) => {
    for (let i = 0; i < 3; i++) f.x = doubled(f.x);
    return f.x;
  });
}

interface Locals {
  levels: readonly Tensor[];
  out_l4_proj: Tensor;
  l4_to_l3: Tensor;
  merged_l3: Tensor;
  proj_merge_l3: Tensor;
  l3_to_l2: Tensor;
  merged_l2: Tensor;
  l2_to_l1: Tensor;
  merged_l1: Tensor;
}

export class ESPNetV2 extends Layer<readonly [Tensor], readonly Tensor[]> implements Network {
  readonly backbone: EESPNetBackbone;
  readonly proj_l4_c: ConvBNPReLU;
  readonly eesp_psp: Sequential;
  readonly project_l3: Sequential;
  readonly act_l3: BNPReLU;
  readonly project_l2: ConvBNPReLU;
  readonly project_l1: Sequential;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    const inChannels = args.int("in_channels", 3);
    const scale = args.number("scale", 1);
    const dropout = args.number("drop_prob", 0.1);
    args.finish();
    this.backbone = new EESPNetBackbone(inChannels, scale);
    const [c1, c2, c3, c4] = this.backbone.out_channels;
    this.proj_l4_c = new ConvBNPReLU(c4, c3, 1, { stride: 1, bias: false });
    this.eesp_psp = new Sequential(new EESP(2 * c3, c3, 1, limits[3]), new PSPModule(c3, c3));
    this.project_l3 = new Sequential(new Dropout2D(dropout), new Conv2D(c3, classes, 1, { bias: false }));
    this.act_l3 = new BNPReLU(classes);
    this.project_l2 = new ConvBNPReLU(c2 + classes, classes, 1, { stride: 1, bias: false });
    this.project_l1 = new Sequential(new Dropout2D(dropout), new Conv2D(c1 + classes, classes, 1, { bias: false }));
  }

  forward(f: Locals, x: Tensor): readonly Tensor[] {
    f.levels = this.backbone.call(x);
    const [l1, l2, l3, l4] = f.levels;
    f.out_l4_proj = this.proj_l4_c.call(l4!);
    f.l4_to_l3 = doubled(f.out_l4_proj);
    f.merged_l3 = this.eesp_psp.call(t.concat([l3!, f.l4_to_l3], 1));
    f.proj_merge_l3 = this.project_l3.call(f.merged_l3);
    f.proj_merge_l3 = this.act_l3.call(f.proj_merge_l3);
    f.l3_to_l2 = doubled(f.proj_merge_l3);
    f.merged_l2 = this.project_l2.call(t.concat([l2!, f.l3_to_l2], 1));
    f.l2_to_l1 = doubled(f.merged_l2);
    f.merged_l1 = this.project_l1.call(t.concat([l1!, f.l2_to_l1], 1));
    const logit = doubled(f.merged_l1);
    return this.training ? [logit, hierarchicalUpsample(f.proj_merge_l3)] : [logit];
  }
}
