/** @file ResNet_vd (`paddleseg/models/backbones/resnet_vd.py`). */
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { type Args, ArgumentError } from "../../nn/args.ts";
import { Held } from "../../nn/held.ts";
import { type AnyLayer, Layer } from "../../nn/layer.ts";
import { Pool2D } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import type { Backbone } from "./backbone.ts";
import { BasicBlock, BottleneckBlock, ConvBNLayer } from "./resnet_vd-blocks.ts";

/** Blocks in each stage, by number of layers (He et al. 2016, table 1). */
const depths = { 18: [2, 2, 2, 2], 50: [3, 4, 6, 3], 101: [3, 4, 23, 3] } as const;

/** Stages whose stride becomes a dilation, by output stride; any other leaves the strides as they are. */
const dilations: Readonly<Record<number, Readonly<Record<number, number>>>> = { 8: { 2: 2, 3: 4 }, 16: { 3: 2 } };

export class ResNetVd extends Layer<readonly [Tensor], PyList> implements Backbone {
  readonly feat_channels: readonly number[];
  readonly layers: number;
  readonly conv1_1: ConvBNLayer;
  readonly conv1_2: ConvBNLayer;
  readonly conv1_3: ConvBNLayer;
  readonly pool2d_max: Pool2D;
  private readonly stages: Layer[][] = [];
  private readonly stem = new Held();

  constructor(args: Args, layers: keyof typeof depths) {
    super();
    const dilated = dilations[args.int("output_stride", 8)] ?? {};
    const multiGrid = args.numbers("multi_grid", [1, 1, 1]);
    const inChannels = args.int("in_channels", 3);
    const dataFormat = args.string("data_format", "NCHW", ["NCHW", "NHWC"]);
    args.finish();
    this.layers = layers;
    const filters = [64, 128, 256, 512];
    const deep = layers >= 50;
    this.feat_channels = deep ? filters.map((c) => c * 4) : filters;
    this.conv1_1 = new ConvBNLayer(inChannels, 32, 3, { stride: 2, relu: true, dataFormat });
    this.conv1_2 = new ConvBNLayer(32, 32, 3, { relu: true, dataFormat });
    this.conv1_3 = new ConvBNLayer(32, 64, 3, { relu: true, dataFormat });
    this.pool2d_max = new Pool2D(3, { stride: 2, padding: 1, dataFormat });
    const Block = deep ? BottleneckBlock : BasicBlock;
    for (const [stage, depth] of depths[layers].entries()) {
      const blocks: Layer[] = [];
      for (let i = 0; i < depth; i++) {
        const dilation = (dilated[stage] ?? 1) * (stage === 3 ? gridAt(args, multiGrid, i) : 1);
        const out = filters[stage]!;
        const before = stage === 0 ? 64 : this.feat_channels[stage - 1]!;
        blocks.push(
          new Block(i === 0 ? before : this.feat_channels[stage]!, out, {
            stride: i === 0 && stage !== 0 && dilation === 1 ? 2 : 1,
            dilation,
            shortcut: i > 0,
            first: stage === 0 && i === 0,
            dataFormat,
          }),
        );
      }
      this.stages.push(blocks);
    }
  }

  /** The result of the stem, which the backbone keeps as an attribute until the next image (GSCNN reads it). */
  get conv1_logit(): Tensor {
    return this.stem.tensor;
  }

  override *children(): Iterable<readonly [string, AnyLayer]> {
    yield* super.children();
    for (const [stage, blocks] of this.stages.entries()) {
      for (const [i, block] of blocks.entries()) yield [`bb_${stage}_${i}`, block];
    }
  }

  forward(f: { y: Tensor; feat_list: PyList }, inputs: Tensor): PyList {
    f.y = this.conv1_1.call(inputs);
    f.y = this.conv1_2.call(f.y);
    f.y = this.conv1_3.call(f.y);
    this.stem.set(t.assign(f.y));
    f.y = this.pool2d_max.call(f.y);
    f.feat_list = new PyList();
    for (const blocks of this.stages) {
      for (const block of blocks) f.y = block.call(f.y);
      f.feat_list.append(f.y);
    }
    return f.feat_list;
  }
}

/** The grid's factor for a block of the last stage. */
function gridAt(args: Args, grid: readonly number[], index: number): number {
  const factor = grid[index];
  if (factor !== undefined) return factor;
  throw new ArgumentError(args.type, "multi_grid", `multi_grid must have ${index + 1} or more entries`);
}
