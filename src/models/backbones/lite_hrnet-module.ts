/** @file One module of Lite-HRNet: blocks on all branches, then each branch plus the others. */
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { Layer, LayerList, Sequential } from "../../nn/layer.ts";
import { BatchNorm2D, Conv2D, ReLU, Upsample } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { ShuffleUnit } from "./lite_hrnet-blocks.ts";
import { ListSequential, SparseList } from "./lite_hrnet-lists.ts";
import { ConditionalChannelWeightingBlock } from "./lite_hrnet-weighting.ts";

/** Depthwise convolution, batch norm, pointwise convolution, batch norm: as the list that a Sequential takes. */
export function separable(inChannels: number, outChannels: number, stride: number): Layer[] {
  return [
    new Conv2D(inChannels, inChannels, 3, { stride, padding: 1, groups: inChannels, bias: false }),
    new BatchNorm2D(inChannels),
    new Conv2D(inChannels, outChannels, 1, { bias: false }),
    new BatchNorm2D(outChannels),
  ];
}

/** What brings branch `j` to the size and channels of branch `i`. */
function fuseLayer(channels: readonly number[], i: number, j: number): Layer | undefined {
  const [from, to] = [channels[j]!, channels[i]!];
  if (i === j) return undefined;
  if (j > i) {
    const conv = new Conv2D(from, to, 1, { bias: false });
    const norm = new BatchNorm2D(to);
    return new Sequential(conv, norm, new Upsample({ scaleFactor: 2 ** (j - i) }, { mode: "nearest" }));
  }
  return new Sequential(
    ...Array.from({ length: i - j }, (_, k) => {
      if (k === i - j - 1) return new Sequential(...separable(from, to, 2));
      return new Sequential(...separable(from, from, 2), new ReLU());
    }),
  );
}

export interface ModulePlan {
  readonly blocks: number;
  readonly channels: readonly number[];
  /** Undefined: shuffle units in place of weighting. */
  readonly ratio: number | undefined;
  readonly frozen: boolean;
}

export class LiteHRNetModule extends Layer<readonly [PyList], PyList> {
  readonly layers: ListSequential | LayerList<Sequential>;
  readonly fuse_layers: LayerList<SparseList>;
  readonly relu: ReLU;
  private readonly branches: number;

  constructor({ blocks, channels, ratio, frozen }: ModulePlan) {
    super();
    this.branches = channels.length;
    const times = <T>(make: () => T): T[] => Array.from({ length: blocks }, make);
    this.layers =
      ratio === undefined
        ? new LayerList(channels.map((c) => new Sequential(...times(() => new ShuffleUnit(c, frozen)))))
        : new ListSequential(times(() => new ConditionalChannelWeightingBlock(channels, ratio, frozen)));
    this.fuse_layers = new LayerList(
      channels.map((_, i) => new SparseList(channels.map((_, j) => fuseLayer(channels, i, j)))),
    );
    this.relu = new ReLU();
  }

  forward(f: { out: PyList; out_fuse: PyList; y: Tensor }, x: PyList): PyList {
    if (this.layers instanceof LayerList) {
      for (const [i, layer] of [...this.layers].entries()) x.set(i, layer.call(x.at(i)));
      f.out = x;
    } else f.out = this.layers.call(x);
    f.out_fuse = new PyList();
    for (let i = 0; i < this.branches; i++) {
      const fuse = this.fuse_layers.at(i);
      const first = fuse.at(0);
      f.y = first ? first.call(f.out.at(0)) : f.out.at(0);
      for (let j = 0; j < this.branches; j++) {
        // `y += …` makes a new tensor.
        if (j === 0) f.y = t.add(f.y, f.y);
        else f.y = t.add(f.y, i === j ? f.out.at(j) : fuse.at(j)!.call(f.out.at(j)));
        if (i === 0) f.out.set(0, f.y);
      }
      f.out_fuse.append(this.relu.call(f.y));
    }
    f.out = f.out_fuse;
    return f.out;
  }
}
