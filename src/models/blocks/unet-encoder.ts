/** @file The encoder that U-Net and Attention U-Net share: double convolutions between maximum poolings. */
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { Layer, LayerList, Sequential } from "../../nn/layer.ts";
import { Pool2D } from "../../nn/layers.ts";
import { ConvBNReLU } from "./conv.ts";

/** Returns the deepest features [N, C, H/16, W/16] and the list of those skipped to the decoder, finest first. */
export class UNetEncoder extends Layer<readonly [Tensor], readonly [Tensor, PyList]> {
  readonly double_conv: Sequential;
  readonly down_sample_list: LayerList<Sequential>;

  constructor(inChannels: number, downChannels: readonly (readonly [number, number])[]) {
    super();
    this.double_conv = new Sequential(new ConvBNReLU(inChannels, 64, 3), new ConvBNReLU(64, 64, 3));
    this.down_sample_list = new LayerList(downChannels.map(([from, to]) => downSampling(from, to)));
  }

  forward(f: { short_cuts: PyList; x: Tensor }, x: Tensor): readonly [Tensor, PyList] {
    f.short_cuts = new PyList();
    f.x = this.double_conv.call(x);
    for (const downSample of this.down_sample_list) {
      f.short_cuts.append(f.x);
      f.x = downSample.call(f.x);
    }
    return [f.x, f.short_cuts];
  }
}

function downSampling(inChannels: number, outChannels: number): Sequential {
  return new Sequential(
    new Pool2D(2, { stride: 2 }),
    new ConvBNReLU(inChannels, outChannels, 3),
    new ConvBNReLU(outChannels, outChannels, 3),
  );
}
