/** @file DDRNet-23 (`paddleseg/models/ddrnet.py`). */
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer, Sequential } from "../nn/layer.ts";
import { BatchNorm2D, Conv2D, ReLU } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import { ConvBN, ConvBNReLU } from "./blocks/conv.ts";
import { DAPPM } from "./blocks/dappm.ts";
import { normalConvolutions } from "./blocks/init-weight.ts";
import { upsampled } from "./blocks/logits.ts";
import type { Network } from "./network.ts";

type ResidualLocals = { residual: Tensor; out: Tensor };

class BasicBlock extends Layer {
  static readonly expansion = 1;
  readonly conv_bn_relu: ConvBNReLU;
  readonly relu: ReLU;
  readonly conv_bn: ConvBN;
  readonly downsample: Sequential | undefined;
  private readonly noRelu: boolean;

  constructor(inChannels: number, channels: number, stride: number, downsample: Sequential | undefined, last: boolean) {
    super();
    this.conv_bn_relu = new ConvBNReLU(inChannels, channels, 3, { stride, padding: 1, bias: false });
    this.relu = new ReLU();
    this.conv_bn = new ConvBN(channels, channels, 3, { stride: 1, padding: 1, bias: false });
    this.downsample = downsample;
    this.noRelu = last;
  }

  forward(f: ResidualLocals, x: Tensor): Tensor {
    f.residual = x;
    f.out = this.conv_bn_relu.call(x);
    f.out = this.conv_bn.call(f.out);
    if (this.downsample) f.residual = this.downsample.call(x);
    f.out = t.add(f.out, f.residual);
    return this.noRelu ? f.out : this.relu.call(f.out);
  }
}

/** The only one of its layer, which is never followed by a ReLU. */
class Bottleneck extends Layer {
  static readonly expansion = 2;
  readonly conv_bn_relu1: ConvBNReLU;
  readonly conv_bn_relu2: ConvBNReLU;
  readonly conv_bn: ConvBN;
  /** Never called, but a layer of its own when the network is saved. */
  readonly relu: ReLU;
  readonly downsample: Sequential | undefined;

  constructor(inChannels: number, channels: number, stride: number, downsample: Sequential | undefined) {
    super();
    this.conv_bn_relu1 = new ConvBNReLU(inChannels, channels, 1, { bias: false });
    this.conv_bn_relu2 = new ConvBNReLU(channels, channels, 3, { stride, padding: 1, bias: false });
    this.conv_bn = new ConvBN(channels, channels * Bottleneck.expansion, 1, { bias: false });
    this.relu = new ReLU();
    this.downsample = downsample;
  }

  forward(f: ResidualLocals, x: Tensor): Tensor {
    f.residual = x;
    f.out = this.conv_bn_relu1.call(x);
    f.out = this.conv_bn_relu2.call(f.out);
    f.out = this.conv_bn.call(f.out);
    if (this.downsample) f.residual = this.downsample.call(x);
    f.out = t.add(f.out, f.residual);
    return f.out;
  }
}

/** Blocks of one stage; the shortcut is made before the block that takes it. The last block of several has no ReLU. */
function makeLayers(
  Block: typeof BasicBlock | typeof Bottleneck,
  inChannels: number,
  channels: number,
  blocks: number,
  stride = 1,
): Sequential {
  const out = channels * Block.expansion;
  const downsample =
    stride !== 1 || inChannels !== out
      ? new Sequential(new Conv2D(inChannels, out, 1, { stride, bias: false }), new BatchNorm2D(out))
      : undefined;
  const stage = new Sequential(new Block(inChannels, channels, stride, downsample, false));
  for (let i = 1; i < blocks; i++) stage.append(new Block(out, channels, 1, undefined, i === blocks - 1));
  return stage;
}

class DDRNetHead extends Layer {
  readonly bn1: BatchNorm2D;
  readonly relu: ReLU;
  readonly conv_bn_relu: ConvBNReLU;
  readonly conv: Conv2D;

  constructor(inChannels: number, interChannels: number, classes: number) {
    super();
    this.bn1 = new BatchNorm2D(inChannels);
    this.relu = new ReLU();
    this.conv_bn_relu = new ConvBNReLU(inChannels, interChannels, 3, { padding: 1, bias: false });
    this.conv = new Conv2D(interChannels, classes, 1, { padding: 0 });
  }

  forward(f: { x: Tensor; out: Tensor }, x: Tensor): Tensor {
    f.x = this.bn1.call(x);
    f.x = this.relu.call(f.x);
    f.x = this.conv_bn_relu.call(f.x);
    f.out = this.conv.call(f.x);
    return f.out;
  }
}

interface Locals {
  x: Tensor;
  stage1_out: Tensor;
  stage2_out: Tensor;
  stage3_out: Tensor;
  stage3_out_dual: Tensor;
  stage3_merge: Tensor;
  stage4_out: Tensor;
  stage4_out_dual: Tensor;
  stage4_merge: Tensor;
  stage5_out_dual: Tensor;
  output: Tensor;
  logit_list: PyList;
  aux_out: Tensor;
}

/** Two branches of different resolution that exchange feature maps. Widths are those of DDRNet-23. */
export class DualResNet extends Layer<readonly [Tensor], PyList> implements Network {
  readonly conv1: Sequential;
  readonly relu: ReLU;
  readonly layer1: Sequential;
  readonly layer2: Sequential;
  readonly layer3: Sequential;
  readonly layer4: Sequential;
  readonly compression3: ConvBN;
  readonly compression4: ConvBN;
  readonly down3: ConvBN;
  readonly down4: Sequential;
  readonly layer3_: Sequential;
  readonly layer4_: Sequential;
  readonly layer5_: Sequential;
  readonly layer5: Sequential;
  readonly spp: DAPPM;
  readonly aux_head: DDRNetHead | undefined;
  readonly head: DDRNetHead;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    const inChannels = args.int("in_channels", 3);
    const auxiliary = args.boolean("enable_auxiliary_loss", false);
    args.finish();
    // DDRNet_23's planes, blocks of each stage, planes of the pyramid and of the heads.
    const [planes, blocks, sppPlanes, headPlanes] = [64, 2, 128, 128];
    const high = planes * 2;
    const stem = { stride: 2, padding: 1 };
    this.conv1 = new Sequential(new ConvBNReLU(inChannels, planes, 3, stem), new ConvBNReLU(planes, planes, 3, stem));
    this.relu = new ReLU();
    this.layer1 = makeLayers(BasicBlock, planes, planes, blocks);
    this.layer2 = makeLayers(BasicBlock, planes, planes * 2, blocks, 2);
    this.layer3 = makeLayers(BasicBlock, planes * 2, planes * 4, blocks, 2);
    this.layer4 = makeLayers(BasicBlock, planes * 4, planes * 8, blocks, 2);
    this.compression3 = new ConvBN(planes * 4, high, 1, { bias: false });
    this.compression4 = new ConvBN(planes * 8, high, 1, { bias: false });
    this.down3 = new ConvBN(high, planes * 4, 3, { stride: 2, bias: false });
    this.down4 = new Sequential(
      new ConvBNReLU(high, planes * 4, 3, { ...stem, bias: false }),
      new ConvBN(planes * 4, planes * 8, 3, { ...stem, bias: false }),
    );
    this.layer3_ = makeLayers(BasicBlock, planes * 2, high, 2);
    this.layer4_ = makeLayers(BasicBlock, high, high, 2);
    this.layer5_ = makeLayers(Bottleneck, high, high, 1);
    this.layer5 = makeLayers(Bottleneck, planes * 8, planes * 8, 1, 2);
    this.spp = new DAPPM(planes * 16, sppPlanes, planes * 4);
    if (auxiliary) this.aux_head = new DDRNetHead(high, headPlanes, classes);
    this.head = new DDRNetHead(planes * 4, headPlanes, classes);
    normalConvolutions(this);
  }

  forward(f: Locals, x: Tensor): PyList {
    const [h, w] = x.hw;
    // An eighth of the image's size, as the high-resolution branch has it.
    const size = [Math.floor(h / 8), Math.floor(w / 8)];
    const enlarge = (low: Tensor) => F.interpolate(low, size, { mode: "bilinear" });
    f.x = this.conv1.call(x);
    f.stage1_out = this.layer1.call(f.x);
    f.stage2_out = this.layer2.call(this.relu.call(f.stage1_out));
    f.stage3_out = this.layer3.call(this.relu.call(f.stage2_out));
    f.stage3_out_dual = this.layer3_.call(this.relu.call(f.stage2_out));
    f.x = t.add(f.stage3_out, this.down3.call(this.relu.call(f.stage3_out_dual)));
    f.stage3_merge = t.add(f.stage3_out_dual, enlarge(this.compression3.call(this.relu.call(f.stage3_out))));
    f.stage4_out = this.layer4.call(this.relu.call(f.x));
    f.stage4_out_dual = this.layer4_.call(this.relu.call(f.stage3_merge));
    f.x = t.add(f.stage4_out, this.down4.call(this.relu.call(f.stage4_out_dual)));
    f.stage4_merge = t.add(f.stage4_out_dual, enlarge(this.compression4.call(this.relu.call(f.stage4_out))));
    f.stage5_out_dual = this.layer5_.call(this.relu.call(f.stage4_merge));
    f.x = enlarge(this.spp.call(this.layer5.call(this.relu.call(f.x))));
    f.output = this.head.call(t.add(f.x, f.stage5_out_dual));
    f.logit_list = new PyList();
    f.logit_list.append(f.output);
    if (this.aux_head) {
      f.aux_out = this.aux_head.call(f.stage3_merge);
      f.logit_list.append(f.aux_out);
    }
    return upsampled(f.logit_list, x.hw);
  }
}
