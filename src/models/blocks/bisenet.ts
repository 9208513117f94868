/** @file BiSeNetV2's two branches (`paddleseg/models/bisenet.py`). */
import type { Tensor } from "../../engine/tensor.ts";
import { Layer, Sequential } from "../../nn/layer.ts";
import { AdaptiveAvgPool2D, BatchNorm2D, Conv2D, Pool2D } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { Activation } from "./activation.ts";
import { ConvBN, ConvBNReLU, DepthwiseConvBN } from "./conv.ts";
import { Add } from "./wrap.ts";

class StemBlock extends Layer {
  readonly conv: ConvBNReLU;
  readonly left: Sequential;
  readonly right: Pool2D;
  readonly fuse: ConvBNReLU;

  constructor(inChannels: number, outChannels: number) {
    super();
    const half = Math.floor(outChannels / 2);
    this.conv = new ConvBNReLU(inChannels, outChannels, 3, { stride: 2 });
    this.left = new Sequential(
      new ConvBNReLU(outChannels, half, 1),
      new ConvBNReLU(half, outChannels, 3, { stride: 2 }),
    );
    this.right = new Pool2D(3, { stride: 2, padding: 1 });
    this.fuse = new ConvBNReLU(outChannels * 2, outChannels, 3);
  }

  forward(f: { x: Tensor; left: Tensor; right: Tensor; concat: Tensor }, x: Tensor): Tensor {
    f.x = this.conv.call(x);
    f.left = this.left.call(f.x);
    f.right = this.right.call(f.x);
    f.concat = t.concat([f.left, f.right], 1);
    return this.fuse.call(f.concat);
  }
}

class ContextEmbeddingBlock extends Layer {
  readonly gap: AdaptiveAvgPool2D;
  readonly bn: BatchNorm2D;
  readonly conv_1x1: ConvBNReLU;
  readonly add: Add;
  readonly conv_3x3: Conv2D;

  constructor(inChannels: number, outChannels: number) {
    super();
    this.gap = new AdaptiveAvgPool2D(1);
    this.bn = new BatchNorm2D(inChannels);
    this.conv_1x1 = new ConvBNReLU(inChannels, outChannels, 1);
    this.add = new Add();
    this.conv_3x3 = new Conv2D(outChannels, outChannels, 3, { padding: 1 });
  }

  forward(f: { gap: Tensor; bn: Tensor; conv1: Tensor }, x: Tensor): Tensor {
    f.gap = this.gap.call(x);
    f.bn = this.bn.call(f.gap);
    f.conv1 = this.add.call(this.conv_1x1.call(f.bn), x);
    return this.conv_3x3.call(f.conv1);
  }
}

/** Gather and expansion at stride 1: the input is added. */
class GatherAndExpansionLayer1 extends Layer {
  readonly conv: Sequential;
  readonly relu: Activation;

  constructor(inChannels: number, outChannels: number, expand: number) {
    super();
    const middle = expand * inChannels;
    this.conv = new Sequential(
      new ConvBNReLU(inChannels, inChannels, 3),
      new DepthwiseConvBN(inChannels, middle, 3),
      new ConvBN(middle, outChannels, 1),
    );
    this.relu = new Activation("relu");
  }

  forward(_f: object, x: Tensor): Tensor {
    return this.relu.call(t.add(this.conv.call(x), x));
  }
}

/** Gather and expansion at stride 2: two branches are added. */
class GatherAndExpansionLayer2 extends Layer {
  readonly branch_1: Sequential;
  readonly branch_2: Sequential;
  readonly relu: Activation;

  constructor(inChannels: number, outChannels: number, expand: number) {
    super();
    const middle = expand * inChannels;
    this.branch_1 = new Sequential(
      new ConvBNReLU(inChannels, inChannels, 3),
      new DepthwiseConvBN(inChannels, middle, 3, { stride: 2 }),
      new DepthwiseConvBN(middle, middle, 3),
      new ConvBN(middle, outChannels, 1),
    );
    this.branch_2 = new Sequential(
      new DepthwiseConvBN(inChannels, inChannels, 3, { stride: 2 }),
      new ConvBN(inChannels, outChannels, 1),
    );
    this.relu = new Activation("relu");
  }

  forward(_f: object, x: Tensor): Tensor {
    return this.relu.call(t.add(this.branch_1.call(x), this.branch_2.call(x)));
  }
}

/** Wide channels, few layers. */
export class DetailBranch extends Layer {
  readonly convs: Sequential;

  constructor(inChannels: number, [c1, c2, c3]: readonly [number, number, number]) {
    super();
    this.convs = new Sequential(
      new ConvBNReLU(inChannels, c1, 3, { stride: 2 }),
      new ConvBNReLU(c1, c1, 3),
      new ConvBNReLU(c1, c2, 3, { stride: 2 }),
      new ConvBNReLU(c2, c2, 3),
      new ConvBNReLU(c2, c2, 3),
      new ConvBNReLU(c2, c3, 3, { stride: 2 }),
      new ConvBNReLU(c3, c3, 3),
      new ConvBNReLU(c3, c3, 3),
    );
  }

  forward(_f: object, x: Tensor): Tensor {
    return this.convs.call(x);
  }
}

type SemanticLocals = { stage2: Tensor; stage3: Tensor; stage4: Tensor; stage5_4: Tensor; fm: Tensor };

/** A factor of 6 between the narrow and the expanded channels, as PaddleSeg has it. */
const expansion = 6;

/** Narrow channels, many layers. */
export class SemanticBranch extends Layer<readonly [Tensor], readonly Tensor[]> {
  readonly stem: StemBlock;
  readonly stage3: Sequential;
  readonly stage4: Sequential;
  readonly stage5_4: Sequential;
  readonly ce: ContextEmbeddingBlock;

  constructor(inChannels: number, [c1, c3, c4, c5]: readonly [number, number, number, number]) {
    super();
    const stage = (from: number, to: number, others: number) =>
      new Sequential(
        new GatherAndExpansionLayer2(from, to, expansion),
        ...Array.from({ length: others }, () => new GatherAndExpansionLayer1(to, to, expansion)),
      );
    this.stem = new StemBlock(inChannels, c1);
    this.stage3 = stage(c1, c3, 1);
    this.stage4 = stage(c3, c4, 1);
    this.stage5_4 = stage(c4, c5, 3);
    this.ce = new ContextEmbeddingBlock(c5, c5);
  }

  forward(f: SemanticLocals, x: Tensor): readonly Tensor[] {
    f.stage2 = this.stem.call(x);
    f.stage3 = this.stage3.call(f.stage2);
    f.stage4 = this.stage4.call(f.stage3);
    f.stage5_4 = this.stage5_4.call(f.stage4);
    f.fm = this.ce.call(f.stage5_4);
    return [f.stage2, f.stage3, f.stage4, f.stage5_4, f.fm];
  }
}
