/** @file Pyramid pooling (`paddleseg/models/layers/pyramid_pool.py`): ASPP and PSPNet's. */
import { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { Layer, LayerList, Sequential } from "../../nn/layer.ts";
import { AdaptiveAvgPool2D, Dropout } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { ConvBNReLU, SeparableConvBNReLU } from "./conv.ts";

export interface ASPPOptions {
  /** Dilated branches are separable convolutions. */
  readonly separable?: boolean;
  /** One more branch: the mean of the whole map. */
  readonly imagePooling?: boolean;
  readonly dataFormat?: "NCHW" | "NHWC";
}

/** Atrous spatial pyramid pooling: parallel convolutions of different dilation, concatenated and reduced. */
export class ASPPModule extends Layer {
  readonly aspp_blocks = new LayerList();
  readonly global_avg_pool: Sequential | undefined;
  readonly conv_bn_relu: ConvBNReLU;
  readonly dropout: Dropout;
  private readonly dataFormat: "NCHW" | "NHWC";

  constructor(ratios: readonly number[], inChannels: number, outChannels: number, options: ASPPOptions = {}) {
    super();
    const { separable = false, imagePooling = false, dataFormat = "NCHW" } = options;
    this.dataFormat = dataFormat;
    for (const ratio of ratios) {
      const Conv = separable && ratio > 1 ? SeparableConvBNReLU : ConvBNReLU;
      const one = ratio === 1;
      this.aspp_blocks.append(
        new Conv(inChannels, outChannels, one ? 1 : 3, { dilation: ratio, padding: one ? 0 : ratio, dataFormat }),
      );
    }
    let branches = this.aspp_blocks.length;
    if (imagePooling) {
      this.global_avg_pool = new Sequential(
        new AdaptiveAvgPool2D(1, dataFormat),
        new ConvBNReLU(inChannels, outChannels, 1, { bias: false, dataFormat }),
      );
      branches++;
    }
    this.conv_bn_relu = new ConvBNReLU(outChannels * branches, outChannels, 1, { dataFormat });
    // PaddleSeg's own rate.
    this.dropout = new Dropout(0.1);
  }

  forward(f: { outputs: PyList; y: Tensor; img_avg: Tensor; x: Tensor }, x: Tensor): Tensor {
    const last = this.dataFormat === "NHWC";
    const size = last ? x.shape.slice(1, 3) : x.hw;
    f.x = x;
    f.outputs = new PyList();
    for (const block of this.aspp_blocks) {
      f.y = block.call(f.x);
      f.outputs.append(f.y);
    }
    if (this.global_avg_pool) {
      f.img_avg = this.global_avg_pool.call(f.x);
      f.img_avg = F.interpolate(f.img_avg, size, { mode: "bilinear", dataFormat: this.dataFormat });
      f.outputs.append(f.img_avg);
    }
    f.x = t.concat(f.outputs, last ? 3 : 1);
    f.x = this.conv_bn_relu.call(f.x);
    f.x = this.dropout.call(f.x);
    return f.x;
  }
}

/** PSPNet's pyramid pooling: means over grids of different sizes, enlarged and concatenated with the input. */
export class PPModule extends Layer {
  readonly stages: LayerList<Sequential>;
  readonly conv_bn_relu2: ConvBNReLU;

  constructor(inChannels: number, outChannels: number, bins: readonly number[], reduced: boolean) {
    super();
    const inter = reduced ? Math.floor(inChannels / bins.length) : inChannels;
    this.stages = new LayerList(
      bins.map((size) => new Sequential(new AdaptiveAvgPool2D(size), new ConvBNReLU(inChannels, inter, 1))),
    );
    this.conv_bn_relu2 = new ConvBNReLU(inChannels + inter * bins.length, outChannels, 3, { padding: 1 });
  }

  forward(f: { cat_layers: PyList | readonly Tensor[]; x: Tensor; cat: Tensor; out: Tensor }, input: Tensor): Tensor {
    const maps = new PyList();
    f.cat_layers = maps;
    for (const stage of this.stages) {
      f.x = stage.call(input);
      f.x = F.interpolate(f.x, input.hw, { mode: "bilinear" });
      maps.append(f.x);
    }
    f.cat_layers = [input, ...[...maps].reverse()];
    f.cat = t.concat(f.cat_layers, 1);
    f.out = this.conv_bn_relu2.call(f.cat);
    return f.out;
  }
}
