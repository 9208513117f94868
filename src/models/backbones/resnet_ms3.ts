/** @file ResNets of `paddle.vision` whose middle three stages are handed out (`paddleseg/models/backbones/resnet_ms3.py`). */
import { PyList, release } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { Layer, parameters, Sequential } from "../../nn/layer.ts";
import { BatchNorm2D, Conv2D, Linear, Pool2D, ReLU } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import type { Backbone } from "./backbone.ts";

interface Locals {
  identity: Tensor;
  out: Tensor;
}

class BasicBlock extends Layer {
  readonly conv1: Conv2D;
  readonly bn1: BatchNorm2D;
  readonly relu: ReLU;
  readonly conv2: Conv2D;
  readonly bn2: BatchNorm2D;
  readonly downsample: Sequential | undefined;

  constructor(from: number, planes: number, stride: number, downsample: Sequential | undefined) {
    super();
    this.conv1 = new Conv2D(from, planes, 3, { padding: 1, stride, bias: false });
    this.bn1 = new BatchNorm2D(planes);
    this.relu = new ReLU();
    this.conv2 = new Conv2D(planes, planes, 3, { padding: 1, bias: false });
    this.bn2 = new BatchNorm2D(planes);
    this.downsample = downsample;
  }

  forward(f: Locals, x: Tensor): Tensor {
    f.identity = x;
    f.out = this.conv1.call(x);
    f.out = this.bn1.call(f.out);
    f.out = this.relu.call(f.out);
    f.out = this.conv2.call(f.out);
    f.out = this.bn2.call(f.out);
    if (this.downsample) f.identity = this.downsample.call(x);
    f.out = t.add(f.out, f.identity);
    f.out = this.relu.call(f.out);
    return f.out;
  }
}

class BottleneckBlock extends Layer {
  readonly conv1: Conv2D;
  readonly bn1: BatchNorm2D;
  readonly conv2: Conv2D;
  readonly bn2: BatchNorm2D;
  readonly conv3: Conv2D;
  readonly bn3: BatchNorm2D;
  readonly relu: ReLU;
  readonly downsample: Sequential | undefined;

  constructor(from: number, planes: number, stride: number, downsample: Sequential | undefined) {
    super();
    this.conv1 = new Conv2D(from, planes, 1, { bias: false });
    this.bn1 = new BatchNorm2D(planes);
    this.conv2 = new Conv2D(planes, planes, 3, { padding: 1, stride, bias: false });
    this.bn2 = new BatchNorm2D(planes);
    this.conv3 = new Conv2D(planes, planes * 4, 1, { bias: false });
    this.bn3 = new BatchNorm2D(planes * 4);
    this.relu = new ReLU();
    this.downsample = downsample;
  }

  forward(f: Locals, x: Tensor): Tensor {
    f.identity = x;
    f.out = this.conv1.call(x);
    f.out = this.bn1.call(f.out);
    f.out = this.relu.call(f.out);
    f.out = this.conv2.call(f.out);
    f.out = this.bn2.call(f.out);
    f.out = this.relu.call(f.out);
    f.out = this.conv3.call(f.out);
    f.out = this.bn3.call(f.out);
    if (this.downsample) f.identity = this.downsample.call(x);
    f.out = t.add(f.out, f.identity);
    f.out = this.relu.call(f.out);
    return f.out;
  }
}

/** A kind of block and how many of them each stage has. */
export interface ResNetPlan {
  readonly bottleneck: boolean;
  readonly depths: readonly number[];
}

export const resnetPlans = {
  18: { bottleneck: false, depths: [2, 2, 2, 2] },
  34: { bottleneck: false, depths: [3, 4, 6, 3] },
  50: { bottleneck: true, depths: [3, 4, 6, 3] },
  101: { bottleneck: true, depths: [3, 4, 23, 3] },
} as const satisfies Record<number, ResNetPlan>;

/** Indices in `model` of the stages that are handed out. */
const handedOut: ReadonlySet<number> = new Set([4, 5, 6]);

/** Classes of the classifier that is built and thrown away. */
const imagenetClasses = 1000;

export class ResNetMS3 extends Layer<readonly [Tensor], PyList> implements Backbone {
  readonly plan: ResNetPlan;
  readonly feat_channels: readonly number[];
  readonly model: Sequential;

  constructor(plan: ResNetPlan) {
    super();
    this.plan = plan;
    const expansion = plan.bottleneck ? 4 : 1;
    const planes = [64, 128, 256, 512];
    this.feat_channels = planes.slice(0, 3).map((width) => width * expansion);
    const items: Layer[] = [
      new Conv2D(3, 64, 7, { stride: 2, padding: 3, bias: false }),
      new BatchNorm2D(64),
      new ReLU(),
      new Pool2D(3, { stride: 2, padding: 1 }),
    ];
    let from = 64;
    for (const [i, width] of planes.entries()) {
      items.push(stage(plan, from, width, plan.depths[i]!, i === 0 ? 1 : 2));
      from = width * expansion;
    }
    this.model = new Sequential(...items);
    // Pooling and classifier are built with the network and die with it.
    for (const parameter of parameters(new Linear(from, imagenetClasses))) release(parameter);
  }

  forward(f: { res: PyList; x: Tensor }, x: Tensor): PyList {
    f.res = new PyList();
    f.x = x;
    for (let i = 0; i < this.model.length; i++) {
      f.x = this.model.at(i).call(f.x);
      if (handedOut.has(i)) f.res.append(f.x);
    }
    return f.res;
  }
}

function stage(plan: ResNetPlan, inChannels: number, planes: number, depth: number, stride: number): Sequential {
  const Block = plan.bottleneck ? BottleneckBlock : BasicBlock;
  const outChannels = plan.bottleneck ? planes * 4 : planes;
  const downsample =
    stride !== 1 || inChannels !== outChannels
      ? new Sequential(new Conv2D(inChannels, outChannels, 1, { stride, bias: false }), new BatchNorm2D(outChannels))
      : undefined;
  const blocks = [new Block(inChannels, planes, stride, downsample)];
  for (let i = 1; i < depth; i++) blocks.push(new Block(outChannels, planes, 1, undefined));
  return new Sequential(...blocks);
}
