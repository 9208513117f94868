/** @file StrideFormer's aggregated attention modules: features of three strides weighed by each other. */
import type { PyList } from "../../engine/references.ts";
import type { Tensor } from "../../engine/tensor.ts";
import * as F from "../../nn/functional.ts";
import { Layer, LayerList } from "../../nn/layer.ts";
import { Sigmoid } from "../../nn/layers.ts";
import * as t from "../../nn/tensor.ts";
import { ConvBNAct } from "./top_transformer-blocks.ts";

interface Locals {
  low_feat1: Tensor;
  low_feat1_act: Tensor;
  low_feat2: Tensor;
  low_feat2_act: Tensor;
  high_feat_act: Tensor;
  high_feat: Tensor;
  res: Tensor;
}

const bilinear = { mode: "bilinear" } as const;

/** `InjectionMultiSumallmultiallsum`, at half the size of the finest feature. */
export class AAM extends Layer<readonly [PyList], Tensor> {
  readonly embedding_list = new LayerList<ConvBNAct>();
  readonly act_embedding_list = new LayerList<ConvBNAct>();
  readonly act_list = new LayerList<Sigmoid>();

  constructor(from: readonly number[], to: number) {
    super();
    for (const channels of from) {
      this.embedding_list.append(new ConvBNAct(channels, to));
      this.act_embedding_list.append(new ConvBNAct(channels, to));
      this.act_list.append(new Sigmoid());
    }
  }

  private gate(i: number, x: Tensor): Tensor {
    return this.act_list.at(i).call(this.act_embedding_list.at(i).call(x));
  }

  forward(f: Locals, inputs: PyList): Tensor {
    f.low_feat1 = F.interpolateBy(inputs.at(0), 0.5, bilinear);
    f.low_feat1_act = this.gate(0, f.low_feat1);
    f.low_feat1 = this.embedding_list.at(0).call(f.low_feat1);
    f.low_feat2 = F.interpolate(inputs.at(1), f.low_feat1.hw, bilinear);
    f.low_feat2_act = this.gate(1, f.low_feat2);
    f.low_feat2 = this.embedding_list.at(1).call(f.low_feat2);
    const size = f.low_feat2.hw;
    f.high_feat_act = F.interpolate(this.gate(2, inputs.at(2)), size, bilinear);
    f.high_feat = F.interpolate(this.embedding_list.at(2).call(inputs.at(2)), size, bilinear);
    const weight = t.multiply(t.multiply(f.low_feat1_act, f.low_feat2_act), f.high_feat_act);
    f.res = t.add(t.multiply(weight, t.add(f.low_feat1, f.low_feat2)), f.high_feat);
    return f.res;
  }
}

/** `InjectionMultiSumallmultiallsumSimpx8`, at the size of the finest feature. */
export class AAMSx8 extends Layer<readonly [PyList], Tensor> {
  readonly embedding_list = new LayerList<ConvBNAct>();
  readonly act_embedding_list = new LayerList<ConvBNAct>();
  readonly act_list = new LayerList<Sigmoid>();

  constructor(from: readonly number[], to: number) {
    super();
    for (const [i, channels] of from.entries()) {
      if (i !== 1) this.embedding_list.append(new ConvBNAct(channels, to));
      if (i === 0) continue;
      this.act_embedding_list.append(new ConvBNAct(channels, to));
      this.act_list.append(new Sigmoid());
    }
  }

  private gate(i: number, x: Tensor): Tensor {
    return this.act_list.at(i).call(this.act_embedding_list.at(i).call(x));
  }

  forward(f: Locals, inputs: PyList): Tensor {
    f.low_feat1 = this.embedding_list.at(0).call(inputs.at(0));
    f.low_feat2 = F.interpolate(inputs.at(1), f.low_feat1.hw, bilinear);
    f.low_feat2_act = this.gate(0, f.low_feat2);
    const size = f.low_feat2.hw;
    f.high_feat_act = F.interpolate(this.gate(1, inputs.at(2)), size, bilinear);
    f.high_feat = F.interpolate(this.embedding_list.at(1).call(inputs.at(2)), size, bilinear);
    const weighed = t.multiply(t.multiply(f.low_feat2_act, f.high_feat_act), f.low_feat1);
    f.res = t.add(weighed, f.high_feat);
    return f.res;
  }
}
