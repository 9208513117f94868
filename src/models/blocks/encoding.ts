/** @file Context encoding of ENCNet and FastFCN (`paddleseg/models/encnet.py`, `paddleseg/models/fastfcn.py`). */
import { scope } from "../../engine/frame.ts";
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { Layer, Parameter, Sequential } from "../../nn/layer.ts";
import { BatchNorm2D, Linear, ReLU, Sigmoid } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { ConvBNReLU } from "./conv.ts";

interface Locals {
  x: Tensor;
  codewords: Tensor;
  scale: Tensor;
  assignment_weights: Tensor;
  reshaped_scale: Tensor;
  expanded_x: Tensor;
  reshaped_codewords: Tensor;
  scaled_l2_norm: Tensor;
  encoded_feat: Tensor;
}

/** Distances of each pixel to each code word, [N, H·W, codes, C] at their widest, and the weighted residuals [N, codes, C]. */
class Encoding extends Layer {
  readonly codewords: Parameter;
  readonly scale: Parameter;
  private readonly channels: number;
  private readonly codes: number;

  constructor(channels: number, codes: number) {
    super();
    this.channels = channels;
    this.codes = codes;
    this.codewords = new Parameter([codes, channels], { initializer: "uniform" });
    this.scale = new Parameter([codes], { initializer: "uniform" });
  }

  private expanded(x: Tensor): Tensor {
    return t.tile(t.unsqueeze(x, 2), [1, 1, this.codes, 1]);
  }

  private scaledL2(x: Tensor, codewords: Tensor, scale: Tensor): Tensor {
    return scope({ x, codewords, scale }, (f: Locals) => {
      f.reshaped_scale = t.reshape(f.scale, [1, 1, this.codes]);
      f.expanded_x = this.expanded(f.x);
      f.reshaped_codewords = t.reshape(f.codewords, [1, 1, this.codes, this.channels]);
      const distance = t.sum(t.pow(t.subtract(f.expanded_x, f.reshaped_codewords)), 3);
      f.scaled_l2_norm = t.multiply(f.reshaped_scale, distance);
      return f.scaled_l2_norm;
    });
  }

  private aggregate(assignment_weights: Tensor, x: Tensor, codewords: Tensor): Tensor {
    return scope({ assignment_weights, x, codewords }, (f: Locals) => {
      f.reshaped_codewords = t.reshape(f.codewords, [1, 1, this.codes, this.channels]);
      f.expanded_x = this.expanded(f.x);
      const weights = t.unsqueeze(f.assignment_weights, 3);
      f.encoded_feat = t.sum(t.multiply(weights, t.subtract(f.expanded_x, f.reshaped_codewords)), 1);
      f.encoded_feat = t.reshape(f.encoded_feat, [-1, this.codes, this.channels]);
      return f.encoded_feat;
    });
  }

  forward(f: Locals, x: Tensor): Tensor {
    f.x = t.transpose(t.reshape(x, [x.dim(0), this.channels, -1]), [0, 2, 1]);
    f.assignment_weights = F.softmax(this.scaledL2(f.x, this.codewords, this.scale));
    f.encoded_feat = this.aggregate(f.assignment_weights, f.x, this.codewords);
    return f.encoded_feat;
  }
}

/** Encodes the whole image and weighs the channels with it; gives back the encoding and the weighted features. */
export class EncModule extends Layer<readonly [Tensor], readonly [Tensor, Tensor]> {
  readonly encoding_project: ConvBNReLU;
  readonly encoding: Sequential;
  readonly fc: Sequential;
  private readonly channels: number;

  constructor(channels: number, codes: number) {
    super();
    this.channels = channels;
    this.encoding_project = new ConvBNReLU(channels, channels, 1);
    this.encoding = new Sequential(new Encoding(channels, codes), new BatchNorm2D(codes), new ReLU());
    this.fc = new Sequential(new Linear(channels, channels), new Sigmoid());
  }

  forward(
    f: { encoding_projection: Tensor; encoding_feat: Tensor; gamma: Tensor; y: Tensor; output: Tensor },
    x: Tensor,
  ): readonly [Tensor, Tensor] {
    f.encoding_projection = this.encoding_project.call(x);
    f.encoding_feat = t.mean(this.encoding.call(f.encoding_projection), 1);
    f.gamma = this.fc.call(f.encoding_feat);
    f.y = t.reshape(f.gamma, [x.dim(0), this.channels, 1, 1]);
    f.output = F.relu(t.add(x, t.multiply(x, f.y)));
    return [f.encoding_feat, f.output];
  }
}
