/** @file RTFormer's pyramid pooling and segmentation head, whose learning rate is scaled. */
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import * as F from "../nn/functional.ts";
import { Layer, Sequential } from "../nn/layer.ts";
import { AdaptiveAvgPool2D, BatchNorm2D, Conv2D, Pool2D, ReLU } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";

/** Batch norm, ReLU, convolution, after an optional pooling. */
function scale(from: number, to: number, kernel: 1 | 3, learningRate: number, pool?: Layer): Sequential {
  const layers = [
    new BatchNorm2D(from, { learningRate }),
    new ReLU(),
    new Conv2D(from, to, kernel, { padding: (kernel - 1) / 2, bias: false, learningRate }),
  ];
  return pool ? new Sequential(pool, ...layers) : new Sequential(...layers);
}

/** Poolings of the paper: kernel 2·stride + 1. */
function pooling(stride: number): Pool2D {
  return new Pool2D(2 * stride + 1, { stride, padding: stride });
}

/** Five scales, each added to the one before, joined, with a shortcut around. */
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

  constructor(from: number, inner: number, to: number, learningRate: number) {
    super();
    this.scale1 = scale(from, inner, 1, learningRate, pooling(2));
    this.scale2 = scale(from, inner, 1, learningRate, pooling(4));
    this.scale3 = scale(from, inner, 1, learningRate, pooling(8));
    this.scale4 = scale(from, inner, 1, learningRate, new AdaptiveAvgPool2D(1));
    this.scale0 = scale(from, inner, 1, learningRate);
    this.process1 = scale(inner, inner, 3, learningRate);
    this.process2 = scale(inner, inner, 3, learningRate);
    this.process3 = scale(inner, inner, 3, learningRate);
    this.process4 = scale(inner, inner, 3, learningRate);
    this.compression = scale(inner * 5, to, 1, learningRate);
    this.shortcut = scale(from, to, 1, learningRate);
  }

  forward(f: { x_list: PyList; out: Tensor }, x: Tensor): Tensor {
    f.x_list = new PyList();
    f.x_list.append(this.scale0.call(x));
    const steps = [
      [this.scale1, this.process1],
      [this.scale2, this.process2],
      [this.scale3, this.process3],
      [this.scale4, this.process4],
    ] as const;
    for (const [i, [pool, process]] of steps.entries()) {
      const pooled = F.interpolate(pool.call(x), x.hw, { mode: "bilinear" });
      f.x_list.append(process.call(t.add(pooled, f.x_list.at(i))));
    }
    const joined = this.compression.call(t.concat(f.x_list, 1));
    f.out = t.add(joined, this.shortcut.call(x));
    return f.out;
  }
}

export class SegHead extends Layer {
  readonly bn1: BatchNorm2D;
  readonly conv1: Conv2D;
  readonly bn2: BatchNorm2D;
  readonly relu: ReLU;
  readonly conv2: Conv2D;

  constructor(from: number, inner: number, classes: number, learningRate: number) {
    super();
    this.bn1 = new BatchNorm2D(from, { learningRate });
    this.conv1 = new Conv2D(from, inner, 3, { padding: 1, bias: false, learningRate });
    this.bn2 = new BatchNorm2D(inner, { learningRate });
    this.relu = new ReLU();
    this.conv2 = new Conv2D(inner, classes, 1, { learningRate });
  }

  forward(f: { x: Tensor; out: Tensor }, x: Tensor): Tensor {
    f.x = this.conv1.call(this.relu.call(this.bn1.call(x)));
    f.out = this.conv2.call(this.relu.call(this.bn2.call(f.x)));
    return f.out;
  }
}
