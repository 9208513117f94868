/** @file DAPPM of DDRNet: pyramid pooling whose scales are added from coarse to coarser (`paddleseg/models/ddrnet.py`). */
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { Layer, Sequential } from "../../nn/layer.ts";
import { AdaptiveAvgPool2D, BatchNorm2D, Conv2D, Pool2D, ReLU } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";

/** Batch norm, ReLU, convolution, after an optional pooling. */
function preActivated(inChannels: number, outChannels: number, kernel: 1 | 3, pool?: Layer): Sequential {
  const layers: Layer[] = [
    new BatchNorm2D(inChannels),
    new ReLU(),
    new Conv2D(inChannels, outChannels, kernel, { padding: kernel === 3 ? 1 : 0, bias: false }),
  ];
  return new Sequential(...(pool ? [pool] : []), ...layers);
}

interface Locals {
  x0: Tensor;
  x1: Tensor;
  x2: Tensor;
  x3: Tensor;
  x4: Tensor;
  out: Tensor;
}

/** Kernels and strides of the poolings are PaddleSeg's own. */
export class DAPPM extends Layer {
  readonly scale1: Sequential;
  readonly scale2: Sequential;
  readonly scale3: Sequential;
  readonly scale4: Sequential;
  readonly scale0: Sequential;
  readonly process1: Sequential;
  readonly process2: Sequential;
  readonly process3: Sequential;
  readonly process4: Sequential;
  readonly compression: Sequential;
  readonly shortcut: Sequential;

  constructor(inChannels: number, branchChannels: number, outChannels: number) {
    super();
    const scale = (pool?: Layer) => preActivated(inChannels, branchChannels, 1, pool);
    const process = () => preActivated(branchChannels, branchChannels, 3);
    this.scale1 = scale(new Pool2D(5, { stride: 2, padding: 2 }));
    this.scale2 = scale(new Pool2D(9, { stride: 4, padding: 4 }));
    this.scale3 = scale(new Pool2D(17, { stride: 8, padding: 8 }));
    this.scale4 = scale(new AdaptiveAvgPool2D(1));
    this.scale0 = scale();
    this.process1 = process();
    this.process2 = process();
    this.process3 = process();
    this.process4 = process();
    this.compression = preActivated(branchChannels * 5, outChannels, 1);
    this.shortcut = preActivated(inChannels, outChannels, 1);
  }

  forward(f: Locals, x: Tensor): Tensor {
    const added = (scale: Sequential, process: Sequential, before: Tensor) =>
      process.call(t.add(F.interpolate(scale.call(x), x.hw, { mode: "bilinear" }), before));
    f.x0 = this.scale0.call(x);
    f.x1 = added(this.scale1, this.process1, f.x0);
    f.x2 = added(this.scale2, this.process2, f.x1);
    f.x3 = added(this.scale3, this.process3, f.x2);
    f.x4 = added(this.scale4, this.process4, f.x3);
    f.out = t.add(this.compression.call(t.concat([f.x0, f.x1, f.x2, f.x3, f.x4], 1)), this.shortcut.call(x));
    return f.out;
  }
}
