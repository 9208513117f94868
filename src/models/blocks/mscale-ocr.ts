/** @file MscaleOCRNet's object-contextual head: OCRNet's in other words, and it hands on its features. */
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { Layer, Sequential } from "../../nn/layer.ts";
import { Conv2D, Dropout2D, Pool2D } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { ConvBNReLU } from "./conv.ts";
import { normalConvolutions } from "./init-weight.ts";

class SpatialConvBNReLU extends Layer {
  readonly conv_bn_relu_1: ConvBNReLU;
  readonly conv_bn_relu_2: ConvBNReLU;

  constructor(inChannels: number, outChannels: number) {
    super();
    const options = { padding: 0, bias: false };
    this.conv_bn_relu_1 = new ConvBNReLU(inChannels, outChannels, 1, options);
    this.conv_bn_relu_2 = new ConvBNReLU(outChannels, outChannels, 1, options);
  }

  forward(f: { x: Tensor }, x: Tensor): Tensor {
    f.x = this.conv_bn_relu_1.call(x);
    f.x = this.conv_bn_relu_2.call(f.x);
    return f.x;
  }
}

/** Pixels [N, C, H, W] and class maps [N, K, H, W] to one feature a class, [N, C, K, 1]. */
class SpatialGatherModule extends Layer<readonly [Tensor, Tensor]> {
  forward(f: { feats: Tensor; probs: Tensor; ocr_context: Tensor }, feats: Tensor, probs: Tensor): Tensor {
    f.probs = t.flatten(probs, 2, 3);
    f.feats = t.flatten(feats, 2, 3);
    f.feats = t.transpose(f.feats, [0, 2, 1]);
    f.probs = F.softmax(t.scale(f.probs));
    f.ocr_context = t.matmul(f.probs, f.feats);
    f.ocr_context = t.unsqueeze(t.transpose(f.ocr_context, [0, 2, 1]), 3);
    return f.ocr_context;
  }
}

interface AttentionLocals {
  query: Tensor;
  key: Tensor;
  value: Tensor;
  sim_map: Tensor;
  context: Tensor;
  output: Tensor;
}

/** Pixels attend to classes; what they find is put beside them. */
class SpatialOCRModule extends Layer<readonly [Tensor, Tensor]> {
  readonly pool: Pool2D;
  readonly f_pixel: SpatialConvBNReLU;
  readonly f_object: SpatialConvBNReLU;
  readonly f_down: ConvBNReLU;
  readonly f_up: ConvBNReLU;
  readonly conv_bn_dropout: Sequential;
  private readonly key: number;

  constructor(channels: number, key: number, dropout: number) {
    super();
    this.key = key;
    const options = { padding: 0, bias: false };
    this.pool = new Pool2D(1);
    this.f_pixel = new SpatialConvBNReLU(channels, key);
    this.f_object = new SpatialConvBNReLU(channels, key);
    this.f_down = new ConvBNReLU(channels, key, 1, options);
    this.f_up = new ConvBNReLU(key, channels, 1, options);
    this.conv_bn_dropout = new Sequential(new ConvBNReLU(2 * channels, channels, 1, options), new Dropout2D(dropout));
  }

  forward(f: AttentionLocals, feats: Tensor, proxy: Tensor): Tensor {
    const n = feats.dim(0);
    f.query = t.reshape(this.f_pixel.call(feats), [n, this.key, -1]);
    f.query = t.transpose(f.query, [0, 2, 1]);
    f.key = t.reshape(this.f_object.call(proxy), [n, this.key, -1]);
    f.value = t.reshape(this.f_down.call(proxy), [n, this.key, -1]);
    f.value = t.transpose(f.value, [0, 2, 1]);
    f.sim_map = t.matmul(f.query, f.key);
    f.sim_map = t.scale(f.sim_map);
    f.sim_map = F.softmax(f.sim_map);
    f.context = t.matmul(f.sim_map, f.value);
    f.context = t.transpose(f.context, [0, 2, 1]);
    f.context = t.reshape(f.context, [n, this.key, ...feats.hw]);
    f.context = this.f_up.call(f.context);
    f.output = t.concat([f.context, feats], 1);
    f.output = this.conv_bn_dropout.call(f.output);
    return f.output;
  }
}

interface HeadLocals {
  high_level_features: Tensor;
  feats: Tensor;
  aux_out: Tensor;
  context: Tensor;
  ocr_feats: Tensor;
  pred_out: Tensor;
}

/** Widths 512 and 256 and dropout 0.05 are PaddleSeg's own. */
export class MscaleOCRHead extends Layer<readonly [Iterable<Tensor>], readonly Tensor[]> {
  readonly conv3x3_ocr: ConvBNReLU;
  readonly ocr_gather_head: SpatialGatherModule;
  readonly ocr_distri_head: SpatialOCRModule;
  readonly cls_head: Conv2D;
  readonly aux_head: Sequential;

  constructor(classes: number, inChannels: readonly number[]) {
    super();
    const shallow = inChannels.at(-2) ?? inChannels.at(-1)!;
    this.conv3x3_ocr = new ConvBNReLU(inChannels.at(-1)!, 512, 3, { padding: 1 });
    this.ocr_gather_head = new SpatialGatherModule();
    this.ocr_distri_head = new SpatialOCRModule(512, 256, 0.05);
    this.cls_head = new Conv2D(512, classes, 1);
    this.aux_head = new Sequential(
      new ConvBNReLU(shallow, shallow, 1, { padding: 0 }),
      new Conv2D(shallow, classes, 1),
    );
    normalConvolutions(this);
  }

  forward(f: HeadLocals, maps: Iterable<Tensor>): readonly Tensor[] {
    f.high_level_features = [...maps][0]!;
    f.feats = this.conv3x3_ocr.call(f.high_level_features);
    f.aux_out = this.aux_head.call(f.high_level_features);
    f.context = this.ocr_gather_head.call(f.feats, f.aux_out);
    f.ocr_feats = this.ocr_distri_head.call(f.feats, f.context);
    f.pred_out = this.cls_head.call(f.ocr_feats);
    return [f.pred_out, f.aux_out, f.ocr_feats];
  }
}
