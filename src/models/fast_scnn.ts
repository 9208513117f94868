/** @file Fast-SCNN (`paddleseg/models/fast_scnn.py`). */
import { PyList } from "../engine/references.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { Args } from "../nn/args.ts";
import * as F from "../nn/functional.ts";
import { Layer, Sequential } from "../nn/layer.ts";
import { Conv2D, Dropout } from "../nn/layers.ts";
import * as t from "../nn/tensor.ts";
import { AuxLayer, ConvBN, ConvBNReLU, SeparableConvBNReLU } from "./blocks/conv.ts";
import { PPModule } from "./blocks/pyramid-pool.ts";
import type { Network } from "./network.ts";

class LearningToDownsample extends Layer {
  readonly conv_bn_relu: ConvBNReLU;
  readonly dsconv_bn_relu1: SeparableConvBNReLU;
  readonly dsconv_bn_relu2: SeparableConvBNReLU;

  constructor(inChannels: number, channels1: number, channels2: number, outChannels: number) {
    super();
    this.conv_bn_relu = new ConvBNReLU(inChannels, channels1, 3, { stride: 2 });
    this.dsconv_bn_relu1 = new SeparableConvBNReLU(channels1, channels2, 3, { stride: 2, padding: 1 });
    this.dsconv_bn_relu2 = new SeparableConvBNReLU(channels2, outChannels, 3, { stride: 2, padding: 1 });
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = this.conv_bn_relu.call(x);
    f.x = this.dsconv_bn_relu1.call(f.x);
    f.x = this.dsconv_bn_relu2.call(f.x);
    return f.x;
  }
}

class InvertedBottleneck extends Layer {
  readonly block: Sequential;
  private readonly useShortcut: boolean;

  constructor(inChannels: number, outChannels: number, expansion: number, stride: number) {
    super();
    this.useShortcut = stride === 1 && inChannels === outChannels;
    const middle = inChannels * expansion;
    this.block = new Sequential(
      new ConvBNReLU(inChannels, middle, 1, { bias: false }),
      new ConvBNReLU(middle, middle, 3, { stride, padding: 1, groups: middle, bias: false }),
      new ConvBN(middle, outChannels, 1, { bias: false }),
    );
  }

  forward(f: { out: Tensor }, x: Tensor): Tensor {
    f.out = this.block.call(x);
    if (this.useShortcut) f.out = t.add(x, f.out);
    return f.out;
  }
}

/** Three bottlenecks that expand 6 times, as PaddleSeg has it. */
function bottlenecks(inChannels: number, outChannels: number, stride: number): Sequential {
  const [blocks, expansion] = [3, 6];
  const stage = new Sequential(new InvertedBottleneck(inChannels, outChannels, expansion, stride));
  for (let i = 1; i < blocks; i++) stage.append(new InvertedBottleneck(outChannels, outChannels, expansion, 1));
  return stage;
}

class GlobalFeatureExtractor extends Layer {
  readonly bottleneck1: Sequential;
  readonly bottleneck2: Sequential;
  readonly bottleneck3: Sequential;
  readonly ppm: PPModule;

  constructor(inChannels: number, [c1, c2, c3]: readonly [number, number, number], outChannels: number) {
    super();
    this.bottleneck1 = bottlenecks(inChannels, c1, 2);
    this.bottleneck2 = bottlenecks(c1, c2, 2);
    this.bottleneck3 = bottlenecks(c2, c3, 1);
    this.ppm = new PPModule(c3, outChannels, [1, 2, 3, 6], true);
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = this.bottleneck1.call(x);
    f.x = this.bottleneck2.call(f.x);
    f.x = this.bottleneck3.call(f.x);
    f.x = this.ppm.call(f.x);
    return f.x;
  }
}

class FeatureFusionModule extends Layer<readonly [Tensor, Tensor]> {
  readonly dwconv: ConvBNReLU;
  readonly conv_low_res: ConvBN;
  readonly conv_high_res: ConvBN;

  constructor(highChannels: number, lowChannels: number, outChannels: number) {
    super();
    this.dwconv = new ConvBNReLU(lowChannels, outChannels, 3, { padding: 1, groups: 128, bias: false });
    this.conv_low_res = new ConvBN(outChannels, outChannels, 1);
    this.conv_high_res = new ConvBN(highChannels, outChannels, 1);
  }

  forward(f: { low: Tensor; high: Tensor; x: Tensor }, high: Tensor, low: Tensor): Tensor {
    f.low = F.interpolate(low, high.hw, { mode: "bilinear" });
    f.low = this.dwconv.call(f.low);
    f.low = this.conv_low_res.call(f.low);
    f.high = this.conv_high_res.call(high);
    f.x = t.add(f.high, f.low);
    return F.relu(f.x);
  }
}

class Classifier extends Layer {
  readonly dsconv1: SeparableConvBNReLU;
  readonly dsconv2: SeparableConvBNReLU;
  readonly conv: Conv2D;
  readonly dropout: Dropout;

  constructor(channels: number, classes: number) {
    super();
    this.dsconv1 = new SeparableConvBNReLU(channels, channels, 3, { padding: 1 });
    this.dsconv2 = new SeparableConvBNReLU(channels, channels, 3, { padding: 1 });
    this.conv = new Conv2D(channels, classes, 1);
    // PaddleSeg's own dropout rate.
    this.dropout = new Dropout(0.1);
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = this.dsconv1.call(x);
    f.x = this.dsconv2.call(f.x);
    f.x = this.dropout.call(f.x);
    f.x = this.conv.call(f.x);
    return f.x;
  }
}

interface Locals {
  logit_list: PyList;
  higher_res_features: Tensor;
  x: Tensor;
  logit: Tensor;
  auxiliary_logit: Tensor;
}

/** Widths are the class's own. */
export class FastSCNN extends Layer<readonly [Tensor], PyList> implements Network {
  readonly learning_to_downsample: LearningToDownsample;
  readonly global_feature_extractor: GlobalFeatureExtractor;
  readonly feature_fusion: FeatureFusionModule;
  readonly classifier: Classifier;
  readonly auxlayer: AuxLayer | undefined;

  constructor(args: Args) {
    super();
    const classes = args.int("num_classes");
    const inChannels = args.int("in_channels", 3);
    const auxiliary = args.boolean("enable_auxiliary_loss", true);
    args.ignore("align_corners");
    args.finish();
    this.learning_to_downsample = new LearningToDownsample(inChannels, 32, 48, 64);
    this.global_feature_extractor = new GlobalFeatureExtractor(64, [64, 96, 128], 128);
    this.feature_fusion = new FeatureFusionModule(64, 128, 128);
    this.classifier = new Classifier(128, classes);
    if (auxiliary) this.auxlayer = new AuxLayer(64, 32, classes);
  }

  forward(f: Locals, x: Tensor): PyList {
    f.logit_list = new PyList();
    f.higher_res_features = this.learning_to_downsample.call(x);
    f.x = this.global_feature_extractor.call(f.higher_res_features);
    f.x = this.feature_fusion.call(f.higher_res_features, f.x);
    f.logit = this.classifier.call(f.x);
    f.logit = F.interpolate(f.logit, x.hw, { mode: "bilinear" });
    f.logit_list.append(f.logit);
    if (this.auxlayer) {
      f.auxiliary_logit = this.auxlayer.call(f.higher_res_features);
      f.auxiliary_logit = F.interpolate(f.auxiliary_logit, x.hw, { mode: "bilinear" });
      f.logit_list.append(f.auxiliary_logit);
    }
    return f.logit_list;
  }
}
